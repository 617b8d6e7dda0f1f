"""How a session with a node is opened and used."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot.link.own_keys import OwnKeys


@dataclass(frozen=True)
class SessionOptions:
    """What one session is told; times in seconds.

    ``connect_timeout_s``: longest attempt to open it, where opening takes time.
    ``queue_wait_s``: longest wait of one send for room in the node's transmit queue.
    ``without_nodes``: ask for the configuration only (``want_config_id`` 69420).
    ``own_keys``: what outlasts a session of the node's own keys.
    ``on_packet_id``: told the id of each packet of ours before the node is given it, on whatever
    thread that is; must not block.
    ``nodes_max``: how many nodes' keys the key sync may put into the library's dictionaries.
    """

    connect_timeout_s: float
    queue_wait_s: float
    without_nodes: bool = False
    clock: Callable[[], float] = time.monotonic
    own_keys: OwnKeys = field(default_factory=OwnKeys)
    on_packet_id: Callable[[int], object] = lambda packet_id: None
    nodes_max: int = 0
