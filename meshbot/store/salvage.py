"""What can still be read of a damaged database, of whatever version, every row checked."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from meshbot.model.known_node import BROADCAST_NUM, KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import is_usable_key
from meshbot.store.damaged_table import DamagedTable
from meshbot.store.inspection import has_content, looking_into

log = logging.getLogger(__name__)


class Salvage:
    """What was saved of one mesh."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._nodes: dict[int, KnownNode] = {}
        self._other_keys: dict[tuple[int, bytes], OtherKey] = {}

    @property
    def nodes(self) -> list[KnownNode]:
        """The nodes."""
        return list(self._nodes.values())

    @property
    def other_keys(self) -> dict[int, list[OtherKey]]:
        """The keys that are not their node's, by node."""
        by_node: dict[int, list[OtherKey]] = {}
        for other in self._other_keys.values():
            by_node.setdefault(other.num, []).append(other)
        return by_node

    @property
    def keys(self) -> int:
        """How many public keys of nodes there are."""
        return sum(bool(node.public_key) for node in self._nodes.values())

    def add_from(self, path: Path, *, simulated: bool) -> None:
        """Add what can be read of a mesh in a file and was not saved before; change nothing there.

        What a file of an older version lacks is as in a node just met.
        """
        try:
            if not has_content(path):
                return
            with looking_into(path) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                # The one way to read a file that is shorter than it says.
                connection.execute("PRAGMA writable_schema=ON")
                table = DamagedTable(connection, "nodes", ("num",), simulated)
                for values in table.rows(_NODE_CHECKS):
                    self._add_node(KnownNode(**values))
                table = DamagedTable(connection, "other_keys", ("num", "public_key"), simulated)
                for values in table.rows(_OTHER_KEY_CHECKS):
                    other = OtherKey(**values)
                    self._other_keys.setdefault((other.num, other.public_key), other)
        except sqlite3.Error as error:
            log.debug("salvaging %s: %s", path, error)

    def _add_node(self, node: KnownNode) -> None:
        known = self._nodes.setdefault(node.num, node)
        known.public_key = known.public_key or node.public_key


def _is_num(value: object) -> bool:
    return isinstance(value, int) and 0 < value < BROADCAST_NUM


def _is_int(value: object) -> bool:
    return isinstance(value, int)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_key(value: object) -> bool:
    return isinstance(value, bytes) and is_usable_key(value)


_NODE_CHECKS: dict[str, Callable[[object], bool]] = {
    "num": _is_num,
    "long_name": _is_text,
    "short_name": _is_text,
    "hw_model": _is_text,
    "role": _is_text,
    "public_key": lambda value: value == b"" or _is_key(value),
    "last_heard": _is_int,
    "snr_db": lambda value: value is None or isinstance(value, float),
    "hops": lambda value: value is None or isinstance(value, int),
    "last_dm": _is_int,
    "pushed_at": _is_int,
    "known_since": _is_int,
}
_OTHER_KEY_CHECKS: dict[str, Callable[[object], bool]] = {
    "num": _is_num,
    "public_key": _is_key,
    "offered_at": _is_int,
    "refused_at": _is_int,
    "replaced_at": _is_int,
    "replaced_by": _is_text,
}
