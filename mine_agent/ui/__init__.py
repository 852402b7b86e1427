"""The Mine UI: pages for the mine's owner, on this machine only. It shows the rows of the command line and
calls the same functions; it opens no account and sends no transaction.
"""
