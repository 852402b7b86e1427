"""Submissions: fetched ahead, validated, measured, and given a verdict in the order of the queue."""
