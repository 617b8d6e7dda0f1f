"""The verdicts, one a file: name, words, advice, judge, good or bad.

A new verdict is a new file here and a line in ``VERDICTS``, at the place where its judge is asked.
"""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts.another_client import ANOTHER_CLIENT
from meshbot.diagnosis.verdicts.database_dump import DATABASE_DUMP
from meshbot.diagnosis.verdicts.network_or_power import NETWORK_OR_POWER
from meshbot.diagnosis.verdicts.node_reboots import NODE_REBOOTS
from meshbot.diagnosis.verdicts.not_enough_data import NOT_ENOUGH_DATA, no_common_cause
from meshbot.diagnosis.verdicts.quiet_mesh import QUIET_MESH
from meshbot.diagnosis.verdicts.sync_cleared import SYNC_CLEARED
from meshbot.diagnosis.verdicts.sync_suspected import SYNC_SUSPECTED

VERDICTS = (
    NOT_ENOUGH_DATA,
    SYNC_SUSPECTED,
    ANOTHER_CLIENT,
    DATABASE_DUMP,
    QUIET_MESH,
    NODE_REBOOTS,
    NETWORK_OR_POWER,
    SYNC_CLEARED,
)
"""In the order in which their judges are asked; the first that has reasons decides."""


def verdict_on(case: Case) -> tuple[Verdict, list[str]]:
    """Return the verdict on a case, and the reasons for it."""
    for verdict in VERDICTS:
        reasons = verdict.judge(case)
        if reasons is not None:
            return verdict, reasons
    return NOT_ENOUGH_DATA, no_common_cause(case)
