"""A site as it stands beside others: the figures of its report that are compared."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.days import loss_moments
from meshbot.diagnosis.verdict import Tone
from meshbot.diagnosis.verdicts.sync_suspected import SYNC_SUSPECTED
from meshbot.text.language import tr


@dataclass(frozen=True)
class Site:
    """What is kept of a site once its history is forgotten. Times in seconds."""

    name: str
    first_s: float
    last_s: float
    in_utc: bool
    """Whether its journal has no dates: its days are counted, so its moments are no one else's."""
    observed_s: float
    down_s: float
    uptime_percent: float | None
    longest_outage_s: float | None
    losses: int
    moments_s: Sequence[float]
    """When the link was lost, in order."""
    verdict: str
    tone: Tone
    remedy: str
    """The first thing to do, as short; empty where there is nothing."""
    cause: str
    """What explains most of the losses, empty where there are none to explain."""
    cause_share: float
    sync_accused: bool | None
    sync_losses: int
    """How many the key sync most probably cost."""
    firmware: str
    remarks: tuple[str, ...]


def site_of(name: str, history: LinkHistory, diagnosis: Diagnosis) -> Site:
    """Return what is to be compared of a site."""
    firmware = history.node.get("firmware")
    first = diagnosis.shares[0] if diagnosis.shares else None
    of_sync = (share for share in diagnosis.shares if share.verdict is SYNC_SUSPECTED)
    return Site(
        name=name,
        first_s=history.first_s,
        last_s=history.last_s,
        in_utc=history.in_utc,
        observed_s=diagnosis.figures.observed_s,
        down_s=history.down_s,
        uptime_percent=diagnosis.figures.uptime_percent,
        longest_outage_s=diagnosis.figures.longest_outage_s,
        losses=len(history.losses) + len(history.dump_losses),
        moments_s=array("d", sorted(loss_moments(history))),
        verdict=tr(diagnosis.verdict.text),
        tone=diagnosis.verdict.tone,
        remedy=tr(diagnosis.remedy) if diagnosis.remedy else "",
        cause=tr(first.verdict.text) if first is not None else "",
        cause_share=first.share if first is not None else 0.0,
        sync_accused=diagnosis.sync_accused,
        sync_losses=sum(share.count for share in of_sync),
        firmware=firmware if isinstance(firmware, str) else "",
        remarks=tuple(history.remarks),
    )
