"""How well a sender is known."""

import pytest

from meshbot.messages.sender_rank import SenderRank, rank_of
from meshbot.model.known_node import KnownNode

NOW = 1_700_000_000
NUM = 0xA
WEEK_S = 7 * 86_400


def node(since: int, *, name: str = "Ann") -> KnownNode:
    return KnownNode(NUM, long_name=name, known_since=since)


@pytest.mark.parametrize(
    ("known", "proven", "rank"),
    [
        (None, False, SenderRank.STRANGER),
        (None, True, SenderRank.NEWCOMER),
        (node(NOW - 60), False, SenderRank.STRANGER),
        (node(NOW - 60), True, SenderRank.NEWCOMER),
        (node(NOW - 3_599), True, SenderRank.NEWCOMER),
        (node(NOW - 3_600), True, SenderRank.REGULAR),
        (node(NOW - 3_600), False, SenderRank.KNOWN),
        (node(NOW - 3_600, name=""), False, SenderRank.STRANGER),
        (node(NOW - WEEK_S + 1), True, SenderRank.REGULAR),
        (node(NOW - WEEK_S), True, SenderRank.ESTABLISHED),
        (node(NOW - WEEK_S), False, SenderRank.KNOWN),
        (node(0), True, SenderRank.ESTABLISHED),
        (node(0), False, SenderRank.KNOWN),
        (node(0, name=""), False, SenderRank.STRANGER),
        (node(NOW + 86_400), True, SenderRank.ESTABLISHED),
    ],
)
def test_a_sender_is_as_well_known_as_proof_and_time_say(
    known: KnownNode | None, proven: bool, rank: SenderRank
) -> None:
    assert rank_of(known, proven=proven, is_admin=False, wall_s=NOW) is rank


def test_a_clock_that_does_not_know_the_year_makes_nobody_a_newcomer() -> None:
    assert rank_of(node(0), proven=True, is_admin=False, wall_s=100.0) is SenderRank.ESTABLISHED


def test_an_admin_counts_as_established_from_the_first_minute_if_he_proves_it() -> None:
    assert rank_of(node(NOW), proven=True, is_admin=True, wall_s=NOW) is SenderRank.ESTABLISHED
    assert rank_of(node(NOW), proven=False, is_admin=True, wall_s=NOW) is SenderRank.STRANGER
