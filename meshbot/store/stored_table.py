"""The tables whose rows matter: their columns, and what can stand in them. Pure.

A row that was changed on the card is known by its checksum. Where a row has none, in a file of a
version before checksums, only its values can tell. A value that makes no sense in a row that is as
it was written costs that value and not the row, unless the row is about nothing without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshbot.model.known_node import BROADCAST_NUM
from meshbot.store.row_checksum import checksum_of
from meshbot.text.language import LANGUAGES

MAX_WHOLE = 1 << 36
"""No time in seconds, and nothing else that is counted here, is as much as that; and what is less
can be written as a date."""
MAX_DB = 1_000.0
Check = Callable[[object], bool]


@dataclass(frozen=True)
class StoredTable:
    """One table. ``checks`` has a check for each column but ``simulated`` and the checksum."""

    name: str
    columns: tuple[str, ...]
    """All but the checksum, in the order in which it counts them."""
    key: tuple[str, ...]
    """What tells the rows of one mesh apart, and what they are sorted by."""
    checks: Mapping[str, Check]
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What stands for a value that makes no sense; without the other columns there is no row."""

    @property
    def has_row_ids(self) -> bool:
        """Whether SQLite numbers the rows, as ``id``; else the key is all there is."""
        return "id" in self.columns

    def place_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return what a row that is as it was written is sorted by in the file."""
        return tuple(row[self.columns.index(name)] for name in ("simulated", *self.key))

    def is_as_written(self, row: Sequence[object]) -> bool:
        """Say whether a row's checksum, which stands last, is that of its values."""
        return isinstance(row[-1], int) and row[-1] == checksum_of(row[:-1])

    def makes_sense(self, values: Mapping[str, object]) -> bool:
        """Say whether every value is one that can stand there; some columns may be missing."""
        return all(check(values[name]) for name, check in self.checks.items() if name in values)

    def mended(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the fields with defaults for what makes no sense, None where none would do."""
        fields: dict[str, Any] = {}
        for name, check in self.checks.items():
            if name in values and check(values[name]):
                fields[name] = values[name]
            elif name in self.defaults:
                fields[name] = self.defaults[name]
            else:
                return None
        return fields

    def with_checksum(self, simulated: int, fields: Mapping[str, object]) -> tuple[object, ...]:
        """Return the row to write for some fields."""
        row = [simulated if name == "simulated" else fields[name] for name in self.columns]
        return (*row, checksum_of(row))

    def row_of(self, simulated: int, record: object) -> tuple[object, ...]:
        """Return the row to write for a record that has the fields as attributes."""
        row = [simulated if name == "simulated" else getattr(record, name) for name in self.columns]
        return (*row, checksum_of(row))

    def insert(self) -> str:
        """Return the statement that writes a row, in place of one with the same key."""
        places = ", ".join("?" * (1 + len(self.columns)))
        columns = ", ".join((*self.columns, "checksum"))
        return f"INSERT OR REPLACE INTO {self.name} ({columns}) VALUES ({places})"


def _is_num(value: object) -> bool:
    return type(value) is int and 0 < value < BROADCAST_NUM


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_WHOLE


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_language(value: object) -> bool:
    return value in ("", *LANGUAGES)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


def _is_snr(value: object) -> bool:
    return value is None or (isinstance(value, float) and abs(value) < MAX_DB)


def _is_hops(value: object) -> bool:
    return value is None or _is_whole(value)


NODES = StoredTable(
    "nodes",
    (
        "simulated",
        "num",
        "long_name",
        "short_name",
        "hw_model",
        "role",
        "public_key",
        "last_heard",
        "snr_db",
        "hops",
        "last_dm",
        "pushed_at",
        "known_since",
        "language",
    ),
    ("num",),
    {
        "num": _is_num,
        "long_name": _is_text,
        "short_name": _is_text,
        "hw_model": _is_text,
        "role": _is_text,
        "public_key": _is_bytes,
        "last_heard": _is_whole,
        "snr_db": _is_snr,
        "hops": _is_hops,
        "last_dm": _is_whole,
        "pushed_at": _is_whole,
        "known_since": _is_whole,
        "language": _is_language,
    },
    {
        "long_name": "",
        "short_name": "",
        "hw_model": "",
        "role": "",
        "public_key": b"",
        "last_heard": 0,
        "snr_db": None,
        "hops": None,
        "last_dm": 0,
        "pushed_at": 0,
        "known_since": 0,
        "language": "",
    },
)
"""The fields of a ``KnownNode`` that are stored, in its order. Which bytes can be a key at all is
the node table's to judge, and to tell."""

OTHER_KEYS = StoredTable(
    "other_keys",
    ("simulated", "num", "public_key", "offered_at", "refused_at", "replaced_at", "replaced_by"),
    ("num", "public_key"),
    {
        "num": _is_num,
        "public_key": _is_bytes,
        "offered_at": _is_whole,
        "refused_at": _is_whole,
        "replaced_at": _is_whole,
        "replaced_by": _is_text,
    },
)
"""The fields of an ``OtherKey``. None has a default: half of what became of a key says nothing."""

KEY_ORDERS = StoredTable(
    "key_orders",
    ("id", "simulated", "num", "public_key", "accept"),
    ("id",),
    {
        "id": lambda value: type(value) is int and value > 0,
        "num": _is_num,
        "public_key": _is_bytes,
        "accept": lambda value: type(value) is int and value in (0, 1),
    },
)
"""The fields of a ``KeyDecision``."""

HEARD_ORDERS = StoredTable(
    "heard_orders",
    ("simulated", "num", "packet_id", "heard_at"),
    ("num", "packet_id"),
    {"num": _is_num, "packet_id": _is_whole, "heard_at": _is_whole},
)
"""Orders of administrators that were obeyed, so that none is a second time."""

STORED_TABLES = (NODES, OTHER_KEYS, KEY_ORDERS, HEARD_ORDERS)
