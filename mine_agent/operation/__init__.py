"""What a running mine does, told to other processes and to its owner, and what is wrong around it."""
