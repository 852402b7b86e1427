"""What a second implementation must agree on: known answers, written from this one by `make vectors`."""
