"""One start of ``python main_bot.py``, up to its first connection, and what it loaded until then.

A module's own time is what Python says of it (``-X importtime``), which takes some time itself.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.program import ROOT
from meshbot.mesh.node_table import NODES_MAX

LIMIT_S = 30.0
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
_OPTION = ("-X", "importtime")


@dataclass(frozen=True)
class BotStart:
    """``seconds`` from the start of the process to its connection, which is then its end."""

    seconds: float
    imports_s: dict[str, float]
    """By name the modules that were loaded, in order; how long each took without those it loads."""


def start_bot(
    database: Path,
    ending: signal.Signals = signal.SIGTERM,
    *,
    nodes_max: int = NODES_MAX,
    listing_imports: bool = False,
) -> BotStart:
    """Start a bot on a database with default options; it is ended by a signal when it connects.

    ``nodes_max``: how many nodes it keeps. ``listing_imports`` has Python tell of them; else there
    are none.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told,
    ):
        listener.settimeout(LIMIT_S)
        environment = {
            **os.environ,
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(listener.getsockname()[1]),
            "MESHBOT_DATABASE_PATH": str(database),
            "MESHBOT_NODES_MAX": str(nodes_max),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a bot's second start is as its hundredth
        began_s = time.monotonic()
        with subprocess.Popen(
            [sys.executable, *(_OPTION if listing_imports else ()), "main_bot.py"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=told if listing_imports else None,
            process_group=0,
        ) as bot:
            try:
                connection, _ = listener.accept()
                took_s = time.monotonic() - began_s
                bot.send_signal(ending)
                connection.close()
                bot.wait(LIMIT_S)
            finally:
                bot.kill()
                bot.wait()  # or it would make its database again when that is gone
        told.seek(0)
        return BotStart(took_s, _imports_in(told.read()))


def start_interpreter() -> BotStart:
    """Start and end an interpreter that does nothing; return what it loads all the same."""
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, *_OPTION, "-c", ""], stderr=subprocess.PIPE, text=True, check=True
    )
    return BotStart(time.monotonic() - began_s, _imports_in(done.stderr))


def _imports_in(told: str) -> dict[str, float]:
    return {name: int(own_us) / 1e6 for own_us, name in _IMPORT.findall(told)}
