"""The verdicts, on made-up histories whose cause is known; and what the statistics promise."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from meshbot.diagnosis.binomial import binomial_tail, upper_bound
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts.another_client import ANOTHER_CLIENT
from meshbot.diagnosis.verdicts.database_dump import DATABASE_DUMP
from meshbot.diagnosis.verdicts.network_or_power import NETWORK_OR_POWER
from meshbot.diagnosis.verdicts.node_reboots import NODE_REBOOTS
from meshbot.diagnosis.verdicts.not_enough_data import NOT_ENOUGH_DATA
from meshbot.diagnosis.verdicts.quiet_mesh import QUIET_MESH
from meshbot.diagnosis.verdicts.sync_cleared import SYNC_CLEARED
from meshbot.diagnosis.verdicts.sync_suspected import SYNC_SUSPECTED
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.histories import (
    BASE_S,
    DAY_S,
    Cut,
    Fault,
    Opened,
    another_client,
    bad_network,
    database_dump,
    in_bursts,
    independent,
    journal,
    never,
    odd_days,
    play,
    quiet_nights,
    reboots,
    soon_after_reconnections,
    sync_kills,
)

Make = Callable[[random.Random], Fault]


def from_text(*lines: str) -> LinkHistory:
    return history_of(JournalReader(lambda: BASE_S + 60 * DAY_S).events(lines))


def told(make: Make, seed: int, *, days: float = 30, older: bool = False) -> Diagnosis:
    """Return the diagnosis on the text journal of a month."""
    rng = random.Random(seed)
    events = play(rng, days, make(rng), asks=not older)
    return diagnose(from_text(*journal(events, older=older)))


def played(make: Make, seed: int, *, days: float = 7, skip: bool = False) -> Diagnosis:
    """Return the diagnosis on the events of a week."""
    rng = random.Random(seed)
    events = play(rng, days, make(rng), skip=odd_days if skip else never)
    return diagnose(history_of(events))


# -- Each verdict, from a text journal of thirty days ------------------------------------------

LOSSES: Make = lambda rng: independent(rng, 4.0, silent=False)  # noqa: E731
KILLS: Make = lambda rng: sync_kills(rng, 3.0)  # noqa: E731


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("make", "older", "verdict"),
    [
        pytest.param(LOSSES, False, SYNC_CLEARED, id="independent losses"),
        pytest.param(LOSSES, True, SYNC_CLEARED, id="independent losses, older bot"),
        pytest.param(KILLS, False, SYNC_SUSPECTED, id="the sync kills"),
        pytest.param(KILLS, True, SYNC_SUSPECTED, id="the sync kills, older bot"),
        pytest.param(another_client, False, ANOTHER_CLIENT, id="another client"),
        pytest.param(another_client, True, ANOTHER_CLIENT, id="another client, older bot"),
        pytest.param(database_dump, False, DATABASE_DUMP, id="dump"),
        pytest.param(reboots, False, NODE_REBOOTS, id="reboots"),
        pytest.param(reboots, True, NODE_REBOOTS, id="reboots, older bot"),
        pytest.param(bad_network, False, NETWORK_OR_POWER, id="network"),
        pytest.param(bad_network, True, NETWORK_OR_POWER, id="network, older bot"),
        pytest.param(quiet_nights, True, QUIET_MESH, id="quiet mesh, older bot"),
    ],
)
@pytest.mark.slow
def test_the_cause_of_a_month_is_found(
    make: Make, older: bool, verdict: Verdict, seed: int
) -> None:
    diagnosis = told(make, seed, older=older)
    assert diagnosis.verdict is verdict, diagnosis.reasons
    assert diagnosis.reasons and diagnosis.advice


def test_one_loss_is_not_enough_to_judge() -> None:
    diagnosis = played(lambda rng: independent(rng, 0.001, silent=False), 1, days=2)
    assert diagnosis.verdict is NOT_ENOUGH_DATA
    assert "aucune coupure en 2 j 0 h" in diagnosis.reasons[0]

    def once(opened: Opened) -> Cut:
        return Cut(opened.start_s + (DAY_S if opened.number == 1 else 9 * DAY_S))

    diagnosis = diagnose(history_of(play(random.Random(1), 1.01, once)))
    assert diagnosis.figures.losses == 1
    assert diagnosis.verdict is NOT_ENOUGH_DATA
    assert diagnosis.reasons[0] == "1 coupure seulement en 1 j 0 h"


def test_nothing_at_all_is_not_enough_to_judge() -> None:
    diagnosis = diagnose(history_of([]))
    assert diagnosis.verdict is NOT_ENOUGH_DATA
    assert diagnosis.figures.uptime_percent is None
    assert [criterion.passed for criterion in diagnosis.criteria] == [None] * 4


@pytest.mark.slow
def test_silences_of_this_bot_are_no_quiet_mesh() -> None:
    """The very same nights, told by a bot that asked before it declared them."""
    rng = random.Random(1)
    events = play(rng, 10, quiet_nights(rng), asks=True)
    assert diagnose(from_text(*journal(events))).verdict is NETWORK_OR_POWER


def test_syncs_without_any_loss_are_cleared() -> None:
    periodic = [LinkEvent(EventKind.SYNC_COMPLETE, BASE_S + 300 * n, count=40) for n in range(200)]
    alive = LinkEvent(EventKind.ALIVE, BASE_S + 300 * 200)
    events = [LinkEvent(EventKind.CONNECTED, BASE_S - 1_000), *periodic, alive]
    diagnosis = diagnose(history_of(events))
    assert diagnosis.verdict is SYNC_CLEARED
    assert "pour 200 synchronisations" in diagnosis.reasons[0]


# -- Order: when did the silence begin? --------------------------------------------------------


def test_a_sync_after_the_last_sign_of_life_did_not_cause_the_silence() -> None:
    """The example: declared at 14:52:28 after 124 s, so begun at 14:50:24; the sync ran later."""
    history = from_text(
        "14:50:17 [INFO] ✅ Reconnexion TCP réussie (background)",
        "14:50:17 [INFO] 🔑 Synchronisation clés publiques programmée dans 30s...",
        "14:50:47 [INFO] 🔑 Démarrage synchronisation clés publiques différée...",
        "14:50:47 [INFO] 🔄 Starting public key synchronization to interface.nodes...",
        "14:50:47 [INFO] ✅ SYNC COMPLETE: 42 public keys synchronized",
        "14:52:28 [INFO] ⚠️ SILENCE TCP: 124s sans paquet (max: 120s)",
        "14:52:28 [INFO] 🔄 Tentative de reconnexion TCP n°1, après : silence",
        "14:52:46 [INFO] ✅ Reconnexion TCP réussie (background)",
    )
    (loss,) = history.losses
    of_day_s = loss.began_s % DAY_S
    assert of_day_s == 14 * 3_600 + 50 * 60 + 24
    diagnosis = diagnose(history)
    assert (diagnosis.sync.syncs, diagnosis.sync.after.losses, diagnosis.sync.began_before) == (
        0,
        0,
        1,
    )
    assert any("l'un de 124 s, 23 s plus tôt" in reason for reason in diagnosis.reasons)


def test_silences_begun_before_the_sync_never_accuse_it_however_many() -> None:
    def fault_of(rng: random.Random) -> Fault:
        """Half of the sessions go deaf 3 to 25 s after the reconnection: the sync runs at 30 s."""
        slow = independent(rng, 5.0)
        early = soon_after_reconnections(rng, 5.0, within_s=25.0, share=1.0)

        def fault(opened: Opened) -> Cut:
            if opened.number > 1 and rng.random() < 0.5:
                cut = early(opened)
                return Cut(cut.at_s, "silence", rng.uniform(120.0, 130.0))
            return slow(opened)

        return fault

    for seed in range(20):
        diagnosis = played(fault_of, seed)
        assert diagnosis.sync.began_before > 10
        assert diagnosis.verdict is NETWORK_OR_POWER


# -- Chance ------------------------------------------------------------------------------------

_INDEPENDENT: dict[str, tuple[int, Make, bool]] = {
    **{
        f"{rate} a day, {'silent' if silent else 'cut'}": (
            count,
            partial(independent, per_day=rate, silent=silent),
            False,
        )
        for rate, count in ((1.0, 170), (2.0, 150), (4.0, 90), (10.0, 30), (24.0, 8))
        for silent in (True, False)
    },
    "skipped every other day": (30, partial(independent, per_day=8.0), True),
    "bad hours": (10, in_bursts, False),
    "bad ten minutes": (
        30,
        partial(in_bursts, burst_s=600.0, spacing_s=60.0, every_s=21_600.0),
        False,
    ),
    "silent bad hours": (10, partial(in_bursts, silent=True), False),
    "first seconds": (40, partial(soon_after_reconnections, per_day=3.0), False),
    "first minute": (40, partial(soon_after_reconnections, per_day=3.0, within_s=60.0), False),
}
"""How many weeks of which losses that have nothing to do with the sync."""


@pytest.mark.slow
def test_independent_losses_accuse_the_sync_in_one_history_of_twenty_at_most() -> None:
    accused: Counter[str] = Counter()
    total = 0
    for name, (count, make, skip) in _INDEPENDENT.items():
        for seed in range(count):
            total += 1
            accused[name] += played(make, seed, skip=skip).verdict is SYNC_SUSPECTED
        assert accused[name] <= max(2, 0.05 * count), accused
    assert total >= 1_000
    assert accused.total() <= 0.05 * total, accused


@pytest.mark.parametrize("silent", [True, False], ids=["silences", "cuts"])
@pytest.mark.parametrize(("per_day", "count"), [(2.0, 120), (4.0, 100), (10.0, 40)])
@pytest.mark.slow
def test_a_sync_that_kills_every_second_time_is_found_in_a_week(
    per_day: float, count: int, silent: bool
) -> None:
    found = [
        played(partial(sync_kills, per_day=per_day, silent=silent), seed).verdict
        for seed in range(1_000, 1_000 + count)
    ]
    assert found.count(SYNC_SUSPECTED) >= 0.95 * count, Counter(verdict.name for verdict in found)


def test_the_sync_of_a_first_connection_accuses_nobody() -> None:
    """The bot starts, syncs at once, and the sending of the database kills the link: ten times."""
    events: list[LinkEvent] = []
    for run in range(10):
        at_s = BASE_S + run * 3_600
        events += [
            LinkEvent(EventKind.STARTED, at_s, text="{}"),
            LinkEvent(EventKind.CONNECTED, at_s + 2, count=80),
            LinkEvent(EventKind.SYNC_STARTED, at_s + 2),
            LinkEvent(EventKind.SYNC_COMPLETE, at_s + 2, count=40),
            LinkEvent(EventKind.LOST, at_s + 8, text="connexion réinitialisée (RST)"),
            LinkEvent(EventKind.ATTEMPT, at_s + 8, count=1, text="RST"),
            LinkEvent(EventKind.CONNECTED, at_s + 9, count=1),
            LinkEvent(EventKind.RECONNECTED, at_s + 12, count=1),
        ]
    diagnosis = diagnose(history_of(events))
    assert diagnosis.verdict is DATABASE_DUMP
    assert diagnosis.sync.after.losses == 0


@pytest.mark.slow
def test_losses_at_the_same_age_without_a_sync_do_not_accuse_it() -> None:
    """Sessions die about a minute after they began, with the sync and on the days without it."""

    def make(rng: random.Random) -> Fault:
        slow = independent(rng, 6.0, silent=False)

        def fault(opened: Opened) -> Cut:
            if opened.number > 1 and rng.random() < 0.5:
                return Cut(opened.start_s + rng.uniform(50.0, 90.0))
            return slow(opened)

        return fault

    skipping = [played(make, seed, skip=True).verdict for seed in range(40)]
    assert skipping.count(SYNC_SUSPECTED) <= 2
    # Without those days nothing tells the one from the other, and the advice is to try them.
    never_skipping = played(make, 1)
    assert never_skipping.verdict is SYNC_SUSPECTED
    assert "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True" in never_skipping.advice[0]


def test_a_sync_that_kills_is_found_on_the_days_when_it_is_not_skipped() -> None:
    verdicts = [played(partial(sync_kills, per_day=6.0), n, skip=True).verdict for n in range(40)]
    assert verdicts.count(SYNC_SUSPECTED) >= 38


@pytest.mark.parametrize(
    ("successes", "trials", "chance", "tail"),
    [
        (0, 10, 0.5, 1.0),
        (10, 10, 0.5, 1 / 1_024),
        (8, 10, 0.5, 56 / 1_024),
        (1, 3, 0.1, 0.271),
        (2, 20, 0.05, 1 - 0.95**20 - 0.95**19),
        (3, 5, 0.375, 9_018 / 32_768),
        (1, 5, 0.0, 0.0),
        (5, 5, 1.0, 1.0),
    ],
)
def test_binomial_tails_have_their_known_values(
    successes: int, trials: int, chance: float, tail: float
) -> None:
    assert binomial_tail(successes, trials, chance) == pytest.approx(tail, rel=1e-9)


def test_binomial_tails_of_large_numbers_stay_probabilities() -> None:
    assert binomial_tail(50_000, 100_000, 0.5) == pytest.approx(0.5, abs=0.01)
    assert binomial_tail(60_000, 100_000, 0.5) == 0.0
    assert binomial_tail(1, 100_000, 0.9) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [
        (0, 10, 0.2588656),  # 1 - 0.05 ** (1 / 10)
        (0, 59, 0.0495071),
        (1, 10, 0.3941633),
        (5, 10, 0.7775589),
        (10, 10, 1.0),
        (0, 0, 1.0),
    ],
)
def test_upper_bounds_are_those_of_clopper_and_pearson(
    successes: int, trials: int, bound: float
) -> None:
    assert upper_bound(successes, trials) == pytest.approx(bound, abs=1e-6)


def evidence(after: int, control: int, *, syncs: int = 100, before: int = 0) -> SyncEvidence:
    return SyncEvidence(
        syncs=syncs,
        after=LossRate(after, 90.0 * syncs),
        control=LossRate(control, 150.0 * syncs),
        before=LossRate(before, 30.0 * syncs),
    )


@pytest.mark.parametrize(
    ("found", "suspect", "cleared"),
    [
        (evidence(0, 0), False, True),
        (evidence(2, 0), False, True),
        (evidence(30, 2), True, False),
        (evidence(30, 50), False, True),
        (evidence(30, 17, before=16), False, False),  # as frequent before: the hour is bad
        (evidence(0, 0, syncs=5), False, False),
        (evidence(0, 0, syncs=0), False, False),
    ],
)
def test_evidence_accuses_clears_or_does_neither(
    found: SyncEvidence, suspect: bool, cleared: bool
) -> None:
    assert (found.suspect, found.cleared) == (suspect, cleared)


# -- Both settings -----------------------------------------------------------------------------


def test_both_settings_are_compared() -> None:
    diagnosis = played(partial(sync_kills, per_day=4.0, share=0.7), 3, days=14, skip=True)
    comparison = diagnosis.comparison
    assert comparison is not None
    assert comparison.losses_with > 2 * comparison.losses_without > 0
    assert comparison.hours_with + comparison.hours_without == pytest.approx(14 * 24, rel=0.1)
    assert comparison.p_value < 0.05
    assert any(
        "sans (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT) : la différence n'est pas" in reason
        for reason in diagnosis.reasons
    )


def test_a_setting_that_makes_no_difference_is_called_so() -> None:
    meaningless = 0
    for seed in range(20):
        diagnosis = played(partial(independent, per_day=8.0), seed, skip=True)
        assert diagnosis.comparison is not None
        meaningless += any("ne veut rien dire" in reason for reason in diagnosis.reasons)
    assert meaningless >= 17


def test_one_setting_alone_is_not_compared() -> None:
    assert played(partial(independent, per_day=8.0), 1).comparison is None


def test_equal_rates_are_no_difference() -> None:
    assert SkipComparison(10, 100.0, 10, 100.0).p_value == pytest.approx(1.0)
    assert SkipComparison(20, 100.0, 0, 100.0).p_value == pytest.approx(2 / 2**20)
    assert SkipComparison(0, 100.0, 0, 100.0).p_value == 1.0


# -- The bot's promises ------------------------------------------------------------------------


def criteria(events: list[LinkEvent]) -> list[bool | None]:
    return [criterion.passed for criterion in diagnose(history_of(events)).criteria]


def silence_then(back_s: float, sync_s: float | None) -> list[LinkEvent]:
    """Return a silence that is over after ``back_s``, and a sync so long after it was declared."""
    K = EventKind  # noqa: N806
    events = [
        LinkEvent(K.STARTED, BASE_S, text="{}"),
        LinkEvent(K.CONNECTED, BASE_S + 1),
        LinkEvent(K.SILENCE, BASE_S + 1_000, seconds=121),
        LinkEvent(K.LOST, BASE_S + 1_000, text="silence"),
        LinkEvent(K.ATTEMPT, BASE_S + 1_015, count=1, text="silence"),
        LinkEvent(K.RECONNECTED, BASE_S + 1_000 + back_s, count=1),
        LinkEvent(K.SYNC_SCHEDULED, BASE_S + 1_000 + back_s, seconds=30),
        LinkEvent(K.ALIVE, BASE_S + 3_000),
    ]
    if sync_s is not None:
        events.insert(-1, LinkEvent(K.SYNC_COMPLETE, BASE_S + 1_000 + sync_s, count=40))
    return events


@pytest.mark.parametrize(
    ("back_s", "sync_s", "silence", "keys"),
    [
        (18.0, 48.0, True, True),
        (18.4, 48.4, True, True),
        (16.0, 46.0, True, True),
        (25.0, 55.0, False, True),
        (18.0, 120.0, True, False),
        (18.0, None, True, False),
    ],
)
def test_the_promises_about_silences_and_keys_are_checked(
    back_s: float, sync_s: float | None, silence: bool, keys: bool
) -> None:
    assert criteria(silence_then(back_s, sync_s))[:2] == [silence, keys]


def test_messages_opened_and_not_opened_are_a_promise() -> None:
    start = LinkEvent(EventKind.STARTED, BASE_S, text="{}")
    opened = LinkEvent(EventKind.MESSAGE_OPENED, BASE_S + 1)
    sealed = LinkEvent(EventKind.MESSAGE_NOT_OPENED, BASE_S + 1, text="x")
    assert criteria([start])[2] is None
    assert criteria([start, opened, sealed])[2] is True
    assert criteria([start, sealed])[2] is False


def test_no_loss_by_the_bot_is_a_promise_kept_broken_or_open() -> None:
    kept = told(LOSSES, 1).criteria[3]
    broken = told(KILLS, 1).criteria[3]
    assert (kept.passed, broken.passed) == (True, False)
    assert "hors de cause" in kept.evidence and "hasard" in broken.evidence


def test_figures_are_those_of_the_history() -> None:
    figures = diagnose(history_of(silence_then(18.0, 48.0))).figures
    assert (figures.losses, figures.reconnections, figures.syncs) == (1, 1, 1)
    assert figures.busiest_hour == 1
    assert figures.observed_s == 3_000
    assert figures.up_s == 3_000 - 1 - 121 - 18
    assert figures.longest_run_s == 3_000 - 1_018
    assert figures.median_outage_s == figures.longest_outage_s == 139
    assert figures.median_to_silence_s is None  # the first session was no reconnection
