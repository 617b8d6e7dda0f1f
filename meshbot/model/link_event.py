"""What happens to the link, as the journal of the link keeps it and the report reads it. Pure."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from meshbot.model.cause import Cause


class EventKind(enum.Enum):
    """What happened. The values are stored and must not change."""

    STARTED = "started"
    """The bot. ``text``: its settings, as JSON."""
    STOPPED = "stopped"
    ALIVE = "alive"
    """Every quarter of an hour. ``count``: questions asked, ``seconds``: the longest answer."""
    CONNECTED = "connected"
    """The handshake is done. ``seconds``: its length, ``count``: nodes downloaded."""
    ATTEMPT = "attempt"
    """To connect again. ``count``: its number in this outage, ``cause``: of what came before."""
    NOT_OPENED = "not_opened"
    """An attempt failed. ``cause``: why, ``text``: its detail."""
    SILENCE = "silence"
    """Declared now. ``seconds``: since the last byte."""
    LOST = "lost"
    """A session. ``cause`` and ``text`` as above; ``count``: nodes received, if they still came.

    ``seconds``: since the node's last byte, when the loss was noticed; None in older journals.
    """
    RECONNECTED = "reconnected"
    """Counted as a success. ``seconds``: the outage, ``count``: its attempts."""
    CONTESTED = "contested"
    """Another client takes the node. ``count``: sessions cut in a row."""
    SYNC_SCHEDULED = "sync_scheduled"
    """``seconds``: from now."""
    SYNC_SKIPPED = "sync_skipped"
    """``text``: why, a ``SyncSkip``."""
    SYNC_STARTED = "sync_started"
    SYNC_COMPLETE = "sync_complete"
    """``count``: keys then held, ``seconds``: its length, ``text``: how many injected."""
    PROBE_UNANSWERED = "probe_unanswered"
    """``seconds``: since it was asked."""
    SEND_FAILED = "send_failed"
    """``cause``: why, ``text``: its detail."""
    TOSSED = "tossed"
    """A trial's coin at a reconnection. ``text``: the arm, "sync", "skip", "light" or "full"."""
    TRIAL_ENDED = "trial_ended"
    """``text``: JSON, ``trial`` ("sync" or "light") and its ``result``."""
    MESSAGE_OPENED = "message_opened"
    """A sealed direct message, by the bot."""
    MESSAGE_NOT_OPENED = "message_not_opened"
    """``text``: the value of an :class:`UnopenedReason`; a sentence in older journals."""
    NODE = "node"
    """What the node said of itself in a handshake, right after it. ``count``: its reboots so far;
    ``text``: JSON, any of ``id``, ``firmware``, ``region`` and ``transmits``."""
    UPTIME = "uptime"
    """``seconds``: since the node started, by its own telemetry. Once a session, and if it fell."""
    METRICS = "metrics"
    """How the node is, by its own telemetry. First of a session, then every quarter of an hour.
    ``text``: JSON, any of ``battery`` (percent, above 100 on external power), ``voltage``,
    ``channel`` (percent of the time it was busy) and ``air`` (percent of the hour it sent)."""
    GATEWAY = "gateway"
    """``count``: 1 if another host of our network answered during an outage, else 0."""
    CLIENT_THERE = "client_there"
    """A client of the shared node, once it has stayed; again each hour in which it sent something.

    ``seconds``: since it came, ``text``: a :class:`ClientUse`, of this connection so far."""
    CLIENT_LEFT = "client_left"
    """Connections of a host that ended since the last such event. ``count``: how many,
    ``seconds``: their lengths in sum, ``text``: a :class:`ClientUse`, of all of them."""
    CLIENT_REFUSED = "client_refused"
    """What a host was refused since the last such event. ``count``: how often, ``text``: a
    :class:`ClientRefusals`."""


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """One event. ``wall_s``: seconds since 1970, for people and across runs of the bot.

    ``mono_s`` is monotonic and comparable within a ``run`` of the bot; ``session`` counts the
    connections of a run, 0 before the first.
    """

    kind: EventKind
    wall_s: float
    mono_s: float = 0.0
    run: int = 0
    session: int = 0
    seconds: float | None = None
    count: int | None = None
    text: str = ""
    cause: Cause | None = None
    """Of a loss, an attempt or a failure; None in journals from before causes were written."""


def on_one_clock(events: Iterable[LinkEvent]) -> list[LinkEvent]:
    """Return events with wall-clock times that never jump within a run.

    A Raspberry Pi starts without knowing the time and is told it later; so all times of a run are
    counted back, on the monotonic clock, from its last event.
    """
    events = list(events)
    offsets_s = {event.run: event.wall_s - event.mono_s for event in events}  # the last one stays
    return [replace(event, wall_s=event.mono_s + offsets_s[event.run]) for event in events]


def alive_at(now_s: float, last: LinkEvent) -> LinkEvent:
    """Return the event that says that the bot still ran now, after its last one."""
    since_last_s = max(now_s - last.wall_s, 0.0)
    return replace(
        last,
        kind=EventKind.ALIVE,
        wall_s=last.wall_s + since_last_s,
        mono_s=last.mono_s + since_last_s,
        seconds=None,
        count=None,
        text="",
        cause=None,
    )
