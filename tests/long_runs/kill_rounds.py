"""Kills a program with ``kill -9`` while it writes, again and again, and looks at what is left.

The child learns keys with the bot's own node manager and store, and says each one as soon as the
journal says that it is saved. ``python tests/long_runs/kill_rounds.py 200`` plays 200 rounds on
one file.
"""

import argparse
import hashlib
import logging
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 0.15
"""A child is killed at a random time within this long of its first word."""
LIMIT_S = 30.0
COPY_EVERY = 20
_SAVED = re.compile(r"Clé publique de !([0-9a-f]{8}) apprise et enregistrée")


def key_of(num: int) -> bytes:
    """Return the key that the child learns for a node."""
    return hashlib.sha256(str(num).encode()).digest()


class _SavedNumbers(logging.Handler):
    """Says the number of each key that the journal calls saved."""

    def emit(self, record: logging.LogRecord) -> None:
        match = _SAVED.search(record.getMessage())
        if match is not None:
            sys.stdout.write(f"{int(match.group(1), 16)}\n")
            sys.stdout.flush()


def learn_for_ever(path: Path, first: int) -> None:
    """Be the child: learn keys, save what was heard, copy the file, until killed."""
    sys.path.insert(0, str(ROOT))
    from meshbot.store.backup import Backup  # noqa: PLC0415
    from meshbot.store.database import Database  # noqa: PLC0415
    from meshbot.store.node_store import NodeStore  # noqa: PLC0415
    from node_manager import NodeManager  # noqa: PLC0415 - only the child needs it

    logging.getLogger().addHandler(_SavedNumbers())
    logging.getLogger().setLevel(logging.INFO)
    database = Database(path)
    database.open()
    manager = NodeManager(NodeStore(database))
    manager.load()
    num = first
    while True:
        manager.learn_from_message(num, key_of(num))
        manager.heard(num, snr_db=1.0, hops=2)
        if num % COPY_EVERY == 0:
            manager.save_heard()
            Backup(path).back_up()
        num += 1


class KillRounds:
    """One file, and child after child that is killed while it writes to it."""

    def __init__(self, path: Path, seed: int) -> None:
        """Begin with no file."""
        self._path = path
        self._random = random.Random(seed)
        self.saved: set[int] = set()
        """The keys that were said to be saved, of all rounds."""

    def round(self) -> None:
        """Kill one child; raise ``AssertionError`` if anything that was saved is not there."""
        first = max(self.saved, default=999) + 1
        process = subprocess.Popen(
            [sys.executable, __file__, "--child", str(self._path), "--first", str(first)],
            stdout=subprocess.PIPE,
            encoding="ascii",
        )
        assert process.stdout is not None
        # A child that never says anything is killed, too, and noticed by that.
        guard = threading.Timer(LIMIT_S, process.kill)
        guard.start()
        lines = [process.stdout.readline()]
        end = threading.Timer(self._random.uniform(0.0, LONGEST_S), process.kill)
        end.start()
        lines += process.stdout.readlines()
        code = process.wait(LIMIT_S)
        for timer in (guard, end):
            timer.cancel()
            timer.join()
        process.stdout.close()
        said = {int(line) for line in lines if line.endswith("\n")}
        assert said, "the child learned nothing"
        assert code == -9, f"the child ended by itself: {code}"
        self.saved |= said
        self._look()

    def _look(self) -> None:
        keys = _keys_in(self._path)
        lost = {num for num in self.saved if keys.get(num) != key_of(num)}
        assert not lost, f"said to be saved, but not there: {sorted(lost)}"
        copy = self._path.with_name(self._path.name + ".copie")
        if copy.exists():
            _keys_in(copy)


def _keys_in(path: Path) -> dict[int, bytes]:
    with closing(sqlite3.connect(path)) as stored:
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",), path
        return dict(stored.execute("SELECT num, public_key FROM nodes"))


def main() -> int:
    """Play the rounds asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=1_000, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        learn_for_ever(options.child, options.first)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rounds = KillRounds(Path(folder) / "bot.db", options.seed)
        for _ in range(options.rounds):
            rounds.round()
    sys.stdout.write(
        f"{options.rounds} rounds, {len(rounds.saved)} keys said to be saved, none lost, every "
        f"file sound: {time.monotonic() - started_s:.0f} s (seed {options.seed})\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
