"""The figures that operators watch. Pure."""

import statistics
from dataclasses import dataclass

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.cause import Cause

HOUR_S = 3_600.0
MIN_OBSERVED_S = 60.0


@dataclass(frozen=True)
class Figures:
    """What operators watch. Times in seconds; None where there is nothing to measure."""

    observed_s: float
    up_s: float
    losses: int
    reconnections: int
    syncs: int
    uptime_percent: float | None
    reconnections_per_hour: float | None
    busiest_hour: int
    longest_run_s: float
    median_outage_s: float | None
    longest_outage_s: float | None
    median_to_silence_s: float | None
    median_handshake_s: float | None
    replies_lost: int


def figures_of(history: LinkHistory) -> Figures:
    """Return the figures of a history."""
    observed_s, up_s = history.observed_s, history.up_s
    reconnections = history.reconnections
    outages = [loss.outage_s for loss in history.losses if loss.outage_s is not None]
    handshakes = [
        session.handshake_s for session in history.sessions if session.handshake_s is not None
    ]
    uptime_is_known = observed_s >= MIN_OBSERVED_S and history.tells_of_link
    return Figures(
        observed_s=observed_s,
        up_s=up_s,
        losses=len(history.losses),
        reconnections=len(reconnections),
        syncs=len(history.syncs),
        uptime_percent=100 * up_s / observed_s if uptime_is_known else None,
        reconnections_per_hour=(
            len(reconnections) * HOUR_S / observed_s if observed_s >= HOUR_S else None
        ),
        busiest_hour=_busiest_hour(reconnections),
        longest_run_s=max(
            (history.end_of(session) - session.start_s for session in history.sessions),
            default=0.0,
        ),
        median_outage_s=_median(outages),
        longest_outage_s=max(outages, default=None),
        median_to_silence_s=_median(_times_to_silence(history)),
        median_handshake_s=_median(handshakes),
        replies_lost=history.send_failures,
    )


def _times_to_silence(history: LinkHistory) -> list[float]:
    """Return how long after their reconnection sessions were declared silent."""
    return [
        session.loss.declared_s - session.reconnected_at_s
        for session in history.sessions
        if session.reconnected_at_s is not None
        and session.loss is not None
        and session.loss.cause is Cause.SILENCE
    ]


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def _busiest_hour(times_s: list[float]) -> int:
    """Return how many reconnections there were in the worst sixty minutes."""
    most = start = 0
    ordered = sorted(times_s)
    for end, time_s in enumerate(ordered):
        while time_s - ordered[start] >= HOUR_S:
            start += 1
        most = max(most, end - start + 1)
    return most
