"""Gives each loss its most probable cause. Pure."""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts import CAUSES
from meshbot.diagnosis.verdicts.database_dump import DATABASE_DUMP


def shares_of(case: Case) -> list[CauseShare]:
    """Return the causes of the losses with their shares, the largest first."""
    left = list(case.history.losses)
    shares = []
    for cause in CAUSES:
        claimed = cause.claim(case, left) if left else []
        taken = {id(loss) for loss in claimed}
        left = [loss for loss in left if id(loss) not in taken]
        share = _share(case, cause, claimed)
        if share.count:
            shares.append(share)
    return sorted(shares, key=lambda share: share.count, reverse=True)


def _share(case: Case, cause: Verdict, losses: list[Loss]) -> CauseShare:
    during_download = len(case.history.dump_losses) if cause is DATABASE_DUMP else 0
    count = len(losses) + during_download
    return CauseShare(
        verdict=cause,
        losses=losses,
        count=count,
        total=case.loss_count,
        evidence=cause.evidence(case, losses) if count else [],
        advice=cause.advice(case, losses) if count else [],
        schedule=case.schedule_of(losses),
    )
