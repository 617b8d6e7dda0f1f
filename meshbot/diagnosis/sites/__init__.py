"""Several nodes, each with a bot of its own, side by side. Pure."""
