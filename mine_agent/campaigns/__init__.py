"""Campaigns as a mine sees them: their artifacts, their offers, and what became of its submissions."""
