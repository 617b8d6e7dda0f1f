"""What became of the texts sent last.

Entered by the sender's thread, which sends them, and by the worker, which hears of errors about
them. ``_lock`` guards everything here and is a leaf.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.routing_errors import NO_KEY_ERRORS

REMEMBERED_TEXTS = 100
PKI_SEND_FAIL_PUBLIC_KEY = mesh_pb2.Routing.Error.PKI_SEND_FAIL_PUBLIC_KEY


@dataclass
class _SentText:
    """A text that the node has, or may have. ``taken``: nobody waits for its word any more."""

    text: OutgoingText
    taken: bool = False
    key_missing: bool = False
    settled: bool = False
    """Whether its failure was dealt with already."""


class RoutingNews(NamedTuple):
    """What a routing error means.

    ``lacking``: the number of the node whose key our own node lacks.
    ``failed``: the text that did not arrive, if that is news; ``key_missing``: for lack of a key.
    """

    lacking: int | None = None
    failed: OutgoingText | None = None
    key_missing: bool = False


class SentTexts:
    """The texts that the node was given last, by packet id."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._sent: OrderedDict[int, _SentText] = OrderedDict()

    def remember(self, text: OutgoingText) -> None:
        """Note that the node is given a text now."""
        with self._lock:
            self._sent[text.packet_id] = _SentText(replace(text))
            if len(self._sent) > REMEMBERED_TEXTS:
                self._sent.popitem(last=False)

    def taken(self, packet_id: int) -> bool:
        """Note that a text is no longer waited for; say if the node meanwhile reported no key."""
        with self._lock:
            sent = self._sent.get(packet_id)
            if sent is None:
                return False
            sent.taken = True
            return sent.key_missing

    def settle(self, packet_id: int) -> None:
        """Note that the failure of a text was dealt with."""
        with self._lock:
            if packet_id in self._sent:
                self._sent[packet_id].settled = True

    def is_for(self, packet_id: int, num: int) -> bool:
        """Say whether a packet is a text that was sent to node ``num``."""
        with self._lock:
            sent = self._sent.get(packet_id)
            return sent is not None and sent.text.to == num

    def routing_error(self, packet_id: int, source: int, error: int, own_num: int) -> RoutingNews:
        """Take a routing error about a packet that may be one of ours.

        Anybody can send one about any packet: it counts only from the text's recipient, and from
        our own node. One that comes before the node's word on the text is kept for
        :meth:`taken`.
        """
        with self._lock:
            sent = self._sent.get(packet_id)
            if sent is None or source not in (own_num, sent.text.to):
                return RoutingNews()
            wants_key = source == own_num and error in NO_KEY_ERRORS
            told_lacking = wants_key and error == PKI_SEND_FAIL_PUBLIC_KEY
            lacking = sent.text.to if told_lacking else None
            if sent.settled:
                return RoutingNews(lacking)
            if wants_key and not sent.text.sealed:
                sent.key_missing = True
                if not sent.taken:
                    return RoutingNews(lacking)
            sent.settled = True
            return RoutingNews(lacking, sent.text, sent.key_missing)
