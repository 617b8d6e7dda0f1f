"""The one link to the node: when to open, question and replace it, and how bytes travel."""
