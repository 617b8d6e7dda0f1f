"""Where the time of a start goes: to which imports, and to what is done after them."""

import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.bot_start import start_bot, start_interpreter
from benchmarks.figure import Figure
from benchmarks.large_mesh import fill_file
from benchmarks.line import OURS, Line

NODES = 250
INTERPRETER, REST, ALL = "the interpreter alone", "until the attempt", "all of it"
STANDARD, OTHERS, OUR_OWN = "standard library", "others", "MeshBot"
_PARTS = {
    "sqlite3": "SQLite",
    "_sqlite3": "SQLite",
    "google": "protobuf",
    "meshtastic": "meshtastic",
    "requests": "requests",
    "urllib3": "requests",
    "charset_normalizer": "requests",
    "idna": "requests",
    "certifi": "requests",
    "cryptography": "cryptography",
    "meshbot": OUR_OWN,
    "node_manager": OUR_OWN,
    "tcp_interface_manager": OUR_OWN,
    "config": OUR_OWN,
}
"""Whose a module is, by the first part of its name; ``requests`` with what it brings along."""


class StartUpParts(Figure):
    """Imports by whose they are, of one start after another."""

    title = "The start-up, broken down"
    about = (
        f"The same start with {NODES} stored nodes, while Python says how long each import takes "
        "without those that it brings about, which makes it somewhat longer. meshtastic imports "
        "protobuf, requests, most of the others, and much of the standard library. Until the "
        "attempt: settings, the database, threads."
    )

    def finish(self) -> list[Line]:
        """Measure so many starts."""
        names = (INTERPRETER, STANDARD, *dict.fromkeys(_PARTS.values()), OTHERS, REST, ALL)
        lines = {name: Line(name, "s") for name in names}
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "nodes.db"
            fill_file(database, NODES)
            start_bot(database)  # after which all is compiled
            for _ in range(self.runs):
                for name, seconds in _parts_of_a_start(database).items():
                    lines[name].add(OURS, seconds)
        return list(lines.values())


def _parts_of_a_start(database: Path) -> dict[str, float]:
    """Return how many seconds each part of a start takes."""
    bare = start_interpreter()
    bot = start_bot(database, signal.SIGTERM, listing_imports=True)
    parts = dict.fromkeys((STANDARD, *_PARTS.values(), OTHERS), 0.0)
    for name, own_s in bot.imports_s.items():
        if name not in bare.imports_s:
            parts[_part_of(name)] += own_s
    rest_s = bot.seconds - bare.seconds - sum(parts.values())
    return {INTERPRETER: bare.seconds, **parts, REST: rest_s, ALL: bot.seconds}


def _part_of(module: str) -> str:
    top = module.partition(".")[0]
    if top in _PARTS:
        return _PARTS[top]
    return STANDARD if top in sys.stdlib_module_names else OTHERS
