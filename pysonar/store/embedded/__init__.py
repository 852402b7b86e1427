"""The embedded store: a directory of verified blocks, shared by the parties of one machine."""
