"""Before a bounty is escrowed: the plan, drafted or read from a file, rehearsed, searched for slips."""
