"""What the command line prints as JSON and the Mine UI shows: one function for each kind of row, for both."""
