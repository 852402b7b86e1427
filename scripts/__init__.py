"""Ape scripts: deploy Sonar, play the roles of a campaign, run the demo."""
