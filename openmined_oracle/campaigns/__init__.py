"""A campaign's life at Capsule: opened, worked on, recovered, delivered."""
