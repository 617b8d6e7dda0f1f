"""Which nodes' keys the radio may hold, and which it is known to lack. Pure.

The radio does not tell whose keys it has. It tells its database at a full connection, takes the
first key it hears of a node, and shows what it lacks by refusing to send. What it evicts it does
not tell, nor what it heard while we were away: after a reconnection that brought no database, only
what it shows from then on is known. Firmware 2.8 does not even tell all that it has: keys of
evicted nodes stay in a store of their own, so that a node absent from the database may be one whose
key it holds. So a node is called "lacking" only when no key of it can be there, and "holding
another" only when the radio has shown that key.

Owned by the worker thread.
"""

from collections.abc import Callable, Iterable

from meshtastic.protobuf import mesh_pb2

from meshbot.model.firmware_version import marks_for_itself

MAX_NODES = 10_000
MAX_KEYS_OF_A_NODE = 4


class RadioKeys:
    """The keys that the radio may hold, by node."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._shown: dict[int, bytes] = {}
        """The key that the radio has shown of each node noted, empty if it holds none of those."""
        self._others: dict[int, tuple[bytes, ...]] = {}
        """The keys that it may hold instead, of the few nodes that have such."""
        self._knows_all = False
        """Whether a node that is not in the table is known to be lacking."""
        self._session: object = None
        self._firmware = ""

    def enter_session(self, session: object, firmware: str = "") -> None:
        """Name the session that is noted from now on; in a new one little is certain.

        ``firmware``: the version that the node gives there, empty while it has given none.
        """
        if session is not self._session:
            self._session = session
            self._forget()
        self._firmware = firmware

    @property
    def firmware(self) -> str:
        """The version that the node gives in this session, empty while it has given none."""
        return self._firmware

    @property
    def marks_for_itself(self) -> bool:
        """Whether a packet's mark of proof is the radio's own, however the packet came."""
        return marks_for_itself(self._firmware)

    @property
    def can_be_asked(self) -> bool:
        """Whether it says, asked to seal a message with a wrong key, that it has none at all.

        Of firmware that tells all its keys there is nothing to ask.
        """
        return self.marks_for_itself

    def note_entries(
        self,
        infos: Iterable[mesh_pb2.NodeInfo],
        *,
        complete: bool,
        known_key: Callable[[int], bytes] = lambda num: b"",
    ) -> None:
        """Take entries of the radio's database; ``complete``: it holds no keys but those told.

        A table that had to be emptied for its size never knows all again in this session.
        ``known_key``: what the bot holds of a node by number, of which no second copy is made.
        """
        overflown = False
        for info in infos:
            if key := info.user.public_key:
                overflown = overflown or len(self._shown) >= MAX_NODES
                known = known_key(info.num)
                self.note_held(info.num, known if known == key else key)
        if complete and not overflown:
            self._knows_all = True

    def note_heard(self, num: int, key: bytes) -> None:
        """Note that the radio heard a node's key too; it took it if it had none."""
        if num not in self._shown and not self._knows_all:
            return  # it may have any other as well
        possible = self._possible(num)
        if key not in possible and len(possible) < MAX_KEYS_OF_A_NODE:
            self._note(num, self._shown.get(num, b""), (*self._others.get(num, ()), key))

    def note_held(self, num: int, key: bytes) -> None:
        """Note that the radio has used, or been given, this key of a node."""
        self._note(num, key)

    def note_unopened(self, num: int, key: bytes) -> None:
        """Note that the radio could not open a message that ``key`` opens: it has another or none.

        What it may hold otherwise, a forged key for example, it may hold still.
        """
        if num in self._shown or self._knows_all:
            shown = self._shown.get(num, b"")
            others = tuple(other for other in self._others.get(num, ()) if other != key)
            self._note(num, shown if shown != key else b"", others)

    def note_missing(self, num: int) -> None:
        """Note that the radio refused to send a message because it lacks the node's key."""
        self._note(num, b"")

    def is_lacking(self, num: int) -> bool:
        """Say whether the radio is known to hold no key of a node at all."""
        return not self._possible(num) if num in self._shown else self._knows_all

    def key_shown(self, num: int) -> bytes:
        """Return the key of a node that the radio used or told last, empty if there is none.

        It keeps it until it forgets the node, whatever is announced meanwhile.
        """
        return self._shown.get(num, b"")

    def _possible(self, num: int) -> tuple[bytes, ...]:
        """Return the keys of a node that the radio may hold."""
        shown, others = self._shown.get(num), self._others.get(num, ())
        return (shown, *others) if shown else others

    def _note(self, num: int, shown: bytes, others: tuple[bytes, ...] = ()) -> None:
        if num not in self._shown and len(self._shown) >= MAX_NODES:
            self._forget()
        self._shown[num] = shown
        if others:
            self._others[num] = others
        else:
            self._others.pop(num, None)

    def _forget(self) -> None:
        self._shown.clear()
        self._others.clear()
        self._knows_all = False
