"""What systemd is told, over a real socket such as systemd's own."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sdnotify
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.service.service_notifier import MAX_TICK_S, STUCK_S, ServiceNotifier
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.threads.bot_worker import BotWorker
from meshbot.threads.progress_mark import ProgressMark
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import PROGRAM_S, WAIT_S
from tests.support.program import Program
from tests.support.quick_bot import BotFactory

END = "end of the test"


class Manager:
    """systemd's end of the notification socket: what came, in order."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._path = path
        self._changed = threading.Condition()
        self._messages: list[str] = []
        self._thread = threading.Thread(target=self._receive, name="manager", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while True:
            message = self._socket.recv(65_536).decode("utf-8")
            with self._changed:
                self._messages.append(message)
                self._changed.notify_all()
            if message == END:
                return

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(END.encode(), str(self._path))
        self._thread.join(WAIT_S)
        self._socket.close()

    @property
    def messages(self) -> list[str]:
        """What came so far and was sent before this call."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mark:
            mark.sendto(b"mark", str(self._path))
        with self._changed:
            assert self._changed.wait_for(lambda: "mark" in self._messages, WAIT_S)
            self._messages.remove("mark")
            return list(self._messages)

    def wait_for(self, text: str, times: int = 1, *, after: int = 0) -> int:
        """Wait for messages with a text, from a place on; return the place after them."""

        def places() -> list[int]:
            return [n for n, message in enumerate(self._messages) if n >= after and text in message]

        with self._changed:
            if not self._changed.wait_for(lambda: len(places()) >= times, PROGRAM_S):
                pytest.fail(f"{text!r} did not come {times}x after {after}: {self._messages}")
            return places()[times - 1] + 1


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    made: list[Any] = []  # the library leaves its sockets to the end of the process

    def make() -> Any:
        made.append(real_notifier())
        return made[-1]

    real_notifier = sdnotify.SystemdNotifier
    monkeypatch.setattr(sdnotify, "SystemdNotifier", make)
    other_end = Manager(path)
    yield other_end
    other_end.close()
    for notifier in made:
        if notifier.socket is not None:
            notifier.socket.close()


def notifier_of(
    marks: dict[str, ProgressMark] | None = None,
    status: Callable[[], str] = lambda: "état",
    stuck_s: float = STUCK_S,
) -> ServiceNotifier:
    return ServiceNotifier(marks or {}, status, {"NOTIFY_SOCKET": "yes"}, stuck_s=stuck_s)


# -- What is said --------------------------------------------------------------------------------


def test_ready_is_said_once(manager: Manager) -> None:
    notifier = notifier_of()
    for _ in range(3):
        notifier.ready()
    assert manager.messages == ["READY=1"]


def test_the_state_is_said_in_utf_8_when_it_changes_and_only_then(manager: Manager) -> None:
    states = iter(["Liaison établie 🔗", "Liaison établie 🔗", "Sans liaison (œuf)", "fin", "fin"])
    notifier = notifier_of(status=lambda: next(states))
    for _ in range(5):
        notifier.tick()
    assert [message for message in manager.messages if message != "WATCHDOG=1"] == [
        "STATUS=Liaison établie 🔗",
        "STATUS=Sans liaison (œuf)",
        "STATUS=fin",
    ]


def test_the_end_is_said_with_its_state(manager: Manager) -> None:
    notifier_of().stopping()
    assert manager.messages == ["STOPPING=1\nSTATUS=Arrêt en cours"]


def test_the_watchdog_is_fed_at_each_tick_while_threads_work_or_wait(manager: Manager) -> None:
    clock = Clock(0.0)
    working, waiting = ProgressMark(clock), ProgressMark(clock)
    notifier = notifier_of({"working": working, "waiting": waiting})
    for _ in range(4):
        working.step()
        clock.now_s += STUCK_S
        notifier.tick()
    assert manager.messages.count("WATCHDOG=1") == 4


# -- Outside of systemd --------------------------------------------------------------------------


def test_without_systemd_nothing_is_done(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_status() -> str:
        raise AssertionError("nobody asked for it")

    notifier = ServiceNotifier({"x": ProgressMark()}, no_status, {"WATCHDOG_USEC": "3000000"})
    assert notifier.interval_s is None
    notifier.ready()
    notifier.tick()
    notifier.stopping()
    assert manager.messages == []


def test_a_service_manager_that_is_gone_is_no_error(manager: Manager) -> None:
    notifier = notifier_of(status=lambda: "état")
    notifier.ready()
    assert manager.messages == ["READY=1"]
    manager.close()
    notifier.tick()
    notifier.stopping()


@pytest.mark.parametrize(
    ("watchdog_us", "interval_s"),
    [
        (None, MAX_TICK_S),
        ("180000000", MAX_TICK_S),
        ("30000000", 10.0),
        ("600000", 0.2),
        ("0", MAX_TICK_S),
        ("", MAX_TICK_S),
        ("often", MAX_TICK_S),
        ("-5", MAX_TICK_S),
    ],
)
def test_it_is_called_at_least_twice_within_the_watchdogs_patience(
    watchdog_us: str | None, interval_s: float, manager: Manager
) -> None:
    environment = {"NOTIFY_SOCKET": "yes"}
    if watchdog_us is not None:
        environment["WATCHDOG_USEC"] = watchdog_us
    assert ServiceNotifier({}, str, environment).interval_s == pytest.approx(interval_s)
    assert manager.messages == []


# -- A thread that is stuck ----------------------------------------------------------------------


def test_a_stuck_worker_starves_the_watchdog_with_one_line_until_it_goes_on(
    manager: Manager, journal: Journal
) -> None:
    clock = Clock(0.0)
    worker = BotWorker(clock)
    idle = ProgressMark(clock)
    notifier = notifier_of({"bot-worker": worker.progress, "bot-sender": idle})
    for episode in (1, 2):
        begun, release, done = threading.Event(), threading.Event(), threading.Event()

        def block(begun: threading.Event = begun, release: threading.Event = release) -> None:
            begun.set()
            release.wait(WAIT_S)

        worker.post(block)
        if episode == 1:
            worker.start()
        assert begun.wait(WAIT_S)
        fed = manager.messages.count("WATCHDOG=1")
        clock.now_s += STUCK_S
        notifier.tick()
        assert manager.messages.count("WATCHDOG=1") == fed + 1, "just within the limit"
        assert journal.count("Sans progrès") == episode - 1
        clock.now_s += 1.0
        for _ in range(3):
            notifier.tick()
        assert manager.messages.count("WATCHDOG=1") == fed + 1
        lines = [line for line in journal.lines if "Sans progrès" in line]
        assert len(lines) == episode
        assert lines[-1].endswith(
            "[ERROR] ❌ Sans progrès depuis plus de 90 s : bot-worker ; systemd va relancer le bot"
        )
        worker.post(done.set)
        release.set()
        assert done.wait(WAIT_S)
        notifier.tick()
        assert manager.messages.count("WATCHDOG=1") == fed + 2
    assert worker.stop(WAIT_S)


def test_every_stuck_thread_is_named(manager: Manager, journal: Journal) -> None:
    clock = Clock(0.0)
    marks = {name: ProgressMark(clock) for name in ("link", "bot-worker", "bot-sender")}
    marks["link"].step()
    marks["bot-sender"].step()
    clock.now_s = STUCK_S + 1
    notifier_of(marks).tick()
    assert "link, bot-sender ;" in journal.wait_for("Sans progrès")
    assert "WATCHDOG=1" not in manager.messages


def block_worker(bot: MeshBot, begun: threading.Event, release: threading.Event) -> None:
    def work() -> None:
        begun.set()
        release.wait(WAIT_S)

    bot._worker.post(work)


def block_sender(bot: MeshBot, begun: threading.Event, release: threading.Event) -> None:
    def packet(*_: object) -> mesh_pb2.MeshPacket:
        begun.set()
        release.wait(WAIT_S)
        return mesh_pb2.MeshPacket()

    interface = bot.interface
    assert isinstance(interface, SupervisedInterface)
    assert bot._conversation._sender.request(OutgoingRequest(interface, packet, lambda _: None))


def block_link(bot: MeshBot, begun: threading.Event, release: threading.Event) -> None:
    def see_change() -> None:
        begun.set()
        release.wait(WAIT_S)

    bot.on_change = see_change
    bot.request_reconnection("essai")


@pytest.mark.parametrize(
    ("name", "block"),
    [("bot-worker", block_worker), ("bot-sender", block_sender), ("link", block_link)],
)
@pytest.mark.slow
def test_each_of_a_bots_threads_is_watched_over(
    name: str,
    block: Callable[[MeshBot, threading.Event, threading.Event], None],
    manager: Manager,
    node: SimulatedNode,
    start_bot: BotFactory,
    journal: Journal,
) -> None:
    bot = start_bot(node)
    journal.wait_for("SYNC COMPLETE")
    mark = bot.progress_marks()[name]
    notifier = notifier_of({name: mark}, stuck_s=0.2)
    begun, release = threading.Event(), threading.Event()
    block(bot, begun, release)
    try:
        assert begun.wait(WAIT_S)
        while mark.busy_s() <= 0.2:  # it only grows: the thread stands still
            assert not release.is_set()
        notifier.tick()
        assert f": {name} ;" in journal.wait_for("Sans progrès")
        assert "WATCHDOG=1" not in manager.messages
    finally:
        release.set()


def test_all_threads_of_a_bot_are_named() -> None:
    bot = MeshBot(environment={"MESHBOT_CONNECTION_MODE": "tcp"})
    assert set(bot.progress_marks()) == {"link", "bot-worker", "bot-sender"}
    assert all(mark.busy_s() == 0.0 for mark in bot.progress_marks().values())


# -- The program ---------------------------------------------------------------------------------


@pytest.fixture
def fast_watchdog(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "300000")


QUICK = {
    "CONNECTION_MODE": "tcp",
    "TCP_HOST": "127.0.0.1",
    "TCP_INTERFACE_STABILIZATION_DELAY": "0.1",
    "TCP_RETRY_MAX_EARLY": "0.1",
    "TCP_RETRY_MAX": "0.2",
}


@pytest.mark.usefixtures("fast_watchdog")
def test_the_bot_tells_its_whole_life(
    manager: Manager, node: SimulatedNode, run: Callable[..., Program]
) -> None:
    program = run(**QUICK, TCP_PORT=str(node.port))
    where = f"(127.0.0.1:{node.port})"
    place = manager.wait_for("READY=1")
    up = manager.wait_for(f"STATUS=Liaison établie {where}")
    assert abs(up - place) <= 3, "ready when the first connection stands, not before"
    manager.wait_for("WATCHDOG=1", 3, after=up)

    node.refuse_for(None)
    node.close_by_fin()
    down = manager.wait_for(f"STATUS=Sans liaison {where} : ", after=up)
    manager.wait_for("WATCHDOG=1", 5, after=down)

    node.accept_again()
    back = manager.wait_for(f"STATUS=Liaison établie {where}", after=down)
    manager.wait_for("WATCHDOG=1", 3, after=back)

    program.process.send_signal(signal.SIGTERM)
    assert program.finish() == 0
    messages = manager.messages
    assert messages.count("READY=1") == 1
    assert messages[-1] == "STOPPING=1\nSTATUS=Arrêt en cours"
    assert sum("STOPPING" in message for message in messages) == 1


def test_a_bot_is_ready_when_its_first_try_failed(
    manager: Manager, run: Callable[..., Program]
) -> None:
    program = run(**QUICK, TCP_PORT="1")
    manager.wait_for("READY=1")
    manager.wait_for("STATUS=Sans liaison (127.0.0.1:1) : connexion refusée")
    program.wait_line("connexion refusée")
    program.process.terminate()
    assert program.finish() == 0
    assert manager.messages.count("READY=1") == 1


def test_a_bot_is_not_ready_while_its_first_try_lasts(
    manager: Manager, node: SimulatedNode, run: Callable[..., Program]
) -> None:
    node.go_silent(next_connections=True)
    program = run(**QUICK, TCP_PORT=str(node.port))
    assert node.wait_until(lambda n: n.connections_total == 1, PROGRAM_S)
    manager.wait_for("STATUS=Sans liaison")
    assert "READY=1" not in manager.messages
    node.wake_up()
    node.close_by_rst()
    manager.wait_for("READY=1")
    program.process.terminate()
    assert program.finish() == 0


def test_a_link_that_stands_is_said_at_once_not_at_the_next_look(
    manager: Manager, node: SimulatedNode, run: Callable[..., Program]
) -> None:
    program = run(**QUICK, TCP_PORT=str(node.port))
    program.wait_line("Connexion TCP établie")
    up_s = time.monotonic()
    manager.wait_for("STATUS=Liaison établie")
    manager.wait_for("READY=1")
    assert time.monotonic() - up_s < MAX_TICK_S / 4
    program.process.terminate()
    assert program.finish() == 0


def test_a_reload_is_told_from_its_beginning_to_its_end(
    manager: Manager, node: SimulatedNode, run: Callable[..., Program]
) -> None:
    program = run(**QUICK, TCP_PORT=str(node.port))
    ready = manager.wait_for("READY=1")
    program.wait_line("Connexion TCP établie")
    program.process.send_signal(signal.SIGHUP)
    begun = manager.wait_for("RELOADING=1\nMONOTONIC_USEC=", after=ready)
    manager.wait_for("READY=1", after=begun)
    program.wait_line("🔁 Réglages relus")
    assert node.connections_total == 1
    program.process.terminate()
    assert program.finish() == 0
