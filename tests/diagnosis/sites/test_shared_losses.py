"""Which sites lose their links together: those with a cause in common, and no others."""

import random
from dataclasses import replace

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.sites.shared_losses import groups_of, shared_losses
from meshbot.diagnosis.sites.site import Site, site_of
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S, lost_at
from tests.diagnosis.sample_weeks import sample_history

WEEK_S = 7 * DAY_S


def site(name: str, *after_s: float) -> Site:
    """Return a site that was observed for a week and lost its link so long after its beginning."""
    history = lost_at(NOON_S + HOUR_S)
    history.in_utc = False
    made = site_of(name, history, diagnose(history))
    moments_s = sorted(NOON_S + one for one in after_s)
    return replace(
        made, first_s=NOON_S, last_s=NOON_S + WEEK_S, losses=len(moments_s), moments_s=moments_s
    )


def at_random(rng: random.Random, count: int) -> list[float]:
    return [rng.uniform(0, WEEK_S) for _ in range(count)]


def test_three_losses_together_are_a_relation_and_two_are_none() -> None:
    together = [20_000.0, 200_000.0, 400_000.0]
    one = site("attic", *together, 90_000.0)
    (found,) = shared_losses([one, site("garden", *(at_s + 25 for at_s in together))])
    assert (found.first, found.second) == ("attic", "garden")
    assert found.moments_s == tuple(NOON_S + at_s for at_s in together)
    assert (found.of_first, found.of_second) == (4, 3)
    assert found.expected < 0.1 and found.p_value < 0.001
    assert shared_losses([one, site("garden", *together[:2], 300_000.0)]) == []


@pytest.mark.parametrize(("apart_s", "related"), [(30.0, True), (-30.0, True), (31.0, False)])
def test_half_a_minute_is_together(apart_s: float, related: bool) -> None:
    moments_s = [20_000.0, 200_000.0, 400_000.0, 500_000.0]
    others = site("garden", *(at_s + apart_s for at_s in moments_s))
    assert bool(shared_losses([site("attic", *moments_s), others])) is related


def test_each_loss_makes_one_pair_at_most() -> None:
    """One site that flaps around the single loss of the other shares one loss."""
    moments_s = [20_000.0, 200_000.0]
    flapping = [at_s + n for at_s in moments_s for n in range(-20, 21, 5)]
    assert shared_losses([site("attic", *moments_s), site("garden", *flapping)]) == []


def test_a_bad_hour_that_both_have_by_chance_is_no_relation() -> None:
    rng = random.Random(3)
    bad = [[100_000.0 + rng.uniform(0, 5 * HOUR_S) for _ in range(150)] for _ in range(2)]
    assert shared_losses([site("attic", *bad[0]), site("garden", *bad[1])]) == []


def test_two_clients_that_come_by_the_clock_are_no_relation() -> None:
    """Every ten minutes here and there: moved by ten minutes they meet as often."""
    moments_s = [600.0 * n for n in range(1, 1_000)]
    others = site("garden", *(at_s + 10 for at_s in moments_s))
    assert shared_losses([site("attic", *moments_s), others]) == []


def test_only_the_time_counts_in_which_both_ran() -> None:
    moments_s = [20_000.0, 200_000.0, 400_000.0]
    later = replace(site("garden", *moments_s), first_s=NOON_S + 300_000.0)
    assert shared_losses([site("attic", *moments_s), later]) == []


def test_a_journal_that_does_not_tell_the_day_is_compared_with_none() -> None:
    moments_s = [20_000.0, 200_000.0, 400_000.0]
    undated = replace(site("garden", *moments_s), in_utc=True)
    assert shared_losses([site("attic", *moments_s), undated]) == []


def test_unrelated_sites_are_hardly_ever_said_to_be_related() -> None:
    """Three hundred pairs of which none is: at random, a few losses and many."""
    rng = random.Random(11)
    wrong = 0
    for _ in range(300):
        counts = [rng.choice((5, 30, 100, 400)) for _ in range(2)]
        sites = [site(str(n), *at_random(rng, count)) for n, count in enumerate(counts)]
        wrong += bool(shared_losses(sites))
    assert wrong <= 3


def test_a_shared_access_point_is_found_among_losses_of_their_own() -> None:
    rng = random.Random(5)
    shared = at_random(rng, 6)
    found = 0
    for _ in range(50):
        sites = [
            site(name, *at_random(rng, 40), *(at_s + rng.uniform(-14, 14) for at_s in shared))
            for name in ("attic", "garden")
        ]
        found += bool(shared_losses(sites))
    assert found == 50


def test_simulated_weeks_without_a_relation_have_none() -> None:
    """Real patterns: nights, afternoons, clients, reboots, each played with chances of its own."""
    kinds = ("steady Wi-Fi, often", "reboots", "phone by hand", "sync 0.5, hang")
    sites = [
        site_of(f"{kind} {seed}", history, diagnose(history))
        for kind in kinds
        for seed in (1, 2)
        for history in [sample_history(kind, seed=seed)]
    ]
    assert shared_losses(sites) == []


def test_the_same_access_point_is_found_in_simulated_weeks() -> None:
    history = sample_history("access point's power")
    own = sample_history("reboots")
    sites = [site_of(name, history, diagnose(history)) for name in ("attic", "garden")]
    sites.append(site_of("village", own, diagnose(own)))
    (found,) = shared_losses(sites)
    assert {found.first, found.second} == {"attic", "garden"}


def test_pairs_that_have_a_site_in_common_are_a_group() -> None:
    moments_s = [20_000.0, 200_000.0, 400_000.0]
    far = [30_000.0, 210_000.0, 410_000.0]
    names = ("a", "b", "c")
    sites = [site(name, *moments_s) for name in names] + [site(name, *far) for name in ("x", "y")]
    shared = shared_losses(sites)
    assert len(shared) == 4
    assert sorted(len(group) for group in groups_of(shared)) == [1, 3]
