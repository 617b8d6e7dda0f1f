"""Whether the next session asks for the node's whole database, or does without. Pure.

Sending 200 nodes is what makes nodes drop the link, so that is asked for once (a full session),
and then not again (light ones, ``want_config_id`` 69420). Two things may show that to be wrong:

1. A full session that is cut, or stands still, while the nodes come: the next one is light.
2. Light ones that a proxy or old firmware answers wrongly or not at all: after two in a row, one
   is full. If that works at once, all are from then on, until rule 1 says otherwise. A node that
   was away or restarted in between, or began to answer the full one late, was in no state to
   answer the light ones before: nothing follows from that.
   A light one that is closed in its handshake has most often met a node that boots. Only
   after several in a row one is full, and nothing follows from that.

If the full one that rule 2 wants fails as well, light ones are not to blame, and their turn comes
again. So neither way is ever given up, and none is taken each time against the other. Owned by the
link thread.
"""

from meshbot.link.link_policy import Ending

LIGHT_FAILURES = 2
LIGHT_CLOSES = 5
AT_ONCE_S = 3.0
"""A node that serves sends its first byte within a tenth of a second, or two where it is busy."""
_NO_ANSWER = (Ending.WENT_SILENT, Ending.MISANSWERED)
_CLOSED = (Ending.CLOSED_BY_NODE, Ending.BROKEN)


class DownloadChoice:
    """What is known of both ways."""

    def __init__(self, *, light_reconnect: bool) -> None:
        """Begin with a full session. ``light_reconnect``: the operator wants light ones then."""
        self._light_reconnect = light_reconnect
        self._wants_nodes = True
        self._stays_full = False
        self._failures = 0
        self._closes = 0

    @property
    def insists(self) -> bool:
        """Whether the next session is full whatever anybody else would like."""
        return self._wants_nodes or self._stays_full or self._doubts_light

    @property
    def is_light(self) -> bool:
        """Whether the next session does without the database."""
        return self._light_reconnect and not self.insists

    def node_was_away(self) -> None:
        """Note that the node was not there, or has restarted: failures before say nothing."""
        self._failures = self._closes = 0

    def succeeded(self, *, light: bool, answered_after_s: float) -> bool:
        """Note a complete configuration; say whether light sessions are given up now."""
        proves = not light and answered_after_s <= AT_ONCE_S
        gives_up = proves and self._failures >= LIGHT_FAILURES and not self._stays_full
        if not light:
            self._wants_nodes = False
        self._stays_full = self._stays_full or gives_up
        self._failures = self._closes = 0
        return gives_up

    def failed(self, ending: Ending, *, light: bool, nodes: int) -> bool:
        """Note a session that ended in its handshake, after so many entries of the database.

        Say whether the database was too much for the node, and is not asked for again.
        """
        if light:
            self._failures += ending in _NO_ANSWER
            self._closes += ending in _CLOSED
            return False
        too_much = self._light_reconnect and self.insists and nodes > 1
        if too_much:
            self._wants_nodes = self._stays_full = False
        if too_much or self._doubts_light:
            self._failures = self._closes = 0
        return too_much and ending is not Ending.MISANSWERED  # which sent all of it

    @property
    def _doubts_light(self) -> bool:
        return self._failures >= LIGHT_FAILURES or self._closes >= LIGHT_CLOSES
