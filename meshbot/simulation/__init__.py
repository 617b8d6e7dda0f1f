"""A Meshtastic node simulated on a real socket. The way in is ``simulated_node.py``."""
