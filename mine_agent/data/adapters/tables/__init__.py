"""Files that hold one table, and Python objects that are one."""
