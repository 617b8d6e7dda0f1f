"""What a city's mesh brings to a client of one of its nodes: every kind of packet, each one new."""
