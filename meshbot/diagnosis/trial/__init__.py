"""The trial: a coin at each reconnection, and an exact test of what follows. Pure."""
