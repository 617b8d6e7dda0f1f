"""Keeps one interface to the node open for as long as the program runs.

Owns the thread ``link``, which opens, questions, confirms and replaces the session. Because that
one thread does all of it, there are never two reconnections at a time; other threads only ask for
one (:meth:`InterfaceManager.request_reconnection`).

A replaced interface is closed before its successor is opened, and what still comes from it is
dropped by identity. The policy decides, ``LinkState`` is what other threads read, the narrator
tells; there is no lock here.
"""

import logging
import math
import queue
import threading
from dataclasses import replace
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

from meshbot.link.download_choice import DownloadChoice
from meshbot.link.link_listener import LinkListener
from meshbot.link.link_narrator import LinkNarrator
from meshbot.link.link_options import LinkOptions
from meshbot.link.link_policy import Action, Ending, LinkPolicy, Phase, ending_by_itself
from meshbot.link.link_state import LinkState
from meshbot.link.link_status import LinkStatus
from meshbot.link.node_facts import NodeFacts, facts_of
from meshbot.link.node_questions import NodeQuestions
from meshbot.link.request_limit import RequestLimit
from meshbot.link.restart_row import RestartRow
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.bot_tally import BotTally
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.text.language import mark
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)

UNREAD_WAIT_S = 0.05
MAX_DOUBTS = 40  # 2 s: then the reader had its time, and what waits is of no help
NODES_ASKED_FOR = 3  # an hour, whatever the node says of itself
HOUR_S = 3_600.0
RECOVERY_S = 1.0  # after an error of our own, so that it cannot spin
HANDSHAKE_POLL_S = 0.5  # how soon it is seen that a node answered another question than ours
_NOT_REACHED = (Cause.UNREACHABLE, Cause.NETWORK_UNREACHABLE, Cause.NO_ANSWER)
_NODE_AWAY = (Cause.REFUSED, Cause.UNREACHABLE, Cause.NO_ANSWER)
"""Why an attempt fails at a node that nobody else uses: one in use goes on listening."""


class _Ready(NamedTuple):
    interface: SupervisedInterface


class _Lost(NamedTuple):
    interface: SupervisedInterface
    loss: LinkError


class _Requested(NamedTuple):
    by: str


class _NodesWanted(NamedTuple):
    interface: SupervisedInterface


class _Stop(NamedTuple):
    pass


_Event = _Ready | _Lost | _Requested | _NodesWanted | _Stop


