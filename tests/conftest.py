"""What all tests share: no leaks allowed, the journal as operators see it, nodes and bots."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.text.log_format import JournalFormatter

WAIT_S = 10.0
"""Longest wait for something that is to happen at once; reached only when it does not."""

# The library's callback thread lives as long as the process.
_LASTING_THREADS = {"publishing"}


def _own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name not in _LASTING_THREADS}


def open_descriptors() -> dict[str, str]:
    """Return what each open file descriptor of this process leads to."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the listing's own
    return found


def open_sockets() -> set[str]:
    """Return the open sockets of this process."""
    return {target for target in open_descriptors().values() if target.startswith("socket:")}


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    threads, sockets = _own_threads(), open_sockets()
    yield
    for thread in _own_threads() - threads:
        thread.join(2.0)
    assert not [thread.name for thread in _own_threads() - threads]
    assert open_sockets() <= sockets


class Journal(logging.Handler):
    """The lines an operator would read, with a bounded wait for one to appear."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JournalFormatter())
        self._changed = threading.Condition()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        with self._changed:
            return list(self._lines)

    @property
    def messages(self) -> list[str]:
        """The lines so far, without time and level."""
        return [line.split("] ", 1)[1] for line in self.lines]

    def forget(self) -> None:
        """Drop the lines so far: a long run must not keep them all."""
        with self._changed:
            self._lines.clear()

    def count(self, text: str) -> int:
        """Return what ``grep -c`` would."""
        return sum(text in line for line in self.lines)

    def wait_for(self, text: str, times: int = 1, timeout_s: float = WAIT_S) -> str:
        """Return the line that makes it ``times`` lines with ``text``; fail if it does not come."""

        def found() -> list[str]:
            return [line for line in self._lines if text in line]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= times, timeout_s):
                pytest.fail(f"no line with {text!r} ({times}x) in:\n" + "\n".join(self._lines))
            return found()[times - 1]


@pytest.fixture
def journal() -> Iterator[Journal]:
    handler = Journal()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)
    assert not [line for line in handler.lines if "Traceback" in line or "inattendue" in line]


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    """A node on a quiet mesh of twelve."""
    with SimulatedNode() as simulated:
        yield simulated


QUICK_CONSTANTS: dict[str, Any] = {
    "TCP_PUBKEY_SYNC_DELAY": 0.3,
    "TCP_INTERFACE_CLEANUP_DELAY": 0.2,
    "TCP_INTERFACE_STABILIZATION_DELAY": 0.1,
    "TCP_SILENT_TIMEOUT": 0.9,
    "TCP_PROBE_TIMEOUT": 0.3,
    "TCP_HEARTBEAT_INTERVAL": 0.2,
    "TCP_HANDSHAKE_TIMEOUT": 1.0,
    "TCP_CONNECT_TIMEOUT": 1.0,
    "TCP_LASTING_SESSION": 0.05,
    "TCP_RETRY_MAX_EARLY": 0.1,
    "TCP_RETRY_MAX": 0.2,
    "TEXT_QUEUE_WAIT": 0.5,
}
"""The default constants, scaled down by about a hundred; tests name those they depend on."""

BotFactory = Callable[..., MeshBot]


def texts_to(node: SimulatedNode, num: int) -> list[str]:
    """Return the texts that the node sent on the air to ``num``."""
    return node.read(lambda n: [text.text for text in n.texts_on_air if text.to == num])


def wait_text(
    node: SimulatedNode, to: int, wanted: Callable[[str], bool] = bool, times: int = 1
) -> str:
    """Return the last of the texts wanted that reached ``to``; fail if they do not come."""

    def found(_: SimulatedNode) -> bool:
        return sum(wanted(text) for text in texts_to(node, to)) >= times

    assert node.wait_until(found, WAIT_S), texts_to(node, to)
    return [text for text in texts_to(node, to) if wanted(text)][-1]


@pytest.fixture
def quick_bot(start_bot: BotFactory) -> BotFactory:
    """Start bots that send texts fast, on nodes that take them as fast."""

    def start(node: SimulatedNode, **changes: Any) -> MeshBot:
        node.text_spacing_s = 0.1
        return start_bot(node, **{"TEXT_INTERVAL": 0.15, **changes})

    return start


@pytest.fixture
def start_bot(tmp_path: Path) -> Iterator[BotFactory]:
    """Start bots on a node with quick constants; they are stopped, and quickly, at the end."""
    bots: list[MeshBot] = []

    def start(node: SimulatedNode | None = None, **changes: Any) -> MeshBot:
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(node.port) if node is not None else "4403",
            "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db"),
            **changes.pop("environment", {}),
        }
        clocks = {name: changes.pop(name) for name in ("wall_clock",) if name in changes}
        quick = type("QuickBot", (MeshBot,), {**QUICK_CONSTANTS, **changes})
        bot: MeshBot = quick(environment=environment, **clocks)
        bots.append(bot)
        bot.start()
        return bot

    yield start
    for bot in bots:
        started_s = time.monotonic()
        bot.stop()
        assert time.monotonic() - started_s < 5.0
