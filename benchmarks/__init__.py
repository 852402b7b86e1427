"""Side-by-side measurements of encrypted training with what a user would pick instead."""