class InterfaceManager(BotThread):
    """The one live interface. Subclasses say what kind (:meth:`_new_interface`)."""

    kind = ""
    """How the journal names the link, "TCP" or "série"."""
    error_line = mark("❌ Erreur inattendue dans la gestion de la liaison")

    def __init__(self, listener: LinkListener, options: LinkOptions, where: str) -> None:
        """Prepare the link to ``where`` (for people to read); starts nothing."""
        super().__init__("link", options.session.clock)
        self._listener = listener
        self._options = options
        self._where = where
        self._policy = LinkPolicy(options.settings, self._clock(), options.jitter)
        self._narrator = LinkNarrator(self.kind, where, options.notes, self._clock)
        self._questions = NodeQuestions()
        self._state = LinkState()
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self.tried = threading.Event()
        """Set once the first attempt to connect succeeded or failed."""
        self._download = DownloadChoice(light_reconnect=options.light_reconnect)
        self._restarts = RestartRow(options.settings.lasting_session_s)
        self._facts = NodeFacts()
        """What the node said of itself last; the link thread's own."""
        self._looked_around = False
        """Whether another host was asked in this outage; the link thread's own."""
        self._nodes_asked = RequestLimit(NODES_ASKED_FOR, HOUR_S)
        self._doubts = 0
        """How often a verdict was put off for unread bytes, since any of them meant something."""
        self._doubted_at_s = 0.0

    # -- For every thread ----------------------------------------------------------------------

    @property
    def interface(self) -> SupervisedInterface | None:
        """The bot's interface: the last that was ready, until another takes its place."""
        return self._state.interface

    @property
    def live_interface(self) -> SupervisedInterface | None:
        """The interface if it can be used right now, else None."""
        return self._state.live_interface

    @property
    def reconnecting(self) -> bool:
        """Whether the link is down, or back for too short a time to count."""
        return not self._state.confirmed

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""
        return self._state.wait_live(timeout_s)

    def request_reconnection(self, by: str) -> None:
        """Ask for a new session; returns at once. Without effect while one is under way.

        ``by`` says who asks, in the journal.
        """
        self._events.put(_Requested(by))

    def ask_nodes(self, interface: SupervisedInterface) -> None:
        """Have the node of a session send its database, if it was asked to do without."""
        self._events.put(_NodesWanted(interface))

    def status(self) -> LinkStatus:
        """Return the link at a glance."""
        status = self._state.status(self._clock(), self._narrator.cause_text(), self._where)
        down_s, attempts = self._narrator.outage()
        return replace(status, down_s=down_s, attempts=attempts)

    def note_alive(self) -> None:
        """Note how the node answered since the last time; called now and then by the worker."""
        questions, slowest_s = self._questions.take_figures()
        self._options.notes.note(EventKind.ALIVE, count=questions, seconds=slowest_s)

    def count_with(self, tally: BotTally) -> None:
        """Name who counts; before :meth:`start`."""
        self._questions.on_answer = tally.node_answered

    def _wake(self) -> None:
        """End the link thread's wait, even for a node that does not read.

        Only a name resolution under way, which cannot be interrupted, makes it end later.
        """
        self._events.put(_Stop())
        session = self._state.session
        if session is not None:
            session.close()

    # -- InterfaceEvents, on a reader thread ---------------------------------------------------

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """Tell the link thread."""
        self._events.put(_Ready(interface))

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        """Tell the link thread."""
        self._state.lost(interface)
        self._events.put(_Lost(interface, loss))

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """Pass a frame on, unless the session is over."""
        if interface is self._state.session:
            self._listener.frame_received(interface, message, payload)

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Pass the node's own database on, unless the session is over."""
        if interface is self._state.session:
            self._listener.nodes_downloaded(interface, nodes)

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Pass a packet on, unless the session is over."""
        if interface is self._state.session:
            self._listener.packet_received(interface, packet)

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Pass on what the node says to its client, unless the session is over."""
        if interface is self._state.session:
            self._listener.node_told(interface, message)

    # -- The link thread -----------------------------------------------------------------------

    def _new_interface(self, options: SessionOptions) -> SupervisedInterface:
        """Return a session of this kind, not yet opened."""
        raise NotImplementedError

    def _another_host_answers(self) -> bool | None:
        """Say within a second whether another host of the network answers; None if unknown."""
        return None

    def _recover(self) -> None:
        self._close_session()
        self._policy.ended(Ending.NOT_OPENED, self._clock())
        self._stopping.wait(RECOVERY_S)

    def _finish(self) -> None:
        self._close_session()

    def _do_next(self) -> None:
        """Deal with the next event if there is one, else do what the policy says.

        Events come first: what is due may be about a session whose loss is already known.
        """
        session = self._state.session
        self.progress.step()
        if session is not None:
            self._policy.heard(session.last_received_s)
            self._policy.progressed(session.last_progress_s)
            self._questions.heard(session.last_received_s)
            if session.misanswered:
                self._policy.misanswered()
        step = self._policy.step(self._clock())
        wait_s = step.at_s - self._clock() if step.action is Action.WAIT else 0.0
        if self._policy.phase is Phase.HANDSHAKE:
            wait_s = min(wait_s, HANDSHAKE_POLL_S)
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
            self._deal_with(event)

    def _deal_with(self, event: _Event) -> None:
        session = self._state.session
        if session is None:
            return
        if isinstance(event, _Ready) and event.interface is session:
            self._become_live(session)
        elif isinstance(event, _Lost) and event.interface is session:
            self._lose(session, event.loss, ending_by_itself(event.loss.cause))
        elif isinstance(event, _Requested) and self._state.confirmed:
            self._lose(session, LinkError(Cause.REQUESTED, event.by), Ending.CLOSED_BY_US)
        elif isinstance(event, _NodesWanted) and event.interface is session and session.noNodes:
            self._ask_nodes(session)

    def _ask_nodes(self, session: SupervisedInterface) -> None:
        if not self._nodes_asked.allows(self._clock()):
            log.debug("nodes not asked for: often enough in this hour")
            return
        try:
            session.ask_nodes()
        except LinkError as error:
            log.debug("nodes not asked for: %s", error)  # the interface reports its loss itself

    def _act(self, action: Action, session: SupervisedInterface) -> None:
        if action is Action.CONFIRM:
            self._confirm(session)
        elif action in (Action.ASK_HEARTBEAT, Action.ASK_METADATA):
            self._ask(action, session)
        elif action is Action.DECLARE_ENDLESS:
            self._lose(session, LinkError(Cause.ENDLESS), Ending.BROKEN)
        elif self._speaks_after_all(action, session):
            log.debug("%s withdrawn: this process was stopped, not the node", action)
        elif action is Action.DECLARE_STALLED and session.misanswered:
            self._lose(session, LinkError(Cause.INCOMPLETE), Ending.MISANSWERED)
        elif action is Action.DECLARE_STALLED:
            self._lose(session, LinkError(Cause.STALLED), Ending.WENT_SILENT)
        else:
            now_s = self._clock()
            self._narrator.silence(
                now_s - session.last_received_s,
                self._options.settings.silent_timeout_s,
                self._questions.unanswered_s(now_s),
            )
            self._lose(session, LinkError(Cause.SILENCE), Ending.WENT_SILENT)

    def _ask(self, question: Action, session: SupervisedInterface) -> None:
        now_s = self._clock()
        self._policy.asked(question, now_s)
        self._questions.asked(now_s)
        try:
            if question is Action.ASK_METADATA:
                session.ask_metadata()
            else:
                session.ask_heartbeat()
        except LinkError as error:
            log.debug("question not sent: %s", error)  # the interface reports its loss itself

    def _speaks_after_all(self, action: Action, session: SupervisedInterface) -> bool:
        """Say whether bytes came that the reader had no time for: then it is not silent."""
        self._stopping.wait(UNREAD_WAIT_S)
        stalled = action is Action.DECLARE_STALLED
        at_s = session.last_progress_s if stalled else session.last_received_s
        self._doubts = self._doubts + 1 if at_s == self._doubted_at_s else 0
        self._doubted_at_s = at_s
        if self._doubts < MAX_DOUBTS and session.has_unread_input():
            return True
        self._policy.heard(session.last_received_s)
        self._policy.progressed(session.last_progress_s)
        return self._policy.step(self._clock()).action is not action

    def _open(self) -> None:
        self._policy.attempting()
        self._questions.forget()
        self._narrator.attempt()
        light = self._download.is_light
        previous = self._state.interface
        may_choose = previous is not None and not self._download.insists
        if may_choose:
            light = self._options.choice.is_light(light)
        interface = self._new_interface(replace(self._options.session, without_nodes=light))
        self._state.opening(interface)
        if previous is not None:
            interface.away_s = self._clock() - previous.last_received_s
        try:
            interface.open(self._stopping)
        except LinkError as error:
            self._note_away(error.cause)
            if not self._stopping.is_set():
                self._fail(interface, error, Ending.NOT_OPENED)
            return
        self._policy.opened(interface.opened_s)
        if may_choose:
            self._options.choice.opened()

    def _become_live(self, interface: SupervisedInterface) -> None:
        before = self._state.interface
        if before is not None and _lacks_something_of(interface, before):
            self._lose(interface, LinkError(Cause.INCOMPLETE), Ending.MISANSWERED)
            return
        now_s = self._clock()
        self._policy.handshake_done(now_s)
        self._notice_restart(interface)
        self._policy.watch(closely=self._restarts.lasts)
        first = before is None
        answered_after_s = interface.answered_after_s or 0.0
        if self._download.succeeded(light=interface.noNodes, answered_after_s=answered_after_s):
            self._narrator.light_given_up()
        self._state.became_live(interface, now_s, confirmed=first)
        self._narrator.connected(interface.nodes_in_download, self._facts)
        self.tried.set()
        self._listener.link_opened(interface, first=first)

    def _confirm(self, interface: SupervisedInterface) -> None:
        if not interface.alive:
            self._lose(interface, LinkError(Cause.UNSTABLE), Ending.BROKEN)
            return
        self._policy.confirmed()
        self._looked_around = False
        if self._state.confirmed:
            return  # the very first session counted from its handshake on
        self._state.became_confirmed(self._clock())
        self._narrator.confirmed()
        self._listener.reconnection_succeeded(interface)
        self._narrator.settled()

    def _lose(self, session: SupervisedInterface, loss: LinkError, ending: Ending) -> None:
        """End the session that was open."""
        if self._state.confirmed:
            silent = ending is Ending.WENT_SILENT  # deaf since its last byte
            self._narrator.outage_begins(session.last_received_s if silent else self._clock())
        self._fail(session, loss, ending)

    def _fail(self, session: SupervisedInterface, loss: LinkError, ending: Ending) -> None:
        """End the session, or the attempt to open one, and settle when the next one comes."""
        ready_s = session.ready_s
        if self._policy.phase is Phase.HANDSHAKE:
            nodes = session.nodes_in_download
            if self._download.failed(ending, light=session.noNodes, nodes=nodes):
                self._narrator.download_cut(nodes)
            self._notice_restart(session)  # its MyNodeInfo comes first
        elif ready_s is not None:
            closed = ending is Ending.CLOSED_BY_NODE
            died_s = self._clock() if closed else session.last_received_s
            self._restarts.session_ended(died_s - ready_s, died_s)
        self._narrator.ended(session, loss)
        session.hand_over_download()
        self._policy.progressed(session.last_progress_s)
        self._close_session()
        now_s = self._clock()
        self._policy.ended(ending, now_s)
        pause_s = max(self._policy.step(now_s).at_s - now_s, 0.0)
        if self._policy.contested and ending is Ending.CLOSED_BY_NODE:
            self._narrator.contested(self._policy.cuts, pause_s)
        self._narrator.down(ending, pause_s)
        self.tried.set()
        self._listener.link_failed()
        if loss.cause in _NOT_REACHED and not self._looked_around:
            self._look_around(loss.cause)

    def _look_around(self, cause: Cause) -> None:
        """Find out, once an outage, whether only the node is away, or the network with it."""
        self._looked_around = True
        answers = self._another_host_answers()
        if answers is None and cause is Cause.NETWORK_UNREACHABLE:
            answers = False  # this machine has no way to anywhere
        if answers is not None:
            self._narrator.another_host(answers=answers)

    def _note_away(self, cause: Cause) -> None:
        """Take in that the node was not there, or that nothing listened at its port."""
        if cause in _NODE_AWAY:
            self._policy.refused()
            self._download.node_was_away()
        if cause is Cause.REFUSED:
            self._restarts.proven()

    def _notice_restart(self, session: SupervisedInterface) -> None:
        """Take in whether the node has started again since it was last talked to."""
        facts, before = facts_of(session), self._facts
        if facts.restarted_since(before):
            self._policy.restarted()
            self._download.node_was_away()
            self._restarts.proven()
        elif facts.id == before.id and facts.reboots and facts.reboots == before.reboots:
            self._restarts.clear()
        if facts.id:
            self._facts = facts
            restarts = self._restarts.take(self._clock())
            if restarts is not None:
                self._narrator.restarting(restarts)

    def _close_session(self) -> None:
        session = self._state.end_session()
        if session is not None:
            session.close()


def _lacks_something_of(session: SupervisedInterface, before: SupervisedInterface) -> bool:
    """Say whether a node did not say who it is, though it did so in the session before.

    Without its number no message is known to be for us. What it says of itself may be missing from
    a full session, which is the best that can be had.
    """
    lacks_number = bool(before.own_num) and not session.own_num
    lacks_user = before.own_user is not None and session.own_user is None
    return lacks_number or (lacks_user and session.noNodes)
