"""The judgement on the last days of the link, as it is told in a few words. Pure."""

from collections.abc import Iterable

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.model.link_event import LinkEvent, on_one_clock

WEEK_S = 7 * 86_400.0
WEEK_EVENTS = 20_000
"""The last of them are judged, at most; that takes a third of a second on a desktop computer."""


def judged_week(stored: Iterable[LinkEvent]) -> Diagnosis:
    """Return the judgement on the seven days before the last event."""
    events = on_one_clock(stored)
    return diagnose(history_of(events, events[-1].wall_s - WEEK_S if events else 0.0))
