"""The headline is what the operator should do: what explains most leads, and its remedy."""

import pytest

from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.verdicts import VERDICTS
from meshbot.model.cause import Cause
from tests.diagnosis.made import NOON_S, End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history

CRASH = "le nœud plante et revient aussitôt"


def mixed(network: int, crashes: int, unexplained: int = 0) -> Diagnosis:
    ends = [
        *uneven(network, Cause.SILENCE),
        *uneven(crashes, Cause.RESET, heard_s=20.0),
        *uneven(unexplained),
    ]
    return diagnose(lived(*ends))


def test_what_explains_most_leads_with_its_remedy() -> None:
    diagnosis = mixed(10, 4)
    assert diagnosis.verdict.name == "network or power"
    assert diagnosis.headline == (
        f"réseau ou alimentation (71 %), {CRASH} (29 %) : vérifier le Wi-Fi du nœud"
    )
    assert mixed(4, 10).verdict.name == "the node crashes"


def test_a_cause_of_few_losses_is_not_in_the_headline_but_in_the_report() -> None:
    diagnosis = mixed(20, 2)
    assert CRASH not in diagnosis.headline
    assert [share.verdict.text for share in diagnosis.shares][1] == CRASH
    assert not any("firmware" in advice for advice in diagnosis.advice)
    assert any("firmware" in advice for advice in mixed(10, 4).advice)


def test_the_advice_on_what_leads_comes_first_and_none_twice() -> None:
    diagnosis = mixed(10, 4)
    assert "Wi-Fi" in diagnosis.advice[0]
    assert len(diagnosis.advice) == len(set(diagnosis.advice))


def test_the_unexplained_leads_only_where_nothing_else_explains_a_fifth() -> None:
    assert mixed(6, 0, 12).verdict.name == "network or power"
    assert mixed(2, 0, 16).verdict.name == "unexplained"


def test_the_sync_leads_when_it_has_a_fifth_though_another_has_more() -> None:
    diagnosis = diagnose(sample_history("sync 0.3, reboot", seed=6))
    first, second = diagnosis.shares[:2]
    assert first.verdict.name == "network or power"
    assert second.verdict.name == "sync suspected" and 0.2 <= second.share < first.share
    assert diagnosis.verdict is second.verdict
    assert diagnosis.headline.startswith("la synchronisation des clés est suspecte")
    assert "TCP_SYNC_TRIAL" in diagnosis.headline and "TCP_SYNC_TRIAL" in diagnosis.advice[0]


def test_an_acquittal_is_never_the_headline_of_many_losses() -> None:
    diagnosis = diagnose(sample_history("crash every 6 h"))
    assert diagnosis.sync_accused is False
    assert diagnosis.verdict.name == "the node crashes"
    assert "synchronisation" not in diagnosis.headline
    assert any("hors de cause" in reason for reason in diagnosis.sync_reasons)


def test_many_losses_without_a_cause_get_an_experiment() -> None:
    """And not "let it run"."""
    closed = diagnose(lived(*uneven(12)))
    assert closed.verdict.name == "unexplained"
    assert "fermer toute application" in closed.advice[0]
    assert any("TCP_SYNC_TRIAL" in advice for advice in closed.advice)
    other = diagnose(lived(*uneven(12, Cause.RESET, heard_s=1.0)))
    assert "près du point d'accès" in other.advice[0]
    for diagnosis in (closed, other):
        assert not any("Laisser tourner" in advice for advice in diagnosis.advice)


def test_a_schedule_is_in_the_headline() -> None:
    diagnosis = diagnose(sample_history("Wi-Fi in the afternoon"))
    assert diagnosis.headline.startswith("coupures surtout entre 1")
    client = diagnose(sample_history("client every 10 min", days=1))
    assert "à intervalle fixe, toutes les 10 min (100 %) : arrêter" in client.headline
    phone = diagnose(sample_history("phone by hand"))
    assert phone.headline.startswith("un autre client prend la connexion, surtout entre 1")


# -- Too little, or nothing --------------------------------------------------------------------


def test_one_loss_is_not_enough_to_judge() -> None:
    diagnosis = diagnose(lived(End(83_000.0), last_s=3_400.0))
    assert diagnosis.figures.losses == 1
    assert diagnosis.verdict.name == "not enough data"
    assert diagnosis.statements[0].text == "1 coupure seulement en 1 j 0 h"
    assert diagnosis.advice == [
        "Laisser tourner le bot, refaire ce rapport dans un jour ou deux.",
    ]


def test_three_losses_are_enough() -> None:
    assert diagnose(lived(*uneven(2, Cause.SILENCE))).verdict.name == "not enough data"
    assert diagnose(lived(*uneven(3, Cause.SILENCE))).verdict.name == "network or power"


def test_a_place_given_up_is_enough() -> None:
    history = lived(End(5_000.0), End(20.0))
    history.contests = [history.losses[-1].declared_s]
    assert diagnose(history).verdict.name == "another client takes the connection"


def test_no_loss_and_no_sync_to_speak_of_is_not_enough() -> None:
    diagnosis = diagnose(lived(sync_after_s=None, last_s=172_800.0))
    assert diagnosis.verdict.name == "not enough data"
    assert "aucune coupure en 2 j 0 h" in diagnosis.statements[0].text


def test_nothing_at_all_is_not_enough_to_judge() -> None:
    diagnosis = diagnose(LinkHistory())
    assert diagnosis.verdict.name == "not enough data"
    assert diagnosis.figures.uptime_percent is None
    assert [criterion.passed for criterion in diagnosis.criteria] == [None] * 4


def test_syncs_without_any_loss_are_cleared() -> None:
    diagnosis = diagnose(lived(periodic_s=300.0, last_s=60_000.0))
    assert diagnosis.verdict.name == "sync cleared"
    assert diagnosis.sync_accused is False
    assert "pour 199 synchronisations" in diagnosis.statements[0].text


# -- A node that cannot use the air ------------------------------------------------------------


@pytest.mark.parametrize("node", [{"region": "UNSET"}, {"region": "EU_868", "transmits": False}])
def test_a_node_off_the_air_is_said_before_all_else(node: dict[str, object]) -> None:
    history = lived(*uneven(8, Cause.SILENCE))
    history.node = node
    diagnosis = diagnose(history)
    assert diagnosis.verdict.name == "region unset or transmitter off"
    assert "région" in diagnosis.headline
    assert len(diagnosis.statements) == 1
    assert diagnosis.shares[0].verdict.name == "network or power"
    assert "Régler la région" in diagnosis.advice[0]


def test_a_node_on_the_air_is_not() -> None:
    history = lived(last_s=NOON_S)
    history.node = {"region": "EU_868", "transmits": True}
    assert diagnose(history).verdict.name != "region unset or transmitter off"


def test_names_texts_and_remedies_are_told_apart() -> None:
    assert len({verdict.name for verdict in VERDICTS}) == len(VERDICTS)
    assert len({verdict.text for verdict in VERDICTS}) == len(VERDICTS)
    for verdict in VERDICTS:
        assert " : " not in verdict.text + verdict.remedy  # the headline has one colon
