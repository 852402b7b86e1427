"""Stores of Mine.js beside those of the Python parties."""
