"""What grows with the mesh, with the bots and with the clients: ``make scale``."""
