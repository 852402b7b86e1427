"""What a running mine does: train, seal, submit, follow up and collect."""
