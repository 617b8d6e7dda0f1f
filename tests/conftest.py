"""Fixtures that all tests share: no leaks allowed, the journal, nodes, bots, the program."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.text.language import FRENCH, speak
from tests.support.descriptors import open_sockets
from tests.support.journal import Journal
from tests.support.program import Program
from tests.support.quick_bot import QUICK_CONSTANTS, BotFactory
from tests.support.unused_port import unused_port

# No deadline: how long one example takes says how busy the machine is. The same examples each time:
# a change fails for what it changed, and a test that passed here passes there.
settings.register_profile("meshbot", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("meshbot"), max_examples=20)
settings.load_profile("meshbot")

# The library's callback thread lives as long as the process.
_LASTING_THREADS = {"publishing"}


def _own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name not in _LASTING_THREADS}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts the program: a second or more of importing each time.

    What takes a minute by itself begins first, or one worker would be at it while others are done.
    """
    items.sort(key=lambda item: "long_runs" not in item.path.parts)
    for item in items:
        if "run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    threads, sockets = _own_threads(), open_sockets()
    yield
    for thread in _own_threads() - threads:
        thread.join(2.0)
    assert not [thread.name for thread in _own_threads() - threads]
    assert open_sockets() <= sockets


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Give back the umask, which ``main`` changes for its process."""
    umask = os.umask(0o022)
    os.umask(umask)
    yield
    os.umask(umask)


@pytest.fixture(autouse=True)
def in_french() -> Iterator[None]:
    """Have every test begin in French, which a bot of another one may have changed."""
    speak(FRENCH)
    yield
    speak(FRENCH)


@pytest.fixture(scope="session", autouse=True)
def signals_count_for_children() -> Iterator[None]:
    """Have children react to the signals that we ignore, as under ``nohup`` or in the background.

    What is ignored stays so in a child, what is handled does not.
    """
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


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


@pytest.fixture
def start_bot(tmp_path: Path) -> Iterator[BotFactory]:
    """Start bots on a node with quick constants; they are stopped, and quickly, at the end."""
    bots: list[MeshBot] = []

    def start(node: SimulatedNode | None = None, **changes: Any) -> MeshBot:
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(node.port if node is not None else unused_port()),
            "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db"),
            **changes.pop("environment", {}),
        }
        given = {name: changes.pop(name) for name in ("wall_clock", "coin") if name in changes}
        quick = type("QuickBot", (MeshBot,), {**QUICK_CONSTANTS, **changes})
        bot: MeshBot = quick(environment=environment, **given)
        bots.append(bot)
        bot.start()
        return bot

    yield start
    for bot in bots:
        started_s = time.monotonic()
        bot.stop()
        assert time.monotonic() - started_s < 5.0


@pytest.fixture
def quick_bot(start_bot: BotFactory) -> BotFactory:
    """Start bots that send texts fast, on nodes that take them as fast."""

    def start(node: SimulatedNode, **changes: Any) -> MeshBot:
        node.text_spacing_s = 0.1
        return start_bot(node, **{"TEXT_INTERVAL": 0.15, **changes})

    return start


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs with arguments and settings; they are killed at the end."""
    started: list[Program] = []

    def start(*arguments: str, **settings: str) -> Program:
        started.append(Program(tmp_path, arguments, **settings))
        return started[-1]

    yield start
    for program in started:
        with contextlib.suppress(ProcessLookupError):
            program.process.kill()
        program.finish()
