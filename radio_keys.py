"""Which nodes' keys the radio may hold, and which it is known to lack. Pure.

The radio cannot be asked. It tells its whole database at a full connection, takes the first key it
hears of a node, and shows what it lacks by handing over messages that it could not open, or by
refusing to send one. What it evicts in between it does not tell.

Owned by the worker thread.
"""

from collections.abc import Iterable

from meshtastic.protobuf import mesh_pb2

MAX_NODES = 10_000
MAX_KEYS_OF_A_NODE = 4


class RadioKeys:
    """The keys that the radio may hold, by node; none: it is known to hold none."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._may_hold: dict[int, set[bytes]] = {}
        self._absent_are_lacking = False
        self._session: object = None
        self._download: dict[int, set[bytes]] = {}

    def downloading(self, session: object, infos: Iterable[mesh_pb2.NodeInfo]) -> None:
        """Take entries of the radio's database, sent in ``session``."""
        if session is not self._session:
            self._session, self._download = session, {}
        for info in infos:
            if info.user.public_key:
                self._download[info.num] = {info.user.public_key}

    def downloaded(self, session: object, *, everything: bool) -> None:
        """Note that the entries of ``session`` have all come: all there are, or the node's own."""
        if session is not self._session:
            self._session, self._download = session, {}
        if everything:
            self._may_hold = dict(self._download)
            self._absent_are_lacking = True

    def heard(self, num: int, key: bytes) -> None:
        """Note that the radio heard a node's key too; it took it if it had none."""
        keys = self._may_hold.get(num)
        if keys is None:
            if len(self._may_hold) >= MAX_NODES:
                self._may_hold.clear()
                self._absent_are_lacking = False
            keys = self._may_hold[num] = set()
        if len(keys) < MAX_KEYS_OF_A_NODE:
            keys.add(key)

    def shown(self, num: int, key: bytes) -> None:
        """Note that the radio has used, or been given, this key of a node."""
        self.heard(num, key)
        self._may_hold[num] = {key}

    def not_opened(self, num: int, key: bytes) -> None:
        """Note that the radio could not open a message that ``key`` opens: it has another or none.

        What it may hold otherwise, a forged key for example, it may hold still.
        """
        self.heard(num, key)
        self._may_hold[num].discard(key)

    def lacks(self, num: int) -> None:
        """Note that the radio refused to send a message for want of the node's key."""
        self.heard(num, b"")
        self._may_hold[num] = set()

    def is_lacking(self, num: int) -> bool:
        """Say whether there is evidence that the radio holds no key of a node at all."""
        keys = self._may_hold.get(num)
        return self._absent_are_lacking if keys is None else not keys
