"""What the bot speaks of: nodes, keys, events of the link, causes. No I/O."""
