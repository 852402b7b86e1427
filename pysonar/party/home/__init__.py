"""A home directory: its settings, its owner's rules, the passphrase, its lock, and where Sonar is."""
