"""The key sync is accused by order and by chance, and cleared by them."""

import random

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.diagnosis.losses_around_syncs import sync_evidence
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import DAY_S, NOON_S, End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history
from tests.diagnosis.weeks.judged import reader


def from_text(*lines: str) -> LinkHistory:
    return history_of(reader().events(lines))


def accused(history: LinkHistory) -> bool | None:
    return diagnose(history).sync_accused


# -- Order: when did the silence begin? --------------------------------------------------------


def test_a_sync_after_the_last_sign_of_life_did_not_cause_the_silence() -> None:
    """Declared at 14:52:28 after 124 s, so begun at 14:50:24; the sync ran 23 s later."""
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
    assert loss.began_s % DAY_S == 14 * 3_600 + 50 * 60 + 24
    history.questions = [0]  # of a busy mesh, which hardly ever says nothing
    found = sync_evidence(history)
    assert (found.syncs, found.after.losses, found.began_before) == (0, 0, 1)
    reasons = diagnose(history).sync_reasons
    assert "1 silence de 124 s avait commencé 23 s avant la synchronisation" in reasons


def test_on_a_mesh_that_may_be_quiet_half_a_minute_is_no_alibi() -> None:
    """The node is asked after 30 s of silence only: until then it may have lived."""
    for silent_s, after in ((23.0, 1), (40.0, 0)):
        ended = End(30.0 - silent_s + 30.0, Cause.SILENCE, silence_s=121.0)
        found = sync_evidence(lived(*uneven(1), ended, sync_after_s=60.0))
        assert (found.after.losses, found.began_before) == (after, 1)


def test_silences_begun_before_the_sync_never_accuse_it_however_many() -> None:
    """Half of the sessions go deaf 3 to 25 s after the reconnection: the sync runs at 30 s."""
    for seed in range(20):
        rng = random.Random(seed)
        ends = [
            End(
                rng.uniform(3.0, 25.0) if rng.random() < 0.5 else rng.expovariate(5 / DAY_S),
                Cause.SILENCE,
                silence_s=rng.uniform(120.0, 130.0),
            )
            for _ in range(60)
        ]
        found = sync_evidence(lived(*ends, busy=True))
        assert found.began_before > 10
        assert not found.suspect


def test_last_signs_of_life_just_before_syncs_do_not_clear_it() -> None:
    """A live node may say nothing for half a minute: such a sync is no alibi."""
    ends = [
        End(20.0 if n % 2 else 9_000.0 + 700 * (n % 7), Cause.SILENCE, silence_s=121.0)
        for n in range(40)
    ]
    history = lived(*ends, busy=True)
    found = sync_evidence(history)
    assert found.doubtful and not found.cleared
    assert accused(history) is None
    assert any("n'est pas innocentée" in reason for reason in diagnose(history).sync_reasons)


# -- When a loss counts ------------------------------------------------------------------------


@pytest.mark.parametrize("heard_s", [5.0, 29.0, None])
def test_a_reset_up_to_half_a_minute_late_is_still_one_after_the_sync(
    heard_s: float | None,
) -> None:
    """Lost 85 s after the sync, noticed with the next heartbeat, up to 115 s after it."""
    ends = uneven(6)
    for _ in range(6):
        noticed_s = 30.0 + 85.0 + (heard_s or 25.0)
        ends += [*uneven(1), End(noticed_s, Cause.RESET, heard_s=heard_s)]
    assert sync_evidence(lived(*ends)).after.losses == 6


def test_the_sync_of_a_first_connection_accuses_nobody() -> None:
    """The bot starts, syncs at once, and the sending of the database kills the link: ten times."""
    events: list[LinkEvent] = []
    for run in range(10):
        at_s = NOON_S + run * 3_600
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
    assert diagnosis.verdict.name == "the node-database dump"
    assert diagnosis.sync.after.losses == 0


# -- Chance ------------------------------------------------------------------------------------


def evidence(
    after: int, near: int, *, syncs: int = 100, before: int = 0, far: int | None = None
) -> SyncEvidence:
    """Return counts after so many syncs, in comparable time, and in ten days ``far`` from any."""
    far = near if far is None else far
    made = SyncEvidence(
        syncs=syncs,
        after=LossRate(after, 90.0 * syncs),
        before=LossRate(before, 30.0 * syncs),
        beyond=LossRate(near, 240.0 * syncs),
        outlived=syncs,
    )
    made.whole = LossRate(after + before + near + far, 360.0 * syncs + 10 * DAY_S)
    return made


