"""Each loss gets one cause, from its own evidence; a cause is told with its share."""

from collections.abc import Callable

import pytest

from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.verdicts import CAUSES
from meshbot.model.cause import Cause
from tests.diagnosis.made import DAY_S, HOUR_S, End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history

pytestmark = pytest.mark.slow

OBSERVED, INFERRED = True, False
BOOTING = (Cause.REFUSED, Cause.REFUSED)
AWAY = (Cause.UNREACHABLE,)


def shares(history: LinkHistory) -> list[CauseShare]:
    return diagnose(history).shares


def shares_of(*ends: End) -> dict[str, int]:
    """Return how many losses each cause got."""
    return {share.verdict.name: share.count for share in shares(lived(*ends))}


def every_night() -> list[End]:
    return [
        End(DAY_S - 128.0 + (n * 37 % 11 - 5) * 20.0 * (1 if n else 0), Cause.SILENCE)
        for n in range(9)
    ]


ENDS: dict[str, Callable[[], list[End]]] = {
    "scheduled reconnection": lambda: uneven(8, Cause.SCHEDULED),
    "this machine is short of means": lambda: uneven(
        8, Cause.RESET, failures=(Cause.NO_THREAD, Cause.NO_THREAD), back_s=90.0
    ),
    "serial port": lambda: uneven(8, Cause.PORT_LOST),
    "sync suspected": lambda: [
        *uneven(1, Cause.RESET),
        *(End(100.0 + n % 3 * 9, Cause.RESET) for n in range(14)),
    ],
    "the node-database dump": lambda: [
        end for long in uneven(8) for end in (End(6.0, Cause.RESET, nodes=80), long)
    ],
    "quiet mesh, not a fault": lambda: [
        End(200.0 + end.life_s / 20, Cause.SILENCE, back_s=18.0, asked=False) for end in uneven(12)
    ],
    "a client with a fixed interval": lambda: [End(596.0 + n % 2) for n in range(30)],
    "another client takes the connection": lambda: [
        end
        for long in uneven(4)
        for end in (long, *(End(life_s) for life_s in (8.0, 22.0, 35.0, 70.0, 140.0)))
    ],
    "a schedule": every_night,
    "this machine or the access point": lambda: uneven(8, Cause.SILENCE, gateway=False),
    "the node reboots": lambda: uneven(8, Cause.RESET, failures=BOOTING, back_s=20.0),
    "the node crashes": lambda: uneven(8, Cause.RESET, heard_s=20.0),
    "network or power": lambda: uneven(8, Cause.SILENCE, failures=AWAY, back_s=90.0),
    "unexplained": lambda: uneven(8),
}
MARKS = {
    "scheduled reconnection": {OBSERVED},
    "this machine is short of means": {OBSERVED},
    "serial port": {OBSERVED},
    "sync suspected": {INFERRED},
    "the node-database dump": {OBSERVED},
    "quiet mesh, not a fault": {OBSERVED, INFERRED},
    "a client with a fixed interval": {OBSERVED, INFERRED},
    "another client takes the connection": {OBSERVED},
    "a schedule": {OBSERVED, INFERRED},
    "this machine or the access point": {OBSERVED},
    "the node reboots": {OBSERVED},
    "the node crashes": {INFERRED},
    "network or power": {OBSERVED},
    "unexplained": {OBSERVED},
}


def test_there_is_a_history_for_each_cause() -> None:
    assert set(ENDS) == set(MARKS) == {cause.name for cause in CAUSES}


@pytest.mark.parametrize("name", ENDS)
def test_each_cause_is_found_where_it_is_the_only_one(name: str) -> None:
    diagnosis = diagnose(lived(*ENDS[name]()))
    assert diagnosis.verdict.name == name
    largest = diagnosis.shares[0]
    assert largest.verdict is diagnosis.verdict
    assert largest.share >= (0.5 if name == "the node-database dump" else 0.8)


@pytest.mark.parametrize("name", ENDS)
def test_each_cause_says_why_how_it_knows_and_what_to_do(name: str) -> None:
    (share,) = [one for one in shares(lived(*ENDS[name]())) if one.verdict.name == name]
    assert {statement.observed for statement in share.evidence} == MARKS[name]
    assert all(statement.text for statement in share.evidence)
    assert share.advice and all(share.advice)
    marks = {statement.marked.split(" : ")[0] for statement in share.evidence}
    assert marks <= {"observé", "déduit"}


@pytest.mark.parametrize(
    "name", ["reboots and Wi-Fi", "phone and Wi-Fi", "crashes and power", "sync 0.3, crash, busy"]
)
def test_shares_are_whole_and_the_largest_comes_first(name: str) -> None:
    history = sample_history(name)
    found = shares(history)
    assert len(found) >= 2
    assert sum(share.share for share in found) == pytest.approx(1.0)
    assert [share.count for share in found] == sorted(
        (share.count for share in found), reverse=True
    )
    claimed = [id(loss) for share in found for loss in share.losses]
    assert len(claimed) == len(set(claimed)) == len(history.losses)


