"""What becomes of a signed transaction: broadcast, outbid, mined, displaced, held up by a gap."""
