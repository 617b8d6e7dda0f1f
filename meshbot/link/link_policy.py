"""When to open, question, trust and give up the link to the node. Pure: no threads, I/O or clock.

The supervising thread tells the policy what happened (one method an event, with the monotonic time
in seconds) and asks :meth:`LinkPolicy.step` what to do now, or until when nothing is to be done.

Rules:

1. At most one session: ``OPEN`` is the answer only while there is none.
2. Whatever the node sends proves the link alive. Silence runs from its last byte.
3. A handshake may last as long as parts of the configuration come, but no longer than
   ``handshake_longest_s``. Standing still for ``handshake_timeout_s`` ends it, and once the node
   has answered another question than ours, ``misanswered_s``, twice that each time where ours does
   not come so soon: a relay may pass on an older answer first. A node that says nothing at all, as
   one does that stops or boots with the connection in its backlog, is given the probe time only,
   and more again from the third such session in a row on.
4. A session counts as a success when it is still up ``stabilization_s`` after its handshake.
5. A quiet node is asked: a heartbeat every ``heartbeat_s`` of silence, and, since older firmware
   does not answer those, a question that all answer, twice before ``silent_timeout_s`` is over.
   One that restarts again and again says nothing when it goes: it is sent a heartbeat after
   ``CLOSELY_S`` of silence, for the first ``CLOSELY_FOR_S`` of a session.
6. The link is declared silent at ``silent_timeout_s``, and never without a question that has
   stood unanswered for the probe time: a process that was itself stopped must ask first.
7. After a silent link the node gets ``cleanup_s`` to let go of it before the next attempt. One
   that said nothing at all in a session, or answers but wrongly, needs none.
8. After a link that broke (RST) the next attempt is at once, but only once: from then on
   delays double, with jitter, up to ``early_retry_max_s`` in the first minute of an outage and
   ``retry_max_s`` later, for ever. An outage ends with a success; the doubling and the attempt
   at once start over only after a session that lasted ``lasting_session_s``. A FIN after the
   handshake is most often somebody's tool that takes the place for a moment: it is given
   ``courtesy_s`` to finish. In the handshake a FIN is like a RST, unless it follows such a pause:
   then it is most often the tool's next run.
9. Three sessions in a row that the node closed in good order within ``contested_s`` of their
   handshake, or the later ones in the middle of it, mean that another client takes the node's one
   place. Then the bot yields: it stays away for ``yield_first_s``, twice that the next time, up to
   ``yield_max_s``, until a session lasts. A node that closes before it said anything is not
   ready; that counts for nothing here, nor does a RST, which a node that crashes answers with. A
   node that somebody else uses goes on listening, and does not restart: an attempt that reaches
   nobody, or a node that has started again since the session before, ends the row. A session that
   such a node cuts, before it counts, begins a new outage for rule 8: a node that reboots again
   and again is found soon after each time.
10. The node hears from us every ``keepalive_s``, however much it talks: it drops a client that has
   sent nothing for 15 minutes.
"""

import enum
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from meshbot.model.cause import Cause

FIRST_RETRY_S = 0.5
EARLY_OUTAGE_S = 60.0
CUTS_OF_A_CONTEST = 3
CLOSELY_S = 5.0
CLOSELY_FOR_S = 120.0
HANDSHAKE_LONGEST_S = 900.0
"""A node drops a client that has asked nothing for so long (``TCP_IDLE_TIMEOUT_MS`` and
``SERIAL_CONNECTION_TIMEOUT`` of the firmware), be it in the middle of its configuration: no honest
one takes longer. 400 frames, each lost once on a weak Wi-Fi and sent again a second later, take 7
minutes."""
TRIES_BEFORE_PATIENCE = 2
"""Sessions in which our answer did not come so soon, before the next is given more time."""
NEVER_S = math.inf


class Action(enum.Enum):
    """What the supervising thread is to do."""

    WAIT = "wait"
    OPEN = "open"
    ASK_HEARTBEAT = "ask_heartbeat"
    ASK_METADATA = "ask_metadata"
    CONFIRM = "confirm"
    DECLARE_STALLED = "declare_stalled"
    DECLARE_ENDLESS = "declare_endless"
    DECLARE_SILENT = "declare_silent"


