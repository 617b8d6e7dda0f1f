"""Whom a full table forgets first: who proved nothing, of the day and the way that brought most."""

import pytest

from meshbot.mesh.node_worth import DAY_S, Standing, least_valuable, shares_of
from meshbot.model.known_node import KnownNode

NO_SHARES = dict.fromkeys(Standing, 0)
MONDAY, TUESDAY = 20_000 * DAY_S, 20_001 * DAY_S


def met(num: int, since: int, last_heard: int = 0, snr_db: float | None = 1.0) -> KnownNode:
    return KnownNode(num, known_since=since, last_heard=last_heard or since, snr_db=snr_db)


def gone(nodes: list[KnownNode], count: int) -> list[int]:
    """Return who is forgotten of nodes that are only met."""
    chosen = least_valuable(nodes, lambda _: Standing.MET, NO_SHARES, count)
    return sorted(node.num for node in chosen)


def test_the_day_that_brought_most_gives_way_and_who_was_there_before_stays() -> None:
    before = [met(num, MONDAY + num) for num in range(1, 5)]
    flood = [met(num, TUESDAY, TUESDAY + num) for num in range(100, 120)]
    assert gone(before + flood, 10) == list(range(100, 110)), "those heard longest ago"


def test_days_end_alike_when_more_must_go() -> None:
    before = [met(num, MONDAY, MONDAY + num) for num in range(1, 9)]
    flood = [met(num, TUESDAY, TUESDAY + num) for num in range(100, 112)]
    assert gone(before + flood, 10) == [1, 2, 3, *range(100, 107)]


def test_names_that_come_over_a_network_do_not_push_out_who_is_heard_by_radio() -> None:
    by_radio = [met(num, TUESDAY, TUESDAY + num) for num in range(1, 5)]
    by_network = [met(num, TUESDAY, TUESDAY + 50 + num, snr_db=None) for num in range(100, 120)]
    assert min(gone(by_radio + by_network, 10)) >= 100


def test_who_is_heard_again_in_the_midst_of_a_flood_stays() -> None:
    flood = [met(num, TUESDAY, TUESDAY + num) for num in range(100, 120)]
    flood[0].last_heard = TUESDAY + 500
    assert gone(flood, 19) == list(range(101, 120))


def test_heard_in_this_run_is_later_than_any_wall_clock_says() -> None:
    ahead = met(1, TUESDAY, TUESDAY + 10**9)
    now = met(2, TUESDAY)
    now.heard_s = 5.0
    assert gone([ahead, now], 1) == [1]


def test_those_met_before_that_was_noted_go_by_when_they_were_heard() -> None:
    """As an older version left them: their flood is told apart by its day all the same."""
    before = [met(num, 0, MONDAY) for num in range(1, 5)]
    flood = [met(num, 0, TUESDAY + num) for num in range(100, 120)]
    assert gone(before + flood, 10) == list(range(100, 110))


STANDINGS = {1: Standing.KEPT, 2: Standing.PROVEN, 3: Standing.IN_RADIO, 4: Standing.MET}


@pytest.mark.parametrize("count", range(5))
def test_the_lowest_standing_goes_first(count: int) -> None:
    nodes = [met(num, MONDAY) for num in (1, 2, 3, 4)]
    chosen = least_valuable(nodes, lambda node: STANDINGS[node.num], NO_SHARES, count)
    assert [node.num for node in chosen] == [4, 3, 2, 1][:count]


def test_each_standing_keeps_its_share_however_many_another_has() -> None:
    proven = [met(num, TUESDAY) for num in range(100)]
    others = [met(200, MONDAY), met(201, MONDAY)]
    shares = {**NO_SHARES, Standing.MET: 2, Standing.PROVEN: 50}
    chosen = least_valuable(
        proven + others,
        lambda node: Standing.PROVEN if node.num < 200 else Standing.MET,
        shares,
        60,
    )
    assert len(chosen) == 50, "as many as stand above their share"
    assert all(node.num < 200 for node in chosen)


@pytest.mark.parametrize("most", [100, 101, 20_000, 250_000])
def test_shares_leave_nothing_that_cannot_be_forgotten(most: int) -> None:
    assert sum(shares_of(most).values()) <= most
    assert all(shares_of(most).values())
