"""What a campaign asks for, and what follows from it for everybody."""
