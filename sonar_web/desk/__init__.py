"""What a scientist does from the pages: ask beforehand, and sign with an account of this machine."""
