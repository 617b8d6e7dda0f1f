"""How soon after its start a bot that knows a mesh tries to connect."""

import signal
import tempfile
from pathlib import Path

from benchmarks.bot_start import start_bot
from benchmarks.figure import Figure
from benchmarks.large_mesh import fill_file
from benchmarks.line import OURS, Line, at_most

NODES = 250
MANY_NODES = 100_000


class StartUp(Figure):
    """``python main_bot.py``, and the moment a connection is accepted."""

    title = "Start-up"
    about = (
        "From the start of `python main_bot.py`, interpreter and imports included, to the "
        "connection arriving at the node's port. With the many nodes `NODES_MAX` is raised to keep "
        "them all."
    )

    def finish(self) -> list[Line]:
        """Measure with an empty, a usual and a full database, in turn."""
        usual = Line(f"{NODES} stored nodes with keys", "s", "≤ 0.25 s", at_most(0.25))
        full = Line(f"{MANY_NODES:,} stored nodes with keys", "s", "≤ 1 s", at_most(1))
        crashed = Line("the same, after a crash: every page of the file is looked at", "s")
        empty = Line("no stored node", "s")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fill_file(folder / "usual.db", NODES)
            fill_file(folder / "full.db", MANY_NODES)
            start_bot(folder / "empty.db")  # after which all is compiled
            for _ in range(self.runs):
                empty.add(OURS, start_bot(folder / "empty.db").seconds)
                usual.add(OURS, start_bot(folder / "usual.db").seconds)
                full.add(OURS, _start_full(folder, signal.SIGKILL))
                crashed.add(OURS, _start_full(folder, signal.SIGTERM))
        return [usual, full, crashed, empty]


def _start_full(folder: Path, ending: signal.Signals) -> float:
    return start_bot(folder / "full.db", ending, nodes_max=MANY_NODES).seconds
