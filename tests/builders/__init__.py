"""What the tests make up: terms and specs that are good in every field, but for what a test names."""
