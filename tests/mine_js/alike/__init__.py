"""The two mines beside each other: the same questions, the same answers."""
