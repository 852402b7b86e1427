"""Before a bounty is escrowed: a plan drafted from data, rehearsed, and what looks like a slip in it."""
