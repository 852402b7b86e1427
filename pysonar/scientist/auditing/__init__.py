"""Believing nobody: what a campaign's events, its public artifacts and an auditor's key show."""
