"""How long after a sync links were lost, and how often by chance. Pure.

A loss counts where the link can have died at the earliest, from the last sync before it in its
session. Chance has as many losses as the time comparable with that after a sync, or all the time
that is not right after one, whichever has more, in the time that sessions were alive at that age.
"""

from dataclasses import dataclass
from itertools import pairwise

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.losses_around_syncs import AFTER_SYNC_S, AT_ONCE_S, sync_evidence
from meshbot.diagnosis.session import Session

BIN_S = 15.0
BINS = 20
SUSPECT_BINS = int(AFTER_SYNC_S / BIN_S)
"""The minute and a half by which the sync is judged."""


@dataclass
class AfterSyncs:
    """Losses by their time since the last sync, in bins."""

    counts: list[int]
    alive_s: list[float]
    """How much time all sessions together were alive in each bin."""
    per_s: float
    """Losses a second, by chance."""
    syncs: int = 0
    later: int = 0
    """Losses after the last bin."""
    without: int = 0
    """Losses with no sync before them in their session, or none that tells anything."""

    @property
    def chances(self) -> list[float]:
        """How many losses each bin has by chance."""
        return [self.per_s * alive_s for alive_s in self.alive_s]


def after_syncs(history: LinkHistory) -> AfterSyncs:
    """Return the losses after syncs."""
    full = [0] * (BINS + 1)  # how many spans fill so many bins, and what they have beyond
    rest_s = [0.0] * (BINS + 1)
    found = AfterSyncs([0] * BINS, [0.0] * BINS, _chance_per_s(history))
    for session in history.sessions:
        end_s = _end_of_life(history, session)
        syncs_s = _telling_syncs(session, end_s)
        for at_s, next_s in pairwise([*syncs_s, end_s]):
            bins, beyond_s = divmod(min(next_s - at_s, BINS * BIN_S), BIN_S)
            full[int(bins)] += 1
            rest_s[int(bins)] += beyond_s
        found.syncs += len(syncs_s)
        if session.loss is None:
            continue
        if not syncs_s:
            found.without += 1
        elif end_s - syncs_s[-1] >= BINS * BIN_S:
            found.later += 1
        else:
            found.counts[int((end_s - syncs_s[-1]) / BIN_S)] += 1
    longer = full[BINS]
    for place in reversed(range(BINS)):
        found.alive_s[place] = longer * BIN_S + rest_s[place]
        longer += full[place]
    return found


def _end_of_life(history: LinkHistory, session: Session) -> float:
    end_s = history.end_of(session)
    if session.loss is not None:
        end_s = min(end_s, session.loss.died_s)
    return max(end_s, session.start_s)


def _telling_syncs(session: Session, end_s: float) -> list[float]:
    """Return the syncs in its life, without the one that comes with a run's first connection."""
    syncs_s = sorted(sync.at_s for sync in session.syncs if sync.at_s < end_s)
    if session.reconnected_at_s is None and syncs_s and syncs_s[0] < session.start_s + AT_ONCE_S:
        return syncs_s[1:]
    return syncs_s


def _chance_per_s(history: LinkHistory) -> float:
    """Return the rate of losses that has nothing to do with a sync."""
    evidence = sync_evidence(history)
    elsewhere = evidence.expected / evidence.after.time_s if evidence.after.time_s else 0.0
    return max(evidence.control.per_s, elsewhere)
