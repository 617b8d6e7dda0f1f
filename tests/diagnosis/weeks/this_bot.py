"""This bot, as far as its link is concerned: the real policy, and what is noted of it when.

It does what ``InterfaceManager``, ``LinkNarrator`` and ``MeshBot`` do, in their order, without
their threads.
"""

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from main_bot import JOURNAL_ALIVE_S, MeshBot, link_settings_of
from meshbot.link.download_choice import DownloadChoice
from meshbot.link.link_policy import Action, Ending, LinkPolicy, Phase, ending_by_itself
from meshbot.link.node_questions import NodeQuestions
from meshbot.messages.heard_packet import BACKLOG_S
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip
from tests.diagnosis.weeks.dial import Dial
from tests.diagnosis.weeks.node import Connection
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.sync_fault import INNOCENT, SyncFault
from tests.diagnosis.weeks.traffic import ANSWER_S
from tests.diagnosis.weeks.wire import Wire

SETTINGS = link_settings_of(MeshBot)
KEYS = 42
SYNC_LASTS_S = 0.002
MOMENT_S = 1e-6
STANDSTILL_S = 1.0
"""How often it is looked whether a configuration that stands still goes on."""


@dataclass(frozen=True)
class BotTraits:
    """How the bot is set, and what it tells."""

    light: bool = True
    skips: tuple[tuple[float, bool], ...] = ((0.0, False),)
    """From when on the skip flag is set or not; each change is a restart."""
    restarts_s: tuple[float, ...] = ()
    """When else the bot is restarted."""
    periodic_share: float = 0.02
    """How often the periodic sync finds that something changed."""
    tells_node: bool = True
    """Whether the journal knows NODE, UPTIME, GATEWAY and the seconds of a loss."""
    leaps: bool = True
    """Whether healthy times are played at one go; to test that it makes no difference."""


@dataclass(eq=False)
class _Session:
    """A connection that is being opened, or is open."""

    light: bool
    wire: Wire | None = None
    ready: bool = False
    nodes: int = 0
    answered_after_s: float = math.inf

    @property
    def heard_of(self) -> bool:
        """Whether the first part of the configuration came, which counts the reboots."""
        return self.nodes > 0


@dataclass
class _Telling:
    """What ``LinkNarrator`` keeps between two events."""

    cause: Cause = Cause.FIRST
    ever_connected: bool = False
    failures: int = 0
    attempted_s: float = 0.0
    down_since_s: float = 0.0
    gateway_told: bool = False


