"""Many clients on the one link: the node's place, shared."""
