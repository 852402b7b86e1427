"""What Capsule delivered, opened and checked, and the fitted model that comes of it."""
