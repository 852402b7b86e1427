"""Sonar as a client sees it: its ABI, calls, events, types and where it is deployed."""
