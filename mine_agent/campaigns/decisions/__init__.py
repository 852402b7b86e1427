"""What was decided about campaigns: written down, explained, and what other rules would change."""
