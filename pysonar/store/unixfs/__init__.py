"""Files as trees of blocks: the one import profile of the protocol, its builder and its verifying reader."""
