"""The parts of the simulated node. Its face, and the way in, is ``simulated_node.py``."""
