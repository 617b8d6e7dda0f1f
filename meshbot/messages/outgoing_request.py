"""A request that the bot sends."""

from collections.abc import Callable
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface


class OutgoingRequest(NamedTuple):
    """A packet for the node to send or to obey, tried once, on the interface it is meant for.

    ``packet`` makes it, with that interface and a new packet id; it may raise ``LinkError``.
    ``done`` hears, on the sender's thread, the node's result code (0: taken), or None when it
    gave none.
    """

    interface: SupervisedInterface
    packet: Callable[[SupervisedInterface, int], mesh_pb2.MeshPacket]
    done: Callable[[int | None], None]
