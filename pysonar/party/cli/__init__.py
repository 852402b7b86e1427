"""What every command line has: options, tables or JSON, progress, exit codes, and the `store` commands."""
