"""What Capsule makes of gradients: who is paid, how far a step goes, a whole campaign in plain numbers."""
