"""What is answered at each path: the rows of the command line, and the functions behind its commands."""
