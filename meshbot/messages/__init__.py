"""What is heard and answered: packets, commands, replies, the sender."""
