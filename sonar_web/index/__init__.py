"""The index: Sonar's events and the totals that follow from them, in SQLite or PostgreSQL."""
