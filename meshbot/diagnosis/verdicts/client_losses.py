"""Sessions that the node closed because somebody else connected. Pure."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import CUT_BY_THE_NODE, Loss
from meshbot.diagnosis.verdicts.restarts import restarted
from meshbot.model.cause import Cause

CHAIN = 3


def may_be_a_clients(loss: Loss) -> bool:
    """Say whether the node was there all along and closed this one connection.

    A node that another client uses goes on listening; one that boots does not.
    """
    if restarted(loss) or {Cause.REFUSED, Cause.UNREACHABLE} & loss.group_of_failures:
        return False
    cuts_of_attempts = sum(cause.group in CUT_BY_THE_NODE for cause in loss.failures)
    return loss.cause in CUT_BY_THE_NODE or cuts_of_attempts >= 2


def in_a_row(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    """Return those losses that come one soon after another, or after which the bot gave way.

    A node that crashes again and again answers with a RST; one that changes its client says FIN.
    """
    left = {id(loss) for loss in losses}
    found: list[Loss] = []
    for chain in case.chains:
        row = [loss for loss in chain if id(loss) in left]
        contested = any(
            row[0].declared_s <= at_s <= (row[-1].recovered_s or row[-1].declared_s)
            for at_s in case.history.contests
            if row
        )
        mostly_closed = 2 * sum(loss.cause is not Cause.RESET for loss in row) >= len(row)
        if contested or (len(row) >= CHAIN and mostly_closed):
            found += row
    return found
