"""`mine-agent data ...`: the commands, the questions about columns, and what they show."""
