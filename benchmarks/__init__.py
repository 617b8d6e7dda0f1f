"""The bot measured beside the stock library and the usual way of writing a bot on it."""
