"""The orders heard, in the database: none of them is to have an effect twice.

An order is known by its sender and its packet's id. Both are in the nonce that a direct message is
sealed with (``CryptoEngine::initNonce``), so a recording that still opens is the same packet of the
same sender; and ids are no times, since a node begins with a random one at each start
(``generatePacketId``). What is not here is new, then, and nothing but a list can tell.

Of each sender the last ``MAX_PER_SENDER`` are kept. Only orders of proven administrators are noted,
so nobody without an administrator's key can push an old one out.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from meshbot.store.database import Database
from meshbot.store.row_checksum import checksum_of
from meshbot.store.storage_error import StorageError

MAX_PER_SENDER = 10_000
MAX_TIME = 100_000_000_000  # some thousand years
_INSERT = (
    "INSERT OR REPLACE INTO heard_orders (simulated, num, packet_id, heard_at, checksum) "
    "VALUES (?, ?, ?, ?, ?)"
)


class OrderStore:
    """The orders heard on the mesh in use, the real or the simulated one.

    Any thread may call. Owns a copy of the table, guarded by ``_lock``, a leaf: a file that has
    vanished is made again of it.
    """

    def __init__(self, database: Database, wall_clock: Callable[[], float] = time.time) -> None:
        """Name the database; it is opened and closed by its owner."""
        self._database = database
        self._simulated = int(database.simulated)
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._heard: dict[int, OrderedDict[int, int]] = {}
        """By sender: when (wall time, in seconds) each packet was heard, the oldest first."""
        self._complete_opening = 0
        """Which opening of the file, counted, found or made it complete. The worker's alone."""

    def load(self) -> None:
        """Read what is stored. Raises ``StorageError``.

        A row with a wrong checksum counts as well: an order refused costs less than one obeyed
        twice. Only what cannot be an order's row is left out.
        """
        query = "SELECT num, packet_id, heard_at FROM heard_orders WHERE simulated = ?"
        rows = [
            (_time_of(heard_at), num, packet_id)
            for num, packet_id, heard_at in self._database.rows(query, self._simulated)
            if isinstance(num, int) and isinstance(packet_id, int)
        ]
        heard: dict[int, OrderedDict[int, int]] = {}
        for heard_at, num, packet_id in sorted(rows):
            heard.setdefault(num, OrderedDict())[packet_id] = heard_at
        with self._lock:
            self._heard = heard
        self._complete_opening = self._database.times_opened

    def note(self, num: int, packet_id: int) -> bool:
        """Note an order, durable on return; return whether it was heard for the first time.

        Raises ``StorageError`` when that cannot be written; then it counts as heard all the same,
        and what is missing in the file is written with the next one.
        """
        with self._lock:
            of_sender = self._heard.setdefault(num, OrderedDict())
            if packet_id in of_sender:
                return False
            of_sender[packet_id] = self._next_time(of_sender.values())
            while len(of_sender) > MAX_PER_SENDER:
                of_sender.popitem(last=False)
        self._write(num)
        return True

    def write_again(self) -> None:
        """Write all that was heard into a file that was made anew. Raises ``StorageError``."""
        with self._lock:
            nums = list(self._heard)
        opening = self._database.times_opened
        for num in nums:
            self._write(num)
        self._complete_opening = opening

    def tend(self) -> None:
        """Write what is missing if the file was opened again, as one made anew is.

        What cannot be written is written the next time.
        """
        if self._database.times_opened != self._complete_opening:
            with contextlib.suppress(StorageError):  # who makes the file has said what is wrong
                self.write_again()

    def _next_time(self, earlier: Iterable[int]) -> int:
        """Return the wall time, but later than every order before: that is their order.

        A clock that is set back must not make the newest order the oldest.
        """
        return max(int(self._wall_clock()), max(earlier, default=-1) + 1)

    def _write(self, num: int) -> None:
        """Make the file hold what is known of a sender, and nothing older."""
        query = "SELECT packet_id FROM heard_orders WHERE simulated = ? AND num = ?"
        stored = {row[0] for row in self._database.rows(query, self._simulated, num)}
        with self._lock:
            heard = dict(self._heard.get(num, ()))
        keys = [
            (self._simulated, num, packet_id, heard_at)
            for packet_id, heard_at in heard.items()
            if packet_id not in stored
        ]
        gone = [(self._simulated, num, packet_id) for packet_id in stored - heard.keys()]
        if not (keys or gone):
            return
        with self._database.transaction() as transaction:
            transaction.executemany(_INSERT, [(*key, checksum_of(key)) for key in keys])
            transaction.executemany(
                "DELETE FROM heard_orders WHERE simulated = ? AND num = ? AND packet_id = ?", gone
            )


def _time_of(value: object) -> int:
    """Return when an order was heard; 0 where a damaged row says what cannot be."""
    return value if isinstance(value, int) and 0 <= value < MAX_TIME else 0
