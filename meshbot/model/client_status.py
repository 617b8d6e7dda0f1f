"""A client of the shared node at a glance."""

from typing import NamedTuple


class ClientStatus(NamedTuple):
    """One connection. ``number`` counts the connections of a run, from 1 on."""

    number: int
    address: str
    """Where it comes from, such as ``192.168.1.20:51034``."""
    connected_s: float
    """For how long, in seconds."""
    packets: int = 0
    """How many packets of it were taken for the node."""
    refused: int = 0
    """How many were refused."""
    ready: bool = False
    """Whether it was given a configuration, and so is given what is heard."""
