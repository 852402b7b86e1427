"""What mines answer at `mine-agent init`."""

from __future__ import annotations

from mine_agent.rules.policy_file import FirstAnswers

EVERYTHING = FirstAnswers(scientists=("any",), capsules=("any",), fields=("any",))
"""Everybody may learn from everything; nothing said about privacy."""
