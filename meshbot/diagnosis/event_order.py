"""Puts the events of a text journal into the order in which they happened. Pure.

A machine without a battery for its clock starts in some year past and is told the time later: what
a run said before it knew is dated back from the moment it was told. Files put together in the wrong
order are put in the right one, and what stands in two of them counts once.
"""

from collections.abc import Iterable
from dataclasses import replace

from meshbot.diagnosis.event_clock import CLOCK_BACK_S
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.language import tr
from meshbot.text.quantities import counted, duration_text

DAY_S = 86_400.0
DISORDER_S = 5.0
TOLD_THE_TIME_S = 30 * DAY_S
"""A jump ahead by more, within a run, is that of a clock."""
NOT_KNOWING_S = DAY_S
"""It takes no longer than this to be told the time..."""
BEFORE_THIS_BOT_S = 1_704_067_200.0
"""... unless it was a time, the beginning of 2024, before which there is nothing to report."""


def in_order(events: list[LinkEvent]) -> tuple[list[LinkEvent], list[str]]:
    """Return the events in order, and what is to be said about it."""
    events, jumps = _told_the_time(events)
    remarks = []
    if jumps:
        what = counted(len(jumps), "fois", "fois")
        remarks.append(
            tr(
                "L'horloge de la machine a sauté {what} (de {jumps} au plus) : "
                "ce qui précède est daté d'après la suite",
                what=what,
                jumps=duration_text(max(jumps)),
            )
        )
    parts = _parts_of(events)
    if len(parts) == 1:
        return events, remarks
    ordered = sorted(parts, key=lambda part: part[0].wall_s)
    known: set[tuple[object, ...]] = set()
    kept = [event for part in ordered for event in _new_ones(part, known)]
    twice = len(events) - len(kept)
    if ordered != parts or twice:
        hint = tr(", {twice} en double", twice=counted(twice, "ligne", "lignes")) if twice else ""
        remarks.append(
            tr("Lignes dans le désordre : remises dans l'ordre du temps{hint}", hint=hint)
        )
    return kept, remarks


def _told_the_time(events: Iterable[LinkEvent]) -> tuple[list[LinkEvent], list[float]]:
    """Return the events with those of a clock that did not know the time dated anew."""
    found: list[LinkEvent] = []
    jumps: list[float] = []
    start = 0
    for event in events:
        last = found[-1] if found else None
        if last is not None and (
            event.kind is EventKind.STARTED
            or last.kind is EventKind.STOPPED
            or event.wall_s < last.wall_s - CLOCK_BACK_S
        ):
            start = len(found)
        elif last is not None and event.wall_s - last.wall_s > TOLD_THE_TIME_S:
            short = last.wall_s - found[start].wall_s < NOT_KNOWING_S
            if short or last.wall_s < BEFORE_THIS_BOT_S:
                jump_s = event.wall_s - last.wall_s
                jumps.append(jump_s)
                found[start:] = [replace(one, wall_s=one.wall_s + jump_s) for one in found[start:]]
        found.append(event)
    return found, jumps


def _parts_of(events: list[LinkEvent]) -> list[list[LinkEvent]]:
    """Return the events in parts within which time does not run back.

    A little it may, by a clock that is set; but not to what has been told already.
    """
    parts: list[list[LinkEvent]] = [[]]
    known: set[tuple[object, ...]] = set()
    for event in events:
        back_s = parts[-1][-1].wall_s - event.wall_s if parts[-1] else 0.0
        if back_s > CLOCK_BACK_S or (back_s > DISORDER_S and _key(event) in known):
            parts.append([])
        parts[-1].append(event)
        known.add(_key(event))
    return parts


def _key(event: LinkEvent) -> tuple[object, ...]:
    return (event.kind, event.wall_s, event.run, event.count, event.seconds, event.text)


def _new_ones(part: Iterable[LinkEvent], known: set[tuple[object, ...]]) -> Iterable[LinkEvent]:
    """Return what no part before had."""
    told = [(event, _key(event)) for event in part]
    fresh = [event for event, key in told if key not in known]
    known.update(key for _, key in told)
    return fresh