@dataclass(eq=False)
class ThisBot:
    """The bot. It is the node's guest and the wire's owner."""

    site: Site
    traits: BotTraits = field(default_factory=BotTraits)
    sync_fault: SyncFault = INNOCENT
    events: list[LinkEvent] = field(default_factory=list)
    label: str = "bot"

    def __post_init__(self) -> None:
        """Plan the starts of the week."""
        self._run = 0
        self._number = 0
        self._chance = random.Random(self.site.rng.random())
        self._policy = self._new_policy()
        self._questions = NodeQuestions()
        self._session: _Session | None = None
        self._interface: _Session | None = None
        self._synced: _Session | None = None
        self._confirmed = False
        self._telling = _Telling()
        self._download = self._new_download()
        self._dial: Dial | None = None
        self._wake_s = math.inf
        self._skips = False
        self._sent_s = 0.0
        self._reboots: int | None = None
        self.site.node.before_change = self._catch_up
        self.site.node.after_change = self._settle
        for fade in self.site.air.fades:
            # What came before a fade did arrive.
            self.site.agenda.at(fade.start_s - MOMENT_S, self._catch_up)
            self.site.agenda.at(fade.start_s, self._fade_begins)
            self.site.agenda.at(fade.end_s, self._fade_ends)
        starts_s = dict(self.traits.skips)
        for at_s in sorted({*starts_s, *self.traits.restarts_s}):
            self.site.agenda.at(at_s, partial(self._start, starts_s.get(at_s)))

    # -- Runs ----------------------------------------------------------------------------------

    @property
    def _now_s(self) -> float:
        return self.site.agenda.now_s

    def _new_policy(self) -> LinkPolicy:
        return LinkPolicy(SETTINGS, self._now_s, self._chance.random)

    def _new_download(self) -> DownloadChoice:
        return DownloadChoice(light_reconnect=self.traits.light)

    def _start(self, skips: bool | None) -> None:
        if self._run:
            self._stop()
        self._run += 1
        self._number = 0
        self._skips = self._skips if skips is None else skips
        self._policy = self._new_policy()
        self._questions = NodeQuestions()
        self._interface = self._synced = None
        self._confirmed = False
        self._telling = _Telling(attempted_s=self._now_s, down_since_s=self._now_s)
        self._download = self._new_download()
        self._reboots = None
        self._wake_s = math.inf
        settings = {
            "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT": self._skips,
            "TCP_PUBKEY_SYNC_DELAY": MeshBot.TCP_PUBKEY_SYNC_DELAY,
            "TCP_SILENT_TIMEOUT": MeshBot.TCP_SILENT_TIMEOUT,
            "TCP_LIGHT_RECONNECT": self.traits.light,
            "PUBKEY_SYNC_INTERVAL": MeshBot.PUBKEY_SYNC_INTERVAL,
            "CONNECTION_MODE": "tcp",
        }
        self._note(EventKind.STARTED, text=json.dumps(settings))
        run, agenda = self._run, self.site.agenda
        self._repeat(run, JOURNAL_ALIVE_S, self._alive)
        self._repeat(run, MeshBot.PUBKEY_SYNC_INTERVAL, self._periodic_sync)
        agenda.after(0.05, self._settle)

    def _repeat(self, run: int, interval_s: float, do: Callable[[], None]) -> None:
        def again() -> None:
            if self._run == run:
                do()
                self.site.agenda.after(interval_s, again)

        self.site.agenda.after(interval_s, again)

    def _stop(self) -> None:
        self._catch_up()
        if self._dial is not None:
            self._dial.give_up()
            self._dial = None
        self._end_session()
        self._note(EventKind.STOPPED)

    def _alive(self) -> None:
        self._catch_up()
        count, slowest_s = self._questions.take_figures()
        self._note(EventKind.ALIVE, count=count, seconds=slowest_s)

    # -- The link thread -----------------------------------------------------------------------

    def _settle(self) -> None:
        """Do what the policy says, until it says to wait."""
        if self._dial is not None or not self._run:
            return  # it waits for the attempt
        while True:
            session = self._session
            if session is not None and session.wire is not None:
                self._policy.heard(session.wire.heard_s)
            step = self._policy.step(self._now_s)
            if step.action is Action.WAIT:
                if not self._leaps():
                    self._wake_at(step.at_s)
                return
            if step.action is Action.OPEN:
                self._open()
                return
            if session is None:
                return
            self._act(step.action, session)

    def _act(self, action: Action, session: _Session) -> None:
        if action is Action.CONFIRM:
            self._confirm()
        elif action in (Action.ASK_HEARTBEAT, Action.ASK_METADATA):
            self._policy.asked(action, self._now_s)
            self._sent_s = self._now_s
            self._questions.asked(self._now_s)
            if session.wire is not None:
                session.wire.send(firm=action is Action.ASK_METADATA)
        elif action is Action.DECLARE_STALLED:
            self._lose(Cause.STALLED, Ending.WENT_SILENT)
        else:
            heard_s = session.wire.heard_s if session.wire is not None else self._now_s
            self._note(EventKind.SILENCE, seconds=self._now_s - heard_s)
            unanswered_s = self._questions.unanswered_s(self._now_s)
            if unanswered_s is not None:
                self._note(EventKind.PROBE_UNANSWERED, seconds=unanswered_s)
            self._lose(Cause.SILENCE, Ending.WENT_SILENT)

    def _wake_at(self, at_s: float) -> None:
        if at_s >= self._wake_s or math.isinf(at_s):
            return
        self._wake_s = at_s
        self.site.agenda.at(at_s, self._wake)

    def _wake(self) -> None:
        if self._now_s >= self._wake_s:
            self._wake_s = math.inf
        self._catch_up()
        self._settle()

    def _leaps(self) -> bool:
        """Say whether nothing but questions and answers can happen until the world changes."""
        session = self._session
        return (
            self.traits.leaps
            and self._policy.phase is Phase.UP
            and self.site.node.traits.answers_heartbeats
            and session is not None
            and session.wire is not None
            and session.wire.flows()
        )

    def _catch_up(self) -> None:
        """Take in what came since the last time, before anything changes."""
        session = self._session
        if session is None or not session.ready or session.wire is None:
            return
        wire = session.wire
        if not wire.flows():
            return
        traffic = self.site.traffic
        if self._leaps():
            limits_s = (SETTINGS.heartbeat_s, SETTINGS.keepalive_s)
            wire.heard_s, asked_s, questions = traffic.questions_until(
                self._now_s, wire.heard_s, self._sent_s, limits_s
            )
            if questions:
                self._sent_s = asked_s
                self._policy.asked(Action.ASK_HEARTBEAT, asked_s)
                for _ in range(questions):
                    self._questions.asked(asked_s)
                self._questions.heard(asked_s + ANSWER_S)
        else:
            wire.heard_s = traffic.last_until(self._now_s, wire.heard_s)
        self._policy.heard(wire.heard_s)
        self._questions.heard(wire.heard_s)

    def _open(self) -> None:
        telling = self._telling
        self._policy.attempting()
        self._questions.forget()
        self._number += 1
        telling.attempted_s = self._now_s
        if telling.failures:
            self._note(EventKind.ATTEMPT, count=telling.failures, cause=telling.cause)
        session = self._session = _Session(self._download.is_light)

        def dialed(result: Connection | Cause) -> None:
            self._dial = None
            if isinstance(result, Cause):
                self._not_opened(result)
            else:
                self._opened(session, result)
            self._settle()

        self._dial = Dial(self.site, self, MeshBot.TCP_CONNECT_TIMEOUT, dialed)

    def _not_opened(self, cause: Cause) -> None:
        self._session = None
        if cause in (Cause.REFUSED, Cause.UNREACHABLE, Cause.NO_ANSWER):
            self._policy.refused()
            self._download.node_was_away()
        self._note(EventKind.NOT_OPENED, cause=cause)
        self._failed(cause, Ending.NOT_OPENED)
        if cause.group is Cause.UNREACHABLE and self.traits.tells_node:
            self._tell_gateway()

    def _tell_gateway(self) -> None:
        if not self._telling.gateway_told:
            self._telling.gateway_told = True
            fade = self.site.fade()
            away = fade is not None and fade.others_too
            self._note(EventKind.GATEWAY, count=0 if away else 1)

    def _opened(self, session: _Session, connection: Connection) -> None:
        self._policy.opened(self._now_s)
        self._sent_s = self._now_s
        wire = session.wire = Wire(self.site, connection, self)
        traits, chance = self.site.node.traits, self._chance
        lasts_s = chance.uniform(*(traits.light_s if session.light else traits.full_s))
        began_s = self._now_s
        if not session.light and chance.random() < traits.dump_fails:
            breaks_s = lasts_s * chance.uniform(0.3, 1.2)
            self.site.agenda.after(breaks_s, lambda: self._dump_breaks(connection))

        def grows() -> None:
            """Let the configuration come, part after part, while anything comes."""
            if session is not self._session or session.ready:
                return
            if wire.flows():
                now_s = self._now_s
                wire.heard_s = now_s
                self._policy.progressed(now_s)
                session.answered_after_s = min(session.answered_after_s, now_s - began_s)
                part = min((now_s - began_s) / lasts_s, 1.0)
                session.nodes = 1 if session.light else max(int(traits.nodes * part), 1)
                if part >= 1.0:
                    self._become_live(session)
                    return
                self.site.agenda.after(lasts_s / 8, grows)
            else:
                self.site.agenda.after(STANDSTILL_S, grows)

        self.site.agenda.after(lasts_s / 8, grows)

    def _dump_breaks(self, connection: Connection) -> None:
        if self.site.node.client is connection:
            self.site.node.drop_client("dump", Cause.RESET)

    def _become_live(self, session: _Session) -> None:
        self._policy.handshake_done(self._now_s)
        self._notice_restart()
        first = self._interface is None
        session.ready = True
        self._interface = session
        answered_after_s = session.answered_after_s
        self._download.succeeded(light=session.light, answered_after_s=answered_after_s)
        self._confirmed = first
        self.site.traffic.restart(self._now_s)
        telling = self._telling
        seconds = self._now_s - telling.attempted_s
        self._note(EventKind.CONNECTED, seconds=seconds, count=session.nodes)
        if self.traits.tells_node:
            self._tell_node(session)
        if not telling.ever_connected:
            telling.ever_connected = True
            telling.failures = 0
        if first:
            self._sync()
        self._settle()

    def _tell_node(self, session: _Session) -> None:
        traits = self.site.node.traits
        about = {
            "id": "!a1b2c3d4",
            "firmware": "2.7.15" if traits.answers_heartbeats else "2.6.11",
            "region": traits.region,
            "transmits": traits.transmits,
        }
        self._note(EventKind.NODE, count=self.site.node.reboots, text=json.dumps(about))
        told_s = self.site.traffic.telemetry_after(self._now_s + BACKLOG_S)
        if math.isfinite(told_s):
            self.site.agenda.at(told_s + MOMENT_S, lambda: self._tell_uptime(session))

    def _notice_restart(self) -> None:
        """Tell the policy of a node that has started again since it was last talked to."""
        reboots = self.site.node.reboots
        if self._reboots is not None and reboots > self._reboots:
            self._policy.restarted()
            self._download.node_was_away()
        self._reboots = reboots

    def _tell_uptime(self, session: _Session) -> None:
        if session is self._session and session.wire is not None and session.wire.flows():
            uptime_s = int(self._now_s - self.site.node.started_s)
            self._note(EventKind.UPTIME, seconds=float(uptime_s))

    def _confirm(self) -> None:
        self._policy.confirmed()
        self._telling.gateway_told = False
        if self._confirmed:
            return
        self._confirmed = True
        telling, session = self._telling, self._session
        seconds = self._now_s - telling.down_since_s
        self._note(EventKind.RECONNECTED, seconds=seconds, count=telling.failures)
        if self._skips:
            self._note(EventKind.SYNC_SKIPPED, text=SyncSkip.FLAG)
        else:
            delay_s = MeshBot.TCP_PUBKEY_SYNC_DELAY
            run = self._run
            self.site.agenda.after(delay_s, lambda: self._deferred_sync(run, session))
            self._note(EventKind.SYNC_SCHEDULED, seconds=delay_s)
        telling.failures = 0

    def _lose(self, cause: Cause, ending: Ending) -> None:
        """End the session that was open."""
        if self._confirmed:
            heard_s = self._heard_s()
            silent = ending is Ending.WENT_SILENT
            self._telling.down_since_s = heard_s if silent else self._now_s
        session = self._session
        if session is None:
            return
        if self._policy.phase is Phase.HANDSHAKE:
            self._download.failed(ending, light=session.light, nodes=session.nodes)
        if not session.ready and session.heard_of:
            self._notice_restart()
        told_s = self._now_s - self._heard_s() if self.traits.tells_node else None
        if session.ready:
            self._note(EventKind.LOST, cause=cause, seconds=told_s)
        elif session.nodes > 1:
            self._note(EventKind.LOST, cause=cause, seconds=told_s, count=session.nodes)
        else:
            self._note(EventKind.NOT_OPENED, cause=cause)
        if (session.ready or session.nodes > 1) and session.wire is not None:
            self.site.note_truth(session.wire.connection, session.wire.heard_s, "unknown")
        self._end_session()
        self._failed(cause, ending)
        self._settle()

    def _failed(self, cause: Cause, ending: Ending) -> None:
        self._telling.cause = cause
        self._policy.ended(ending, self._now_s)
        if self._policy.contested and ending is Ending.CLOSED_BY_NODE:
            self._note(EventKind.CONTESTED, count=self._policy.cuts)
        self._telling.failures += 1

    def _end_session(self) -> None:
        session, self._session = self._session, None
        self._confirmed = False
        if session is not None and session.wire is not None:
            session.wire.close()

    def _heard_s(self) -> float:
        session = self._session
        return self._now_s if session is None or session.wire is None else session.wire.heard_s

    # -- What the wire and the node tell -------------------------------------------------------

    def closed(self, connection: Connection, how: Cause) -> None:
        """Have the wire told, if it is still this one."""
        session = self._session
        wire = session.wire if session is not None else None
        if wire is not None and wire.connection is connection:
            wire.node_closed(how)

    def wire_heard(self, wire: Wire) -> None:
        """Take in that the node is heard again."""
        self._policy.heard(wire.heard_s)
        self._questions.heard(wire.heard_s)
        self._settle()

    def wire_ended(self, wire: Wire, how: Cause) -> None:
        """Lose the session."""
        if self._session is not None and self._session.wire is wire:
            self._lose(how, ending_by_itself(how))

    def _fade_begins(self) -> None:
        session = self._session
        if session is not None and session.wire is not None:
            session.wire.fade_begins()
        self._settle()

    def _fade_ends(self) -> None:
        session = self._session
        if session is not None and session.wire is not None:
            session.wire.fade_ends()
        self._catch_up()
        self._settle()

    # -- Key syncs -----------------------------------------------------------------------------

    def _sync(self) -> None:
        self._note(EventKind.SYNC_STARTED)
        self._note(EventKind.SYNC_COMPLETE, count=KEYS, seconds=SYNC_LASTS_S, text="0 injected")
        self._synced = self._session
        self.sync_fault.ran(self.site.agenda, self.site.node, self._chance)

    def _deferred_sync(self, run: int, session: _Session | None) -> None:
        if run != self._run:
            return
        if session is not self._interface:
            self._note(EventKind.SYNC_SKIPPED, text=SyncSkip.CHANGED)
        elif not self._confirmed:
            self._note(EventKind.SYNC_SKIPPED, text=SyncSkip.RECONNECTING)
        else:
            self._sync()

    def _periodic_sync(self) -> None:
        session = self._session
        if session is None or not session.ready:
            return
        changed = self._chance.random() < self.traits.periodic_share
        if changed or session is not self._synced:
            self._sync()

    def _note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        now_s = self._now_s
        self.events.append(
            LinkEvent(
                kind,
                self.site.wall_s(now_s),
                now_s,
                run=self._run,
                session=self._number,
                seconds=seconds,
                count=count,
                text=text,
                cause=cause,
            )
        )
