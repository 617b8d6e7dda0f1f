"""The bot's threads: how they start, show progress and end."""
