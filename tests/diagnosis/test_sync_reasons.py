"""What speaks for or against the sync is said in plain words, each probability by its figures."""

import re
from dataclasses import replace

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.diagnosis.sync_reasons import accusation, comparison_reason, syncs_text
from meshbot.model.cause import Cause
from tests.diagnosis.made import End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history


def reasons(history: LinkHistory) -> list[str]:
    return diagnose(history).sync_reasons


def accusing(after: int, near: int) -> SyncEvidence:
    return SyncEvidence(
        syncs=100,
        after=LossRate(after, 9_000.0),
        beyond=LossRate(near, 9_000.0),
        whole=LossRate(after + near, 604_800.0),
    )


def test_an_accusation_says_both_figures_and_then_the_probability() -> None:
    text = accusation(accusing(66, 4))
    assert text == (
        "66 coupures ont commencé dans les 90 s après une synchronisation, pour "
        "100 synchronisations ; autant de temps voisin, sans elle, en a 4 (p < 0,001)"
    )
    assert "(p = 0,031)" in accusation(accusing(5, 0))


def test_no_session_that_outlives_its_sync_is_said_so() -> None:
    ends = [End(3_600.0, Cause.RESET), *(End(100.0, Cause.RESET, heard_s=20.0) for _ in range(14))]
    (reason,) = reasons(lived(*ends))
    assert reason == (
        "14 sessions sur 15 n'ont pas survécu à leur synchronisation ; aucune n'a été perdue "
        "avant elle"
    )


@pytest.mark.parametrize(
    ("early", "words"), [(1, "; 1 seule a été perdue avant"), (2, "; 2 ont été perdues avant")]
)
def test_sessions_lost_before_their_sync_are_counted_in_good_french(early: int, words: str) -> None:
    sync = SyncEvidence(killed=60, outlived=1, before=LossRate(early, 600.0))
    assert words in accusation(sync)


def test_an_acquittal_says_what_is_still_possible() -> None:
    (reason,) = reasons(sample_history("crash every 6 h"))
    assert re.fullmatch(
        r"synchronisation hors de cause : 0 coupure dans les 90 s après 72 synchronisations ; "
        r"autant de temps voisin, sans elle, en a 0 \(p = 1,000\) ; à 95 %, au plus \d+ % des "
        r"synchronisations en causeraient une",
        reason,
    )


def test_too_little_is_said_to_be_that() -> None:
    assert reasons(lived(*uneven(1))) == [
        "trop peu de données pour juger la synchronisation : 0 coupure dans les 90 s après "
        "1 synchronisation"
    ]


def test_many_losses_that_prove_nothing_are_not_called_too_few() -> None:
    """Sessions of a fighting phone are short with the sync and without it."""
    (reason,) = reasons(sample_history("phone by hand"))
    assert reason.startswith("synchronisation ni accusée ni innocentée : ")
    assert "trop peu" not in reason
    assert ", mais " in reason
    assert re.search(r"en a [\d,]+ \(p [=<] [\d,]+\)", reason)


def test_without_a_sync_there_is_nothing_to_say() -> None:
    history = lived(*uneven(8), sync_after_s=None, skips=[None] * 9)
    history.sessions[0].syncs = []
    assert reasons(history) == []


def test_silences_begun_before_are_told_with_an_example() -> None:
    ends = [End(10.0, Cause.SILENCE, silence_s=125.0), *uneven(3, Cause.SILENCE)]
    one = reasons(lived(*uneven(1), ends[0], *ends[1:], sync_after_s=80.0))
    assert "1 silence de 125 s avait commencé 70 s avant la synchronisation" in one
    two = reasons(lived(*uneven(1), ends[0], ends[0], *ends[1:], sync_after_s=80.0))
    assert (
        "2 silences avaient commencé avant la synchronisation, l'un d'eux, de 125 s, 70 s avant"
        in two
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 synchronisation"),
        (1, "1 synchronisation"),
        (2, "2 synchronisations"),
    ],
)
def test_syncs_are_counted_in_good_french(count: int, text: str) -> None:
    assert syncs_text(count) == text


def test_a_comparison_says_rates_probability_and_what_it_is_worth() -> None:
    same = SkipComparison(118, 168.0, 123, 168.0)
    assert comparison_reason(same) == (
        "16,9 coupures par jour avec la synchronisation, 17,6 sans (p = 0,797 ; "
        "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT) : le réglage n'y change rien"
    )
    more = comparison_reason(replace(same, losses_without=60))
    assert more.endswith(
        ", mais à des moments différents, où autre chose a pu changer : cela ne prouve rien"
    )
    assert "(p < 0,001 ; " in more
    few = comparison_reason(SkipComparison(3, 168.0, 2, 168.0))
    assert few.endswith(" : cette différence ne veut rien dire")
