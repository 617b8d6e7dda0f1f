"""How soon after its start a bot that knows a large mesh tries to connect."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.large_mesh import fill
from benchmarks.line import OURS, Line, at_most
from benchmarks.program import ROOT
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore

NODES = 100_000
LIMIT_S = 30.0


class StartUp(Figure):
    """``python main_bot.py``, and the moment a connection is accepted."""

    title = "Start-up"
    about = (
        "From the start of `python main_bot.py`, interpreter and imports included, to the "
        "connection arriving at the node's port."
    )

    def finish(self) -> list[Line]:
        """Measure with a full and with an empty database, in turn."""
        full = Line(f"{NODES:,} stored nodes with keys", "s", "≤ 1 s", at_most(1))
        crashed = Line("the same, after a crash: every page of the file is looked at", "s")
        empty = Line("no stored node", "s")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "full.db"
            database = Database(path)
            database.open()
            fill(NodeStore(database), NODES)
            database.close()
            for _ in range(self.runs):
                empty.add(OURS, _start(Path(folder) / "empty.db", signal.SIGTERM))
                full.add(OURS, _start(path, signal.SIGKILL))
                crashed.add(OURS, _start(path, signal.SIGTERM))
        return [full, crashed, empty]


def _start(database: Path, ending: signal.Signals) -> float:
    """Return how long a start takes; the bot is ended by a signal."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        environment = {
            **os.environ,
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(listener.getsockname()[1]),
            "MESHBOT_DATABASE_PATH": str(database),
        }
        began_s = time.monotonic()
        with subprocess.Popen(
            [sys.executable, "main_bot.py"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            process_group=0,
        ) as bot:
            try:
                connection, _ = listener.accept()
                took_s = time.monotonic() - began_s
                connection.close()
                bot.send_signal(ending)
                bot.wait(LIMIT_S)
            finally:
                bot.kill()
                bot.wait()  # or it would make its database again when that is gone
        return took_s
