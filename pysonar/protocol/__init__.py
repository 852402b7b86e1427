"""What travels between the parties: artifacts, schemas, seals, canonical forms and amounts. No I/O."""