class Ending(enum.Enum):
    """How a session, or an attempt to open one, ended."""

    CLOSED_BY_NODE = "closed_by_node"
    """In good order, by a FIN."""
    BROKEN = "broken"
    """Any other end that is noticed by itself: a RST, or a node that says it has restarted."""
    WENT_SILENT = "went_silent"
    MISANSWERED = "misanswered"
    """The node sent a configuration that is not what it was asked for, and lives."""
    NOT_OPENED = "not_opened"
    CLOSED_BY_US = "closed_by_us"


def ending_by_itself(cause: Cause) -> Ending:
    """Return how a session ended that nobody here gave up."""
    return Ending.CLOSED_BY_NODE if cause.group is Cause.FIN else Ending.BROKEN


class Phase(enum.Enum):
    """Where the link is in its life."""

    DOWN = "down"
    HANDSHAKE = "handshake"
    STABILIZING = "stabilizing"
    UP = "up"


class Step(NamedTuple):
    """What to do; for ``WAIT``, ``at_s`` is when to ask again if nothing happens before."""

    action: Action
    at_s: float = -NEVER_S


@dataclass(frozen=True)
class LinkSettings:
    """The policy's numbers, all in seconds."""

    silent_timeout_s: float
    probe_timeout_s: float
    heartbeat_s: float
    keepalive_s: float
    cleanup_s: float
    stabilization_s: float
    handshake_timeout_s: float
    misanswered_s: float
    courtesy_s: float
    lasting_session_s: float
    early_retry_max_s: float
    retry_max_s: float
    contested_s: float
    yield_first_s: float
    yield_max_s: float
    handshake_longest_s: float = HANDSHAKE_LONGEST_S


