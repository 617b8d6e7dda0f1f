"""The live page: what the bot sees and does, in a browser."""
