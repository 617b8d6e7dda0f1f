"""A node that others use and one that crashes over and over: the report says what the bot says."""

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.model.cause import Cause
from tests.diagnosis.made import End, lived

CLIENTS = ("another client takes the connection", "a client with a fixed interval")
RESTARTS = ("the node crashes", "the node reboots")
BACK_S = {Cause.FIN: 3.0, Cause.RESET: 0.5, Cause.SILENCE: 18.0}


def ends(cause: Cause, life_s: float, *, refused: bool, reboots: int | None) -> list[End]:
    failures = (Cause.REFUSED,) * 2 if refused else ()
    back_s = BACK_S[cause] + (3.0 if refused else 0.0)
    return [
        End(life_s + n % 3, cause, back_s, failures, heard_s=8.0, reboots=reboots)
        for n in range(12)
    ]


@pytest.mark.parametrize("life_s", [12.0, 50.0])
@pytest.mark.parametrize("reboots", [1, 0, None])
@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("cause", [Cause.FIN, Cause.RESET, Cause.SILENCE])
def test_only_a_fin_of_a_node_that_stays_there_and_does_not_restart_is_a_clients(
    cause: Cause, refused: bool, reboots: int | None, life_s: float
) -> None:
    """The same cases as of the policy's rule 9."""
    made = lived(
        *ends(cause, life_s, refused=refused, reboots=reboots),
        sync_after_s=None,
    )
    named = {share.verdict.name for share in diagnose(made).shares}
    rival = cause is Cause.FIN and not refused and not reboots
    assert bool(named & set(CLIENTS)) is rival, named
    if reboots:
        assert named <= set(RESTARTS), named