@pytest.mark.parametrize(
    ("found", "suspect", "cleared"),
    [
        (evidence(0, 0), False, True),
        (evidence(2, 0), False, True),
        (evidence(30, 2), True, False),
        (evidence(30, 80, far=600), False, True),
        (evidence(30, 35, before=16), False, False),  # as frequent before: the hour is bad
        (evidence(0, 0, syncs=5), False, False),
        (evidence(0, 0, syncs=0), False, False),
    ],
)
def test_evidence_accuses_clears_or_does_neither(
    found: SyncEvidence, suspect: bool, cleared: bool
) -> None:
    assert (found.suspect, found.cleared) == (suspect, cleared)


def test_fewer_losses_than_chance_gives_never_accuse() -> None:
    """Such as "6 losses, chance would give 180"."""
    for after in range(60):
        found = evidence(after, 0, far=60 * 10 * 9_600 // 9_000)
        assert not (found.suspect and found.after.losses < found.expected)
        crowded = evidence(after, 300, far=3_000)
        assert not crowded.suspect


def test_losses_of_their_own_kind_do_not_accuse_it() -> None:
    found = evidence(30, 2)
    found.of_own_kind = True
    assert not found.suspect


def test_no_session_that_outlives_its_sync_is_the_strongest_evidence() -> None:
    ends = [End(3_600.0, Cause.RESET), *(End(100.0, Cause.RESET, heard_s=20.0) for _ in range(10))]
    found = sync_evidence(lived(*ends))
    assert (found.killed, found.outlived) == (10, 1)  # the last session lives
    assert found.none_outlives and found.suspect
    # As many that die before the sync could run as after it are no work of the sync.
    early = [End(10.0, Cause.RESET, heard_s=1.0) if n % 2 else end for n, end in enumerate(ends)]
    assert not sync_evidence(lived(*early)).none_outlives


def test_few_sessions_that_die_after_their_sync_are_no_rule() -> None:
    ends = [End(100.0, Cause.RESET, heard_s=20.0) for _ in range(3)]
    assert not sync_evidence(lived(*ends)).none_outlives


def test_losses_at_the_same_age_without_a_sync_do_not_accuse_it() -> None:
    """Sessions die about a minute after they began, with the sync and on the days without it."""
    long = uneven(40, least_s=4_000.0)
    ends = [End(50.0 + 37 * (n % 11) / 10, Cause.FIN) if n % 2 else long[n // 2] for n in range(80)]
    skips = [n // 20 % 2 == 1 for n in range(81)]
    assert sync_evidence(lived(*ends, skips=skips)).same_age.losses >= 10
    assert accused(lived(*ends, skips=skips)) is not True


@pytest.mark.slow
def test_a_sync_that_kills_is_found_on_the_days_when_it_is_not_skipped() -> None:
    for seed in range(4):
        history = sample_history("sync 0.5, FIN", seed=seed, days=10, tries_both=True)
        assert accused(history) is True


@pytest.mark.slow
@pytest.mark.parametrize("per_day", [2.0, 8.0, 30.0])
@pytest.mark.parametrize("cause", [Cause.FIN, Cause.SILENCE, Cause.RESET])
def test_losses_that_come_at_any_time_hardly_ever_accuse_it(per_day: float, cause: Cause) -> None:
    accusations = 0
    for seed in range(20):
        rng = random.Random(f"{seed} {cause} {per_day}")
        ends = [End(rng.expovariate(per_day / DAY_S), cause) for _ in range(int(per_day * 7))]
        accusations += accused(lived(*ends)) is True
    assert accusations <= 1


@pytest.mark.slow
@pytest.mark.parametrize("cause", [Cause.FIN, Cause.SILENCE, Cause.RESET])
def test_a_sync_that_kills_every_second_time_is_found_in_a_week(cause: Cause) -> None:
    found = 0
    for seed in range(20):
        rng = random.Random(f"{seed} {cause}")
        ends = []
        for _ in range(40):
            life_s = rng.expovariate(3 / DAY_S)
            if rng.random() < 0.5:
                life_s = min(life_s, 30.0 + rng.uniform(10.0, 60.0))
            asked_s = rng.uniform(0.0, 30.0) if cause is Cause.RESET else 0.0
            ends.append(End(life_s + asked_s, cause, heard_s=asked_s + rng.uniform(0.0, 15.0)))
        found += accused(lived(*ends)) is True
    assert found >= 19


def test_losses_that_keep_their_own_time_do_not_accuse_it() -> None:
    """A client that comes every 900 s, beside a sync every 300 s."""
    ends = [End(896.0) for _ in range(100)]
    history = lived(*ends, periodic_s=300.0)
    assert accused(history) is False


def test_bad_times_do_not_clear_a_sync_that_losses_follow() -> None:
    """Half of the syncs are followed by a loss, and more losses come near them: who knows?"""
    found = SyncEvidence(
        syncs=14, after=LossRate(7, 900.0), beyond=LossRate(8, 430.0), whole=LossRate(15, 5_000.0)
    )
    assert not found.suspect
    assert not found.cleared