class LinkPolicy:
    """The state of one link in time. Owned by the supervising thread; not shared."""

    def __init__(
        self, settings: LinkSettings, now_s: float, jitter: Callable[[], float] = random.random
    ) -> None:
        """Start without a session, ready to open one. ``jitter`` returns 0 (incl.) to 1."""
        self._settings = settings
        self._jitter = jitter
        # A probe time longer than the silence allows would leave no time to ask.
        self._answer_s = min(settings.probe_timeout_s, settings.silent_timeout_s / 3)
        self._phase = Phase.DOWN
        self._open_at_s = now_s
        self._outage_since_s = now_s
        self._attempts = 0
        self._may_hurry = True
        self._cuts = 0
        self._courteous = False
        """Whether somebody was given time since the last session that did not end with a FIN."""
        self._was_away = False
        """Whether the node was not there, or restarted, since the session before."""
        self._heard_s = now_s
        self._progressed_s = now_s
        self._sent_s = now_s
        self._heartbeat_s = now_s
        self._metadata_s = -NEVER_S
        self._opened_s = now_s
        self._handshake_done_s = now_s
        self._closely = False
        """Whether the node restarts again and again."""
        self._misanswered = False
        """Whether the node has answered another question than ours in this handshake."""
        self._mute = 0
        """Sessions in a row that ended without a byte."""
        self._wrong = 0
        """Sessions that ended with another answer than ours, since ours last came without one."""

    @property
    def phase(self) -> Phase:
        """Where the link is in its life."""
        return self._phase

    @property
    def cuts(self) -> int:
        """Sessions in a row that the node closed soon after their handshake."""
        return self._cuts

    @property
    def contested(self) -> bool:
        """Whether another client seems to take the node's one place."""
        return self._cuts >= CUTS_OF_A_CONTEST

    def step(self, now_s: float) -> Step:
        """Return what to do at ``now_s``. Asking twice without an event gives the same answer."""
        if self._phase is Phase.DOWN:
            if now_s >= self._open_at_s:
                return Step(Action.OPEN)
            return Step(Action.WAIT, self._open_at_s)
        if self._phase is Phase.HANDSHAKE:
            return self._handshake_step(now_s)
        confirm_s = NEVER_S
        if self._phase is Phase.STABILIZING:
            confirm_s = self._handshake_done_s + self._settings.stabilization_s
        heartbeat_s, metadata_s, silent_s = self._question_times()
        for action, at_s in (
            (Action.DECLARE_SILENT, silent_s),
            (Action.CONFIRM, confirm_s),
            (Action.ASK_METADATA, metadata_s),
            (Action.ASK_HEARTBEAT, heartbeat_s),
        ):
            if now_s >= at_s:
                return Step(action)
        return Step(Action.WAIT, min(confirm_s, heartbeat_s, metadata_s, silent_s))

    def _handshake_step(self, now_s: float) -> Step:
        settings = self._settings
        longest_s = max(settings.handshake_longest_s, settings.handshake_timeout_s)
        endless_s = self._opened_s + longest_s
        stalled_s = self._progressed_s + self._patience_s()
        if now_s >= endless_s:
            return Step(Action.DECLARE_ENDLESS)
        if now_s >= stalled_s:
            return Step(Action.DECLARE_STALLED)
        return Step(Action.WAIT, min(stalled_s, endless_s))

    def _patience_s(self) -> float:
        """Return how long a handshake may stand still."""
        longest_s = self._settings.handshake_timeout_s
        if self._misanswered:
            patience_s, tries = self._settings.misanswered_s, self._wrong
        elif self._is_mute():
            patience_s, tries = self._settings.probe_timeout_s, self._mute
        else:
            return longest_s
        doublings = min(max(tries + 1 - TRIES_BEFORE_PATIENCE, 0), 30)
        return min(patience_s * 2.0**doublings, longest_s)

    def _is_mute(self) -> bool:
        """Say whether not a byte has come since the connection was opened."""
        return max(self._heard_s, self._progressed_s) <= self._opened_s

    def _question_times(self) -> tuple[float, float, float]:
        """Return when the next heartbeat, the next firm question and the verdict are due."""
        keepalive_s = self._sent_s + self._settings.keepalive_s
        silent_timeout_s = self._settings.silent_timeout_s
        if silent_timeout_s == NEVER_S:
            return keepalive_s, NEVER_S, NEVER_S
        quiet_since_s = max(self._heard_s, self._heartbeat_s, self._metadata_s)
        closely = self._closely and quiet_since_s - self._handshake_done_s < CLOSELY_FOR_S
        interval_s = min(self._settings.heartbeat_s, CLOSELY_S if closely else NEVER_S)
        heartbeat_s = min(keepalive_s, quiet_since_s + interval_s)
        first_question_s = self._heard_s + silent_timeout_s - 2 * self._answer_s
        second_question_s = first_question_s + self._answer_s
        if self._metadata_s < first_question_s:
            return heartbeat_s, first_question_s, NEVER_S
        asked_twice = self._metadata_s >= second_question_s
        metadata_s = NEVER_S if asked_twice else second_question_s
        verdict_s = max(self._heard_s + silent_timeout_s, self._metadata_s + self._answer_s)
        return heartbeat_s, metadata_s, verdict_s

    def heard(self, at_s: float) -> None:
        """Note when the node last sent anything."""
        self._heard_s = max(self._heard_s, at_s)

    def progressed(self, at_s: float) -> None:
        """Note when the last part of the configuration came."""
        self._progressed_s = max(self._progressed_s, at_s)

    def watch(self, *, closely: bool) -> None:
        """Note whether the node is one that restarts again and again."""
        self._closely = closely

    def misanswered(self) -> None:
        """Note that the node has finished a configuration, but not the one it was asked for."""
        self._misanswered = True

    def asked(self, action: Action, now_s: float) -> None:
        """Note that the question of ``step`` was asked."""
        self._sent_s = now_s
        if action is Action.ASK_METADATA:
            self._metadata_s = now_s
        else:
            self._heartbeat_s = now_s

    def attempting(self) -> None:
        """Note that an attempt to open a session begins."""
        self._attempts += 1

    def opened(self, now_s: float) -> None:
        """Note that the connection is open and the configuration asked for."""
        self._phase = Phase.HANDSHAKE
        self._opened_s = now_s
        self._heard_s = self._progressed_s = self._sent_s = self._heartbeat_s = now_s
        self._metadata_s = -NEVER_S
        self._misanswered = False

    def handshake_done(self, now_s: float) -> None:
        """Note that the node finished its configuration."""
        if now_s - self._opened_s <= self._settings.probe_timeout_s:
            self._mute = 0  # else it is as slow the next time, too
        if not self._misanswered:
            self._wrong = 0
        self._phase = Phase.STABILIZING
        self._handshake_done_s = now_s

    def confirmed(self) -> None:
        """Note that the session is a success. Its outage ends when it has lasted (rule 8)."""
        self._phase = Phase.UP

    def refused(self) -> None:
        """Note that an attempt was refused, or met nobody: the node is away, or starting."""
        self._cuts = 0
        self._courteous = False
        self._was_away = True

    def restarted(self) -> None:
        """Note that the node has started again since the session before."""
        self._cuts = 0
        self._courteous = False
        self._was_away = True

    def ended(self, ending: Ending, now_s: float) -> None:
        """Note the end of the session or of the attempt, and settle when to try again."""
        phase, self._phase = self._phase, Phase.DOWN
        self._count_cut(ending, phase, now_s)
        if phase is Phase.UP or (phase is Phase.STABILIZING and self._was_away):
            self._outage_since_s = now_s
        if phase is not Phase.DOWN:
            self._was_away = False
        mute = phase is Phase.HANDSHAKE and self._is_mute()
        if phase is Phase.HANDSHAKE and (ending is Ending.WENT_SILENT or not mute):
            self._mute = self._mute + 1 if mute else 0
        self._wrong += ending is Ending.MISANSWERED
        lasted_s = now_s - self._handshake_done_s if phase is Phase.UP else -NEVER_S
        if lasted_s >= self._settings.lasting_session_s:
            self._attempts = 0
            self._may_hurry = True
            self._cuts = 0
        if self._is_taken(ending, phase, mute=mute):
            delay_s = self._yield_delay_s() if self.contested else self._settings.courtesy_s
            if phase is Phase.HANDSHAKE:
                delay_s = max(delay_s, self._retry_delay_s(now_s))  # or a node that never gets on
        elif ending is Ending.WENT_SILENT and not mute:
            retry_s = self._retry_delay_s(now_s) if self._attempts else 0.0
            delay_s = max(self._settings.cleanup_s, retry_s)
        else:
            delay_s = self._prompt_delay_s(ending, now_s)
        self._open_at_s = now_s + delay_s

    def _is_taken(self, ending: Ending, phase: Phase, *, mute: bool) -> bool:
        """Say whether somebody most likely took the node's place, and may need a moment."""
        if phase is Phase.DOWN:
            return False  # an attempt, which changes nothing of this
        by_node = ending is Ending.CLOSED_BY_NODE
        served = phase is not Phase.HANDSHAKE or (self._courteous and not mute)
        self._courteous = by_node and served
        return self._courteous

    def _prompt_delay_s(self, ending: Ending, now_s: float) -> float:
        """Return the pause where nobody needs one but for a node that is not ready."""
        if ending is Ending.CLOSED_BY_US:
            return 0.0
        if ending is Ending.CLOSED_BY_NODE and self.contested:
            return self._yield_delay_s()
        if ending in (Ending.CLOSED_BY_NODE, Ending.BROKEN) and self._may_hurry:
            self._may_hurry = False
            return 0.0
        return self._retry_delay_s(now_s)

    def _count_cut(self, ending: Ending, phase: Phase, now_s: float) -> None:
        if ending is not Ending.CLOSED_BY_NODE:
            return
        if phase in (Phase.STABILIZING, Phase.UP):
            soon = now_s - self._handshake_done_s < self._settings.contested_s
            self._cuts = self._cuts + 1 if soon else 0
        elif phase is Phase.HANDSHAKE and self._cuts and self._progressed_s > self._opened_s:
            self._cuts += 1  # alone it might be anything; after others it is one more

    def _yield_delay_s(self) -> float:
        self._may_hurry = False
        doublings = min(self._cuts - CUTS_OF_A_CONTEST, 30)
        # Widely spread: two bots that yield to each other must not stay in step.
        delay_s: float = self._settings.yield_first_s * 2**doublings
        return min(delay_s, self._settings.yield_max_s) * (0.75 + 0.25 * self._jitter())

    def _retry_delay_s(self, now_s: float) -> float:
        early = now_s - self._outage_since_s < EARLY_OUTAGE_S
        longest_s = self._settings.early_retry_max_s if early else self._settings.retry_max_s
        doublings = min(max(self._attempts - 1, 0), 30)
        delay_s: float = min(FIRST_RETRY_S * 2**doublings, longest_s)
        return delay_s * (0.5 + 0.5 * self._jitter())
