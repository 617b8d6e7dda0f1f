"""Which nodes' keys the radio may hold, and which it is known to lack. Pure.

The radio cannot be asked. It tells its whole database at a full connection, takes the first key it
hears of a node, and shows what it lacks by refusing to send. What it evicts it does not tell, nor
what it heard while we were away: after a reconnection that brought no database, only what it shows
from then on is known. So a node is called "lacking" only when no key of it can be there.

Owned by the worker thread.
"""

from collections.abc import Iterable

from meshtastic.protobuf import mesh_pb2

MAX_NODES = 10_000
MAX_KEYS_OF_A_NODE = 4


class RadioKeys:
    """The keys that the radio may hold, by node; an empty set: it is known to hold none."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._may_hold: dict[int, set[bytes]] = {}
        self._knows_all = False
        """Whether a node that is not in the table is known to be lacking."""
        self._session: object = None

    def enter_session(self, session: object) -> None:
        """Name the session that is noted from now on; in a new one little is certain."""
        if session is not self._session:
            self._session = session
            self._may_hold.clear()
            self._knows_all = False

    def note_entries(self, infos: Iterable[mesh_pb2.NodeInfo], *, complete: bool) -> None:
        """Take entries of the radio's database; ``complete``: with these it has told them all.

        A table that had to be emptied for its size never knows all again in this session.
        """
        overflown = False
        for info in infos:
            if info.user.public_key:
                overflown = overflown or len(self._may_hold) >= MAX_NODES
                self.note_held(info.num, info.user.public_key)
        if complete and not overflown:
            self._knows_all = True

    def note_heard(self, num: int, key: bytes) -> None:
        """Note that the radio heard a node's key too; it took it if it had none."""
        if num not in self._may_hold and not self._knows_all:
            return  # it may have any other as well
        keys = self._keys(num)
        if len(keys) < MAX_KEYS_OF_A_NODE:
            keys.add(key)

    def note_held(self, num: int, key: bytes) -> None:
        """Note that the radio has used, or been given, this key of a node."""
        keys = self._keys(num)
        keys.clear()
        keys.add(key)

    def note_unopened(self, num: int, key: bytes) -> None:
        """Note that the radio could not open a message that ``key`` opens: it has another or none.

        What it may hold otherwise, a forged key for example, it may hold still.
        """
        if num in self._may_hold or self._knows_all:
            self._keys(num).discard(key)

    def note_missing(self, num: int) -> None:
        """Note that the radio refused to send a message because it lacks the node's key."""
        self._keys(num).clear()

    def is_lacking(self, num: int) -> bool:
        """Say whether the radio is known to hold no key of a node at all."""
        keys = self._may_hold.get(num)
        return self._knows_all if keys is None else not keys

    def _keys(self, num: int) -> set[bytes]:
        keys = self._may_hold.get(num)
        if keys is None:
            if len(self._may_hold) >= MAX_NODES:
                self._may_hold.clear()
                self._knows_all = False
            keys = self._may_hold[num] = set()
        return keys
