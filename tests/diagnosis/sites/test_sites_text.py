"""How sites are told beside each other, however many there are and whatever they are called."""

import re
from dataclasses import replace

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.sites.shared_losses import SharedLosses
from meshbot.diagnosis.sites.site import Site, site_of
from meshbot.diagnosis.sites.sites_page import sites_page
from meshbot.diagnosis.sites.sites_text import sites_text
from tests.diagnosis.made import NOON_S, lived, uneven


@pytest.fixture
def site() -> Site:
    history = lived(*uneven(7))
    history.in_utc = False
    return site_of("attic", history, diagnose(history))


def shared(first: str, second: str, count: int) -> SharedLosses:
    moments_s = tuple(NOON_S + 7_200.0 * place for place in range(count))
    return SharedLosses(first, second, moments_s, count + 1, count + 2, 0.25, 0.001)


@pytest.mark.parametrize(
    ("count", "blocks"),
    [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 3, 1]), (10, [3, 3, 3, 1])],
)
def test_at_most_three_sites_stand_abreast(count: int, blocks: list[int], site: Site) -> None:
    sites = [replace(site, name=f"site-{place}") for place in range(count)]
    lines = sites_text(sites, []).splitlines()
    assert max(map(len, lines)) <= 100
    heads = [line.split() for line in lines if line.lstrip().startswith("site-")]
    assert [len(names) for names in heads] == blocks
    assert [name for names in heads for name in names] == [one.name for one in sites]


def test_long_names_and_remarks_are_folded(site: Site) -> None:
    remark = "Lignes sans heure " * 20
    sites = [replace(site, name="x" * 40 + str(place), remarks=(remark,)) for place in range(3)]
    lines = sites_text(sites, []).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("⚠️ ") for line in lines) == 3


def test_a_pair_is_told_with_what_chance_gives_and_its_last_moments(site: Site) -> None:
    sites = [site, replace(site, name="garden")]
    text = " ".join(sites_text(sites, [shared("attic", "garden", 6)]).split())
    assert "attic et garden : 6 coupures en même temps, à 30 s près, sur 7 et 8" in text
    assert "le hasard en donnerait 0,2" in text
    assert len(re.findall(r"\d\d/\d\d \d\d:\d\d", text.partition("les dernières : ")[2])) == 4


def test_more_than_two_sites_with_a_cause_in_common_are_one_line(site: Site) -> None:
    names = ("attic", "garden", "cellar")
    sites = [replace(site, name=name) for name in names]
    pairs = [shared("attic", "garden", 6), shared("garden", "cellar", 4)]
    text = " ".join(sites_text(sites, pairs).split())
    assert "attic, garden, cellar : jusqu'à 6 coupures en même temps, deux à deux" in text
    assert "attic et garden" not in text


def test_where_no_relation_is_found_that_is_said(site: Site) -> None:
    assert "Aucun site ne perd" in sites_text([site, replace(site, name="garden")], [])


def test_where_nothing_can_be_compared_that_is_said_with_the_reason(site: Site) -> None:
    sites = [site, replace(site, name="garden", in_utc=True)]
    text = sites_text(sites, [])
    assert "rien à comparer" in text
    assert "⚠️ garden : Ce journal ne dit pas les jours" in text


def test_what_a_site_is_called_cannot_become_markup(site: Site) -> None:
    hostile = replace(site, name="<script>x</script>", firmware='"><b>', remarks=("<i>",))
    page = sites_page([hostile, site], [[], []], [shared("<script>", "attic", 3)])
    for markup in ("<script", "<i>", '"><b>'):
        assert markup not in page
