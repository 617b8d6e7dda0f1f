"""The link thread's turns, with sessions that end at the worst moments."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot, link_settings_of
from meshbot.link import interface_manager
from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_options import LinkOptions
from meshbot.link.link_policy import Action, LinkSettings
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from tests.support.journal import Journal
from tests.support.limits import WAIT_S

DEFAULTS = link_settings_of(MeshBot)
QUICK = replace(DEFAULTS, stabilization_s=0.05, lasting_session_s=0.0, early_retry_max_s=0.02)


class Listener:
    """Records what the link reports."""

    def __init__(self) -> None:
        self.opened: queue.Queue[bool] = queue.Queue()
        self.succeeded: queue.Queue[SupervisedInterface] = queue.Queue()

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        self.opened.put(first)

    def link_failed(self) -> None:
        """Nothing here depends on it."""

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None:
        self.succeeded.put(interface)

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None: ...

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        raise AssertionError("no nodes here")

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        raise AssertionError("no packets here")

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        raise AssertionError("nothing is told here")


class Session(SupervisedInterface):
    """An interface without bytes, which is ready as soon as it is open."""

    def __init__(self, manager: "Manager", options: SessionOptions) -> None:
        super().__init__(manager, options)
        self.dead = False
        self.unread_checks = 0

    def has_unread_input(self) -> bool:
        """Bytes wait the first times it is asked; then the reader has them."""
        self.unread_checks += 1
        if self.unread_checks == 3:
            self.last_received_s = self._clock()
        return self.unread_checks < 3

    def ask_metadata(self) -> None:
        """Ask nobody."""

    def open(self, stop: threading.Event) -> None:
        self._events.interface_ready(self)

    def close(self) -> None:
        self.dead = True

    @property
    def alive(self) -> bool:
        return not self.dead


class Manager(InterfaceManager):
    """A link of such sessions, each of which is also put into a queue for the test."""

    kind = "TCP"
    session_class: type[Session] = Session

    def __init__(
        self,
        listener: Listener,
        settings: LinkSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        options = LinkOptions(settings, SessionOptions(1.0, 0.1, clock=clock), light_reconnect=True)
        super().__init__(listener, options, "nowhere")
        self.sessions: queue.Queue[Session] = queue.Queue()

    def _new_interface(self, options: SessionOptions) -> Session:
        session = self.session_class(self, options)
        self.sessions.put(session)
        return session


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def manager(listener: Listener, journal: Journal) -> Iterator[Manager]:
    started = Manager(listener, QUICK)
    started.start()
    yield started
    assert started.stop(WAIT_S)


def test_a_session_that_dies_unseen_before_it_counts_is_replaced(
    manager: Manager, listener: Listener, journal: Journal
) -> None:
    """It is no longer alive when its stabilization is over, and its loss was not yet taken."""
    manager.sessions.get(timeout=WAIT_S)
    assert listener.opened.get(timeout=WAIT_S)
    manager.request_reconnection("test")
    dying = manager.sessions.get(timeout=WAIT_S)
    dying.dead = True
    third = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is third
    assert journal.count("Reconnexion TCP") == 1


def test_a_loss_known_before_the_stabilization_ends_is_taken_first(
    manager: Manager, listener: Listener, journal: Journal
) -> None:
    manager.sessions.get(timeout=WAIT_S)
    listener.opened.get(timeout=WAIT_S)
    manager.request_reconnection("test")
    dying = manager.sessions.get(timeout=WAIT_S)
    listener.opened.get(timeout=WAIT_S)
    manager.interface_lost(dying, LinkError(Cause.OTHER, "test de perte"))
    third = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is third
    assert dying.dead


def test_the_loss_of_an_old_session_does_not_touch_the_new_one(
    manager: Manager, listener: Listener, journal: Journal
) -> None:
    old = manager.sessions.get(timeout=WAIT_S)
    listener.opened.get(timeout=WAIT_S)
    manager.request_reconnection("test")
    current = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is current
    manager.interface_lost(old, LinkError(Cause.OTHER, "trop tard"))
    manager.interface_ready(old)
    manager.request_reconnection("encore")
    newest = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is newest
    assert journal.count("trop tard") == 0
    assert manager.live_interface is newest


def test_requests_during_a_reconnection_are_without_effect(
    manager: Manager, listener: Listener, journal: Journal
) -> None:
    manager.sessions.get(timeout=WAIT_S)
    listener.opened.get(timeout=WAIT_S)
    for _ in range(20):
        manager.request_reconnection("test")
    manager.sessions.get(timeout=WAIT_S)
    listener.succeeded.get(timeout=WAIT_S)
    with pytest.raises(queue.Empty):
        manager.sessions.get(timeout=0.2)
    assert journal.count("Reconnexion TCP") == 1


def test_an_error_of_our_own_does_not_end_the_link_thread(
    listener: Listener, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meshbot.link.interface_manager.RECOVERY_S", 0.01)
    broken = Manager(listener, QUICK)
    errors = [RuntimeError("a bug"), RuntimeError("another")]
    whole = broken._new_interface

    def breaks_twice(options: SessionOptions) -> Session:
        if errors:
            raise errors.pop()
        return whole(options)

    monkeypatch.setattr(broken, "_new_interface", breaks_twice)
    broken.start()
    assert listener.opened.get(timeout=WAIT_S)
    assert broken.stop(WAIT_S)
    assert sum("Erreur inattendue" in record.message for record in caplog.records) == 2


@pytest.mark.slow
def test_a_link_whose_input_was_not_read_yet_is_not_declared_silent(
    listener: Listener, journal: Journal
) -> None:
    """The whole process was stopped for longer than the silent timeout."""
    settings = replace(QUICK, silent_timeout_s=0.3, probe_timeout_s=0.1)
    manager = Manager(listener, settings)
    manager.start()
    session = manager.sessions.get(timeout=WAIT_S)
    journal.wait_for("SILENCE TCP")
    assert session.unread_checks > 3  # once excused by what waited, then by nothing
    assert manager.stop(WAIT_S)


class PartialSession(Session):
    """What a relay sends that understands half of a light request: not who the node is."""

    @property
    def own_num(self) -> int:
        return 0 if self.noNodes else 0xA1B2C3D4


def test_a_light_configuration_that_lacks_who_the_node_is_counts_as_none(
    listener: Listener, journal: Journal
) -> None:
    settings = replace(QUICK, stabilization_s=0.0)

    class RelayManager(Manager):
        def _new_interface(self, options: SessionOptions) -> Session:
            session = PartialSession(self, options)
            self.sessions.put(session)
            return session

    manager = RelayManager(listener, settings)
    manager.start()
    first = manager.sessions.get(timeout=WAIT_S)
    assert listener.opened.get(timeout=WAIT_S)
    manager.interface_lost(first, LinkError(Cause.RESET))
    sessions = [manager.sessions.get(timeout=WAIT_S) for _ in range(3)]
    assert listener.succeeded.get(timeout=WAIT_S) is sessions[-1]
    assert [session.noNodes for session in (first, *sessions)] == [False, True, True, False]
    assert journal.count("une autre configuration que celle demandée") == 2
    journal.wait_for("redemande la base entière à chaque reconnexion")
    manager.interface_lost(sessions[-1], LinkError(Cause.RESET))
    assert not manager.sessions.get(timeout=WAIT_S).noNodes
    assert manager.stop(WAIT_S)


def test_the_nodes_of_a_session_are_let_go_when_another_is_ready_or_it_never_was(
    listener: Listener,
) -> None:
    """A session that is over may stay in memory for hours: its parts name each other."""
    made: list[Session] = []
    had_nodes: list[list[bool]] = []

    class Filled(PartialSession):
        def open(self, stop: threading.Event) -> None:
            had_nodes.append([bool(earlier.nodesByNum) for earlier in made])
            made.append(self)
            entry = {"num": 0x0A}
            self.nodes, self.nodesByNum = {"!0000000a": entry}, {0x0A: entry}
            super().open(stop)

    manager = Manager(listener, QUICK)
    manager.session_class = Filled
    manager.start()
    first = manager.sessions.get(timeout=WAIT_S)
    assert listener.opened.get(timeout=WAIT_S)
    manager.interface_lost(first, LinkError(Cause.RESET))
    last = listener.succeeded.get(timeout=WAIT_S)
    assert made[-1] is last
    assert had_nodes == [[], [True], [True, False], [True, False, False]]
    assert [bool(session.nodes) for session in made] == [False, False, False, True]
    assert [bool(session.nodesByNum) for session in made] == [False, False, False, True]
    assert manager.stop(WAIT_S)
    assert last.nodesByNum, "the last that are known stay"


def test_a_full_configuration_without_the_number_that_was_known_is_not_taken_either(
    listener: Listener, journal: Journal
) -> None:
    known = iter([True, False, True])

    class RelayManager(Manager):
        def _new_interface(self, options: SessionOptions) -> Session:
            number = 0xA1B2C3D4 * next(known)
            kind = type("NumberedSession", (Session,), {"own_num": number})
            session: Session = kind(self, replace(options, without_nodes=False))
            self.sessions.put(session)
            return session

    manager = RelayManager(listener, replace(QUICK, stabilization_s=0.0))
    manager.start()
    first = manager.sessions.get(timeout=WAIT_S)
    assert listener.opened.get(timeout=WAIT_S)
    manager.interface_lost(first, LinkError(Cause.RESET))
    _, last = (manager.sessions.get(timeout=WAIT_S) for _ in range(2))
    assert listener.succeeded.get(timeout=WAIT_S) is last
    assert journal.count("une autre configuration que celle demandée") == 1
    assert manager.stop(WAIT_S)


def test_a_long_outage_is_mentioned_every_ten_minutes_and_measured_at_its_end(
    listener: Listener, journal: Journal
) -> None:
    """A simulated hour without a node: one warning, five or six reminders, one line at the end."""
    now_s = 0.0

    def clock() -> float:
        return now_s

    class AwayManager(Manager):
        away = True

        def _new_interface(self, options: SessionOptions) -> Session:
            session = super()._new_interface(options)
            if self.away:

                def refuse(stop: threading.Event) -> None:
                    raise LinkError(Cause.REFUSED)

                session.open = refuse  # type: ignore[method-assign]
            return session

    manager = AwayManager(listener, DEFAULTS, clock)
    while now_s < 3_600.0:
        step = manager._policy.step(now_s)
        if step.action is Action.WAIT:
            now_s = step.at_s
        else:
            manager._do_next()
    manager.away = False
    while not listener.opened.qsize():
        manager._do_next()
        if manager._policy.step(now_s).action is Action.WAIT and manager._state.session is None:
            now_s = manager._policy.step(now_s).at_s
    assert sum("[WARNING] 🔌" in line for line in journal.lines) == 1
    assert journal.count("⏳ Toujours sans liaison depuis") in (5, 6)
    assert journal.count("ℹ️ Liaison rétablie après 1 h") == 1
    assert journal.count("🔌 Connexion TCP : nowhere...") == 1
    manager._close_session()


class Flooded(Session):
    """A session in which bytes always wait, none of them any part of a configuration."""

    def open(self, stop: threading.Event) -> None:
        self.opened_s = self._clock()

    def has_unread_input(self) -> bool:
        self.last_received_s = self._clock()
        return True


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        pytest.param(
            replace(QUICK, handshake_timeout_s=0.1, probe_timeout_s=0.1), "n'achève pas", id="still"
        ),
        pytest.param(
            replace(QUICK, handshake_timeout_s=0.1, handshake_longest_s=0.2),
            "sans fin",
            id="endless",
        ),
    ],
)
def test_bytes_that_always_wait_do_not_put_the_verdict_off_for_ever(
    listener: Listener,
    journal: Journal,
    settings: LinkSettings,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interface_manager, "UNREAD_WAIT_S", 0.001)
    if text == "sans fin":
        monkeypatch.setattr(Flooded, "last_progress_s", property(lambda self: self._clock()))
    manager = Manager(listener, settings)
    manager.session_class = Flooded
    manager.start()
    try:
        journal.wait_for(text)
    finally:
        assert manager.stop(WAIT_S)


def test_however_often_the_nodes_are_wanted_they_are_asked_for_a_few_times_an_hour(
    manager: Manager, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a node wants it that shows another key of its own each time."""
    asked: queue.Queue[Session] = queue.Queue()

    def ask_nodes(session: Session) -> None:
        asked.put(session)

    monkeypatch.setattr(Session, "ask_nodes", ask_nodes)
    manager.sessions.get(timeout=WAIT_S)
    listener.opened.get(timeout=WAIT_S)
    manager.request_reconnection("test")
    light = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is light
    for _ in range(100):
        manager.ask_nodes(light)
    manager.request_reconnection("encore")
    later = manager.sessions.get(timeout=WAIT_S)
    assert listener.succeeded.get(timeout=WAIT_S) is later
    assert asked.qsize() == interface_manager.NODES_ASKED_FOR
