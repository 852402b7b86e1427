"""`sonar campaign ...`: one file for each command or for those that belong together."""
