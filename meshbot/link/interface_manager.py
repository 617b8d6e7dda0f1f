"""Keeps one interface to the node open for as long as the program runs.

Owns the session: the interface of the moment, its generation, the thread ``link`` that opens,
questions, confirms and replaces it. Because that one thread does all of it, two reconnections at a
time cannot exist; whoever wants one (:meth:`request_reconnection`) only leaves word for it.

A replaced interface is closed before its successor is opened, and what still comes from it is
dropped by identity. ``_lock`` guards the fields that other threads read; it is a leaf.
"""

import logging
import math
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.link_policy import Action, Ending, LinkPolicy, LinkSettings
from meshbot.link.link_status import LinkStatus
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.text.cause_texts import cause_text
from meshbot.text.quantities import duration_text
from meshbot.threads.progress_mark import ProgressMark

log = logging.getLogger(__name__)

REMINDER_S = 600.0  # how often an outage that lasts is mentioned
DAY_S = 86_400.0
KEPT_RECONNECTIONS = 10_000
UNREAD_WAIT_S = 0.05
RECOVERY_S = 1.0  # after an error of our own, so that it cannot spin


class LinkListener(Protocol):
    """Who lives on the link. The first three are called on its thread, the others on a reader's.

    None of them may block.
    """

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        """Hear that an interface finished its handshake and is the live one."""

    def link_failed(self) -> None:
        """Hear that an attempt failed, or a session ended; on the link thread."""

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None:
        """Hear that the new interface has been stable long enough to count."""

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Receive entries of the node's own database."""

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Receive a packet heard on the mesh."""


@dataclass(frozen=True)
class _Ready:
    interface: SupervisedInterface


@dataclass(frozen=True)
class _Lost:
    interface: SupervisedInterface
    loss: LinkError


@dataclass(frozen=True)
class _Requested:
    by: str


@dataclass(frozen=True)
class _Stop:
    pass


class InterfaceManager:
    """The one live interface. Subclasses say what kind (:meth:`_new_interface`)."""

    kind = ""
    """How the journal names the link, "TCP" or "série"."""

    def __init__(
        self,
        listener: LinkListener,
        settings: LinkSettings,
        where: str,
        *,
        light_reconnect: bool,
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare the link to ``where`` (for people to read); starts nothing.

        ``notes`` is told what happens to the link.
        ``light_reconnect``: only the first session asks for the node's database.
        """
        self._listener = listener
        self._settings = settings
        self._where = where
        self._light_reconnect = light_reconnect
        self._notes = notes or LinkNotes()
        self._clock = clock
        self._policy = LinkPolicy(settings, clock(), jitter)
        self._events: queue.SimpleQueue[_Ready | _Lost | _Requested | _Stop] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        # Only the link thread touches these.
        self._wants_nodes = True
        self._ever_opened = False
        self._cause = LinkError(Cause.FIRST)
        self._down_since_s = clock()
        self._reminded_s = clock()
        self._failures = 0
        self._opened_at_s = clock()
        self._question_s: float | None = None
        """When the node was asked what it has not answered yet."""

        self._lock = threading.Lock()
        self._session: SupervisedInterface | None = None
        """The interface being opened or in use; None between two sessions."""
        self._interface: SupervisedInterface | None = None
        """The last one whose handshake was completed, dead or alive."""
        self._confirmed = False
        self._opened_s = clock()
        self._reconnections_s: deque[float] = deque(maxlen=KEPT_RECONNECTIONS)
        self._live = threading.Event()
        self.progress = ProgressMark(clock)
        self.tried = threading.Event()
        """Set once the first attempt to connect succeeded or failed."""
        self._questions = 0
        self._slowest_answer_s = 0.0

    # -- For every thread ----------------------------------------------------------------------

    @property
    def interface(self) -> SupervisedInterface | None:
        """The bot's interface: the last that was ready, until another takes its place."""
        with self._lock:
            return self._interface

    @property
    def live_interface(self) -> SupervisedInterface | None:
        """The interface if it can be used right now, else None."""
        with self._lock:
            return self._interface if self._interface is self._session else None

    @property
    def reconnecting(self) -> bool:
        """Whether the link is down, or back for too short a time to count."""
        with self._lock:
            return not self._confirmed

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""
        self._live.wait(timeout_s)
        return self.live_interface

    def request_reconnection(self, by: str) -> None:
        """Ask for a new session; returns at once. Without effect while one is under way.

        ``by`` says who asks, in the journal.
        """
        self._events.put(_Requested(by))

    def status(self) -> LinkStatus:
        """Return the link at a glance."""
        now_s = self._clock()
        with self._lock:
            return LinkStatus(
                up_s=now_s - self._opened_s
                if self._interface is self._session is not None
                else None,
                reconnections_last_hour=sum(now_s - at_s < 3600 for at_s in self._reconnections_s),
                reconnections_last_day=sum(now_s - at_s < DAY_S for at_s in self._reconnections_s),
                last_cause=self._cause_text(),
                where=self._where,
            )

    def note_alive(self) -> None:
        """Note how the node answered since the last time; called now and then by the worker."""
        with self._lock:
            questions, self._questions = self._questions, 0
            slowest_s, self._slowest_answer_s = self._slowest_answer_s, 0.0
        self._notes.note(EventKind.ALIVE, count=questions, seconds=slowest_s)

    def start(self) -> None:
        """Start the link thread; the first attempt begins at once."""
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Close the link for good; return whether its thread ended in time.

        Only a name resolution under way, which cannot be interrupted, makes it end later.
        """
        self._stop.set()
        self._events.put(_Stop())
        if self._thread is None:
            return True
        with self._lock:
            session = self._session
        if session is not None:
            session.close()  # the link thread may be writing to a node that does not read
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- InterfaceEvents, on a reader thread ---------------------------------------------------

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """Leave word for the link thread."""
        self._events.put(_Ready(interface))

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        """Leave word for the link thread."""
        with self._lock:
            if interface is self._session:
                self._live.clear()
        self._events.put(_Lost(interface, loss))

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Pass the node's own database on, unless the session is over."""
        if self._is_current(interface):
            self._listener.nodes_downloaded(interface, nodes)

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Pass a packet on, unless the session is over."""
        if self._is_current(interface):
            self._listener.packet_received(interface, packet)

    def _is_current(self, interface: SupervisedInterface) -> bool:
        with self._lock:
            return interface is self._session

    # -- The link thread -----------------------------------------------------------------------

    def _new_interface(self, *, without_nodes: bool) -> SupervisedInterface:
        raise NotImplementedError

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception:  # top of a thread
                log.exception("❌ Erreur inattendue dans la gestion de la liaison")
                self._close_session()
                self._policy.ended(Ending.NOT_OPENED, self._clock())
                self._stop.wait(RECOVERY_S)
        self._close_session()

    def _turn(self) -> None:
        """Take the next event if there is one, else do what the policy says.

        Events come first: what is due may be about a session whose loss is already known.
        """
        session = self._session
        self.progress.step()
        if session is not None:
            self._policy.heard(session.last_received_s)
            self._policy.progressed(session.last_progress_s)
            self._note_answer(session.last_received_s)
        step = self._policy.step(self._clock())
        wait_s = step.at_s - self._clock() if step.action is Action.WAIT else 0.0
        if wait_s > 0:
            self.progress.idle()
        try:
            event = self._events.get(timeout=None if math.isinf(wait_s) else max(wait_s, 0.0))
        except queue.Empty:
            self.progress.step()
            if step.action is Action.OPEN:
                self._open()
            elif step.action is not Action.WAIT and session is not None:
                self._act(step.action, session)
        else:
            self.progress.step()
            self._take(event)

    def _take(self, event: _Ready | _Lost | _Requested | _Stop) -> None:
        if isinstance(event, _Ready) and event.interface is self._session:
            self._become_live(event.interface)
        elif isinstance(event, _Lost) and event.interface is self._session:
            self._lose(event.loss, Ending.CLOSED_BY_NODE)
        elif isinstance(event, _Requested) and self._confirmed:
            self._lose(LinkError(Cause.REQUESTED, event.by), Ending.CLOSED_BY_US)

    def _act(self, action: Action, session: SupervisedInterface) -> None:
        now_s = self._clock()
        if action is Action.CONFIRM:
            self._confirm(session)
        elif action in (Action.DECLARE_STALLED, Action.DECLARE_SILENT) and (
            self._speaks_after_all(action, session)
        ):
            log.debug("%s withdrawn: this process was stopped, not the node", action)
        elif action is Action.DECLARE_STALLED:
            self._lose(LinkError(Cause.STALLED), Ending.WENT_SILENT)
        elif action is Action.DECLARE_SILENT:
            log.info(
                "⚠️ SILENCE %s: %.0fs sans paquet (max: %gs)",
                self.kind,
                now_s - session.last_received_s,
                self._settings.silent_timeout_s,
            )
            self._notes.note(EventKind.SILENCE, seconds=now_s - session.last_received_s)
            if self._question_s is not None:
                self._notes.note(EventKind.PROBE_UNANSWERED, seconds=now_s - self._question_s)
            self._lose(LinkError(Cause.SILENCE), Ending.WENT_SILENT)
        else:
            self._policy.asked(action, now_s)
            self._question_s = now_s if self._question_s is None else self._question_s
            with self._lock:
                self._questions += 1
            try:
                if action is Action.ASK_METADATA:
                    session.ask_metadata()
                else:
                    session.ask_heartbeat()
            except LinkError as error:
                log.debug("question not sent: %s", error)  # the interface reports its loss itself

    def _note_answer(self, heard_s: float) -> None:
        """Whatever the node says after a question answers it."""
        if self._question_s is not None and heard_s >= self._question_s:
            with self._lock:
                self._slowest_answer_s = max(self._slowest_answer_s, heard_s - self._question_s)
            self._question_s = None

    def _speaks_after_all(self, action: Action, session: SupervisedInterface) -> bool:
        """Say whether the reader just had no time for what came: then nothing is to be declared."""
        self._stop.wait(UNREAD_WAIT_S)
        if session.has_unread_input():
            return True
        self._policy.heard(session.last_received_s)
        self._policy.progressed(session.last_progress_s)
        return self._policy.step(self._clock()).action is not action

    def _open(self) -> None:
        self._policy.attempting()
        self._notes.next_session()
        self._opened_at_s = self._clock()
        self._question_s = None
        if self._failures:
            self._notes.note(
                EventKind.ATTEMPT,
                count=self._failures,
                cause=self._cause.cause,
                text=self._cause.detail,
            )
            log.info(
                "🔄 Tentative de %s %s n°%d, après : %s",
                "reconnexion" if self._ever_opened else "connexion",
                self.kind,
                self._failures,
                self._cause_text(),
            )
        else:
            log.info("🔌 Connexion %s : %s...", self.kind, self._where)
        self._remind()
        interface = self._new_interface(
            without_nodes=self._light_reconnect and not self._wants_nodes
        )
        with self._lock:
            previous, self._session = self._interface, interface
        if previous is not None:
            interface.away_s = self._clock() - previous.last_received_s
        try:
            interface.open(self._stop)
        except LinkError as error:
            if not self._stop.is_set():
                self._fail(error, Ending.NOT_OPENED)
            return
        self._policy.opened(self._clock())

    def _become_live(self, interface: SupervisedInterface) -> None:
        now_s = self._clock()
        self._policy.handshake_done(now_s)
        first, self._ever_opened = not self._ever_opened, True
        self._notes.note(
            EventKind.CONNECTED,
            seconds=now_s - self._opened_at_s,
            count=interface.nodes_in_download,
        )
        self._wants_nodes = False
        with self._lock:
            self._interface = interface
            self._opened_s = now_s
            self._confirmed = first
            if interface.alive:
                self._live.set()
        if first:
            self._settle()
            log.info("✅ Connexion %s établie : %s", self.kind, self._where)
        self.tried.set()
        self._listener.link_opened(interface, first=first)

    def _confirm(self, interface: SupervisedInterface) -> None:
        if not interface.alive:
            self._lose(LinkError(Cause.UNSTABLE), Ending.CLOSED_BY_NODE)
            return
        self._policy.confirmed()
        with self._lock:
            if self._confirmed:
                return  # the very first session counted from its handshake on
            self._confirmed = True
            self._reconnections_s.append(self._clock())
        self._notes.note(
            EventKind.RECONNECTED,
            seconds=self._clock() - self._down_since_s,
            count=self._failures,
        )
        log.info("✅ Reconnexion %s réussie (background)", self.kind)
        self._listener.reconnection_succeeded(interface)
        self._settle()

    def _settle(self) -> None:
        """Say how long the outage was, if anybody was told that there is one."""
        if self._failures:
            log.info("ℹ️ Liaison rétablie après %s d'interruption", self._outage_text())
        self._failures = 0

    def _lose(self, loss: LinkError, ending: Ending) -> None:
        """End the session that was open."""
        if self._confirmed:
            self._reminded_s = self._clock()
            self._down_since_s = self._clock()
            if self._session is not None and ending is Ending.WENT_SILENT:
                self._down_since_s = self._session.last_received_s  # deaf since then
        self._fail(loss, ending)

    def _fail(self, loss: LinkError, ending: Ending) -> None:
        session = self._session
        if (
            session is not None
            and self._light_reconnect
            and self._wants_nodes
            and session.nodes_in_download > 1
        ):
            self._wants_nodes = False
            log.warning(
                "⚠️ Liaison perdue pendant l'envoi de la base du nœud (%d nœuds reçus) : "
                "prochain essai sans elle",
                session.nodes_in_download,
            )
        if session is not None and session.ready_s is not None:
            self._notes.note(EventKind.LOST, cause=loss.cause, text=loss.detail)
        elif session is not None and session.nodes_in_download > 1:
            self._notes.note(
                EventKind.LOST,
                count=session.nodes_in_download,
                cause=loss.cause,
                text=loss.detail,
            )
        else:
            self._notes.note(EventKind.NOT_OPENED, cause=loss.cause, text=loss.detail)
        if session is not None:
            session.hand_over_download()
            self._policy.progressed(session.last_progress_s)
        self._close_session()
        self._cause = loss
        now_s = self._clock()
        self._policy.ended(ending, now_s)
        self._failures += 1
        wait_s = max(self._policy.step(now_s).at_s - now_s, 0.0)
        if self._policy.contested and ending is Ending.CLOSED_BY_NODE:
            self._say_contested(wait_s)
            self._notes.note(EventKind.CONTESTED, count=self._policy.cuts)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        what = "perdue" if self._ever_opened else "impossible"
        if ending is Ending.CLOSED_BY_US:
            level, what = logging.INFO, "fermée"
        log.log(
            level,
            "🔌 Liaison %s %s (%s) : %s ; nouvel essai %s",
            self.kind,
            what,
            self._where,
            self._cause_text(),
            f"dans {wait_s:.0f} s" if wait_s >= 1 else "aussitôt",
        )
        self.tried.set()
        self._listener.link_failed()

    def _say_contested(self, pause_s: float) -> None:
        log.warning(
            "⚠️ Le nœud a coupé %d liaisons de suite en moins d'une minute : un autre client "
            "(téléphone, second bot, domotique) prend sans doute sa seule place TCP ; le bot lui "
            "cède pour %s",
            self._policy.cuts,
            duration_text(pause_s),
        )

    def _remind(self) -> None:
        now_s = self._clock()
        if self._failures and now_s - self._reminded_s >= REMINDER_S:
            self._reminded_s = now_s
            log.warning(
                "⏳ Toujours sans liaison depuis %s : %s", self._outage_text(), self._cause_text()
            )

    def _cause_text(self) -> str:
        return cause_text(self._cause.cause, self._cause.detail)

    def _outage_text(self) -> str:
        return duration_text(self._clock() - self._down_since_s)

    def _close_session(self) -> None:
        with self._lock:
            session, self._session = self._session, None
            self._confirmed = False
            self._live.clear()
        if session is not None:
            session.close()
