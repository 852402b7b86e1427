"""What every agent with a home directory has: the home, its connections, its account, how `init` makes it and
how a signal ends it. What an agent does is its own room's affair.
"""
