"""The exit codes of the commands that look at the bot."""

EXIT_OK = 0
EXIT_NO = 1
"""What was asked for cannot be done, or something is not as it should be."""
