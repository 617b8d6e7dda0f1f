"""The node: one client, the newest wins; it crashes, hangs, reboots, and comes back.

What a client learns of it, and when, is TCP's business: see ``wire.py``.
"""

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.agenda import Agenda

CLOSE_LATEST_S = 0.1  # how often the firmware looks for new connections


class Guest(Protocol):
    """A program that connects to the node."""

    label: str
    """What a loss is called that it causes to others, "client" say."""

    def closed(self, connection: "Connection", how: Cause) -> None:
        """Take note that the node closed the connection in good or bad order."""


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection, from the node's side."""

    guest: Guest
    life: int
    """Which life of the node accepted it."""
    opened_s: float
    known: bool = True
    """Whether the node still holds it."""
    fault: str = ""
    """What in truth ended it, the first thing that did."""


class Port(enum.Enum):
    """What a knock at the node's port meets."""

    OPEN = "open"
    CLOSED = "closed"
    """The node is on the air, but nothing listens yet."""
    AWAY = "away"


class Reply(enum.Enum):
    """What comes back when a client sends something on a connection."""

    ANSWER = "answer"
    ACKNOWLEDGED = "acknowledged"
    """It arrived; the firmware has nothing to say to it."""
    RESET = "reset"
    NOTHING = "nothing"
    """It did not arrive."""


@dataclass(frozen=True)
class Boot:
    """How long after its end a node is on the air again, and listens again."""

    on_air_s: float
    listening_s: float


def slow_boot(rng: random.Random) -> Boot:
    """Return a boot of 5 to 20 s."""
    listening_s = rng.uniform(5.0, 20.0)
    return Boot(listening_s * rng.uniform(0.4, 0.8), listening_s)


def quick_boot(rng: random.Random) -> Boot:
    """Return a boot after which the node is back nearly at once."""
    listening_s = rng.uniform(2.0, 4.0)
    return Boot(listening_s - rng.uniform(0.2, 0.8), listening_s)


def orderly_boot(rng: random.Random) -> Boot:
    """Return a boot of 8 to 25 s, as an orderly one is."""
    listening_s = rng.uniform(8.0, 25.0)
    return Boot(listening_s * rng.uniform(0.2, 0.7), listening_s)


@dataclass(frozen=True)
class NodeTraits:
    """What a node is like."""

    answers_heartbeats: bool = True
    """Since 2.7.5; older firmware answers only the question that costs more."""
    nodes: int = 87
    """How many its database holds."""
    dump_fails: float = 0.0
    """How often it breaks down while it sends them all."""
    light_s: tuple[float, float] = (0.3, 1.2)
    full_s: tuple[float, float] = (2.0, 8.0)
    """How long a configuration takes, without and with its nodes."""
    region: str = "EU_868"
    transmits: bool = True


def nothing() -> None:
    """Do nothing."""


class Node:
    """An ESP32 with its firmware."""

    def __init__(self, agenda: Agenda, rng: random.Random, traits: NodeTraits) -> None:
        """Be up, since some time before the week."""
        self.traits = traits
        self.rng = rng
        self._agenda = agenda
        self.reboots = rng.randint(3, 400)
        self.started_s = -rng.uniform(3_600.0, 2_000_000.0)
        self.life = 0
        self.client: Connection | None = None
        self._on_air_s = 0.0
        self._listening_s = 0.0
        self._off_since_s = 0.0
        self._hung = False
        self._deaf = False
        self.before_change: Callable[[], None] = nothing
        """Called before anything changes that a client would notice, and after it."""
        self.after_change: Callable[[], None] = nothing

    # -- What others meet ----------------------------------------------------------------------

    def port(self) -> Port:
        """Say what a knock at the port meets now, if it arrives."""
        now_s = self._agenda.now_s
        if self._deaf or now_s < self._on_air_s:
            return Port.AWAY
        return Port.OPEN if now_s >= self._listening_s else Port.CLOSED

    def away_since_s(self) -> float:
        """Return since when the node has been off the air, if it is."""
        return self._off_since_s

    @property
    def serves(self) -> bool:
        """Whether a client gets anything from it at all."""
        return not self._hung and self.port() is Port.OPEN

    def accept(self, guest: Guest) -> Connection:
        """Take a new client. The one before gets a FIN, soon."""
        self.before_change()
        now_s = self._agenda.now_s
        previous = self.client
        self.client = Connection(guest, self.life, now_s)
        if previous is not None and not self._hung:
            self._close(previous, Cause.FIN, guest.label, self.rng.uniform(0.0, CLOSE_LATEST_S))
        self.after_change()
        return self.client

    def leave(self, connection: Connection) -> None:
        """Hear that a client closes its connection."""
        connection.known = False
        if self.client is connection:
            self.client = None

    def receive(self, connection: Connection, *, firm: bool) -> Reply:
        """Return what comes back for bytes of a client; ``firm``: of any firmware."""
        if self.port() is Port.AWAY:
            return Reply.NOTHING
        if connection.life != self.life or not connection.known:
            return Reply.RESET
        if self._hung:
            return Reply.ACKNOWLEDGED
        if firm or self.traits.answers_heartbeats:
            return Reply.ANSWER
        return Reply.ACKNOWLEDGED

    def flows_to(self, connection: Connection) -> bool:
        """Say whether a client is served on this connection."""
        return connection.known and connection.life == self.life and self.serves

    # -- What happens to it --------------------------------------------------------------------

    def crash(self, cause: str, boot: Boot) -> None:
        """End at once, without a word to anybody, and start again."""
        self.before_change()
        self._end(cause)
        self._start(boot)
        self.after_change()

    def reboot(self, cause: str, boot: Boot) -> None:
        """Close the client's connection in good order and start again."""
        self.before_change()
        client = self.client
        if client is not None and self.serves:
            self._close(client, Cause.FIN, cause, self.rng.uniform(0.0, CLOSE_LATEST_S))
        self._end(cause)
        self._start(boot)
        self.after_change()

    def hang(self, cause: str, lasts_s: float, *, deaf: bool) -> None:
        """Serve nobody until something starts it anew; ``deaf``: not even its TCP answers."""
        self.before_change()
        if self.client is not None:
            self.client.fault = self.client.fault or cause
        self._hung, self._deaf = True, deaf
        self._off_since_s = self._agenda.now_s
        life = self.life

        def restart() -> None:
            if self.life == life:
                self.crash(cause, slow_boot(self.rng))

        self._agenda.after(lasts_s, restart)
        self.after_change()

    def drop_client(self, cause: str, how: Cause = Cause.FIN) -> None:
        """Close the client's connection, and nothing else: a short write."""
        if self.client is None or not self.serves:
            return
        self.before_change()
        client, self.client = self.client, None
        self._close(client, how, cause, self.rng.uniform(0.0, CLOSE_LATEST_S))
        self.after_change()

    def _close(self, connection: Connection, how: Cause, cause: str, delay_s: float) -> None:
        connection.known = False
        connection.fault = connection.fault or cause
        self._agenda.after(delay_s, lambda: connection.guest.closed(connection, how))

    def _end(self, cause: str) -> None:
        if self.client is not None:
            self.client.fault = self.client.fault or cause
        self.client = None
        self._hung = self._deaf = False

    def _start(self, boot: Boot) -> None:
        now_s = self._agenda.now_s
        self.life += 1
        self.reboots += 1
        self.started_s = now_s
        self._off_since_s = now_s
        self._on_air_s = now_s + boot.on_air_s
        self._listening_s = now_s + boot.listening_s