def test_losses_during_the_sending_of_the_database_have_their_share() -> None:
    history = lived(*uneven(2, Cause.SILENCE, asked=True))
    history.dump_losses = [(history.first_s + 10.0 * n, 40 + n) for n in range(6)]
    dump, network = shares(history)
    assert (dump.verdict.name, dump.count, dump.losses) == ("the node-database dump", 6, [])
    assert (network.count, network.total, network.share) == (2, 8, 0.25)
    assert "6 liaisons perdues pendant l'envoi de la base (45 nœuds reçus au plus)" in {
        statement.text for statement in dump.evidence
    }


def test_without_a_loss_there_is_no_cause() -> None:
    assert shares(lived()) == []


# -- What tells one from the other -------------------------------------------------------------


def test_a_fin_followed_by_unreachable_is_a_reboot_and_no_network() -> None:
    """A node that is out of the Wi-Fi's reach cannot say goodbye."""
    ends = uneven(8, Cause.FIN, failures=AWAY, back_s=20.0)
    assert shares_of(*ends) == {"the node reboots": 8}


def test_an_absence_longer_than_a_boot_is_no_reboot() -> None:
    ends = uneven(8, Cause.FIN, failures=AWAY, back_s=600.0)
    assert shares_of(*ends) == {"network or power": 8}


@pytest.mark.parametrize("cause", [Cause.FIN, Cause.RESET, Cause.SILENCE])
@pytest.mark.parametrize("told", ["count", "uptime"])
def test_a_node_that_says_it_restarted_is_believed(cause: Cause, told: str) -> None:
    ends = uneven(8, cause)
    ends = [
        End(end.life_s, cause, reboots=1) if told == "count" else End(end.life_s, cause, booted_s=2)
        for end in ends
    ]
    assert set(shares_of(*ends)) <= {"the node crashes", "the node reboots"}


@pytest.mark.parametrize("told", ["count", "uptime"])
def test_a_node_that_says_it_did_not_restart_is_believed(told: str) -> None:
    ends = [
        End(end.life_s, Cause.RESET, heard_s=20.0, reboots=0)
        if told == "count"
        else End(end.life_s, Cause.RESET, heard_s=20.0, booted_s=-9 * HOUR_S)
        for end in uneven(8)
    ]
    assert not {"the node crashes", "the node reboots"} & set(shares_of(*ends))


def test_a_reset_right_after_a_byte_is_no_crash() -> None:
    """It came from the living node."""
    assert "the node crashes" not in shares_of(*uneven(8, Cause.RESET, heard_s=1.0))


def test_crash_loops_are_never_a_client() -> None:
    """A node that crashes every 12 s, port closed for 5 s in between, nobody else there."""
    for failures, back_s in ((BOOTING, 5.0), ((), 2.0)):
        ends = [End(12.0 + n % 3, Cause.RESET, back_s, failures, heard_s=8.0) for n in range(60)]
        assert not {name for name in shares_of(*ends) if "client" in name}


def test_sessions_closed_in_a_row_by_a_node_that_restarted_are_no_client() -> None:
    ends = [End(40.0 + n * 7 % 60, reboots=1) for n in range(30)]
    assert not {name for name in shares_of(*ends) if "client" in name}


def test_a_single_closed_session_is_a_clients_if_the_node_did_not_restart() -> None:
    ends = uneven(8, reboots=0)
    assert shares_of(*ends) == {"another client takes the connection": 8}
    (share,) = shares(lived(*ends))
    assert [statement.observed for statement in share.evidence] == [INFERRED]


def test_a_node_that_crashes_by_the_clock_is_one_that_crashes() -> None:
    ends = [End(6 * HOUR_S - 4.0, Cause.RESET, reboots=1) for _ in range(20)]
    (share,) = shares(lived(*ends))
    assert share.verdict.name == "the node crashes"
    assert share.schedule is not None
    assert share.schedule.period_s == pytest.approx(6 * HOUR_S, rel=0.01)


def test_a_network_that_the_gateway_answered_through_is_the_nodes() -> None:
    ends = uneven(8, Cause.SILENCE, gateway=True)
    (share,) = shares(lived(*ends))
    assert share.verdict.name == "network or power"
    assert any("la passerelle, elle, répondait" in one.text for one in share.evidence)


def test_silences_of_a_bot_that_asks_are_no_quiet_mesh() -> None:
    """The very same nights, told by a bot that asked before it declared them."""
    quiet = ENDS["quiet mesh, not a fault"]()
    asked = [End(end.life_s, end.cause, end.back_s) for end in quiet]
    assert set(shares_of(*asked)) == {"network or power"}


def test_silences_after_which_the_node_was_away_are_no_quiet_mesh() -> None:
    quiet = ENDS["quiet mesh, not a fault"]()
    away = [End(end.life_s, end.cause, 60.0, AWAY, asked=False) for end in quiet]
    assert set(shares_of(*away)) == {"network or power"}
