"""Months are told from their names in many languages, and rather not told than told wrong.

``glibc_months.json`` holds what ``date +%b`` prints, of the locales of glibc 2.36.
"""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.month_names import MonthNames
from tests.support.program import ROOT

GLIBC: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "glibc_months.json").read_text(encoding="utf-8")
)
YEAR = list(range(1, 13))
UNTELLABLE = {"fr_CA": {"jui"}}
"""French "jui" may be "juin" as well."""


@pytest.mark.parametrize("locale", GLIBC)
def test_a_journal_of_a_year_has_every_month(locale: str) -> None:
    names = [name.strip() for name in GLIBC[locale]]
    months = MonthNames()
    for name in names:
        months.month(name)  # what comes before tells which language it is
    unknown = UNTELLABLE.get(locale, set())
    expected = [None if name in unknown else month for month, name in enumerate(names, 1)]
    assert [months.month(name) for name in names] == expected


@pytest.mark.parametrize("locale", GLIBC)
def test_a_name_alone_is_never_another_month(locale: str) -> None:
    for month, name in enumerate(GLIBC[locale], 1):
        assert MonthNames().month(name.strip()) in (month, None)


@pytest.mark.parametrize(
    "names",
    [
        ("jan", "janv", "gen", "ene"),
        ("feb", "févr", "fév", "fev"),
        ("mar", "mars", "mär", "märz", "mrt"),
        ("apr", "avril", "avr", "abr"),
        ("may", "mai", "mag", "mei"),
        ("jun", "juin", "giu", "juni"),
        ("jul", "juil", "lug", "juli"),
        ("aug", "août", "ago"),
        ("sep", "sept", "set"),
        ("oct", "okt", "ott", "out"),
        ("nov",),
        ("dec", "déc", "dez", "dic"),
    ],
)
@pytest.mark.slow
def test_the_languages_of_most_operators_need_no_context(names: tuple[str, ...]) -> None:
    found = {MonthNames().month(name) for name in names}
    assert len(found) == 1 and found < set(YEAR)


def test_a_name_of_two_months_is_told_by_the_names_before() -> None:
    polish, croatian = MonthNames(), MonthNames()
    assert MonthNames().month("lip") is None
    assert (polish.month("cze"), polish.month("lip")) == (6, 7)
    assert (croatian.month("svi"), croatian.month("lip")) == (5, 6)


@pytest.mark.parametrize("name", ["", ".", "x", "raspberrypi", "<13>Nov", "20", "ma", "😀"])
def test_other_words_are_no_month(name: str) -> None:
    assert MonthNames().month(name) is None


@pytest.mark.parametrize(
    "prefix",
    ["de gen. 09", "11月 09", "1월 09", "sty 09", "led 09", "мая 09", "Mär 9", " 1月  9", "oca 9"],
)
def test_a_line_in_any_of_them_has_its_day(prefix: str) -> None:
    reader = JournalReader(lambda: datetime(2026, 11, 23).timestamp())
    event = reader.read(f"{prefix} 13:35:58 pi bot[1]: 13:35:58 [INFO] SILENCE TCP: 1s sans paquet")
    assert event is not None and reader.has_dates
    assert datetime.fromtimestamp(event.wall_s).day == 9


@pytest.mark.slow
def test_english_journals_and_the_bot_itself_do_not_load_the_languages() -> None:
    program = (
        "import sys, main_bot\n"
        "from meshbot.diagnosis.journal_reader import JournalReader\n"
        "reader = JournalReader()\n"
        "reader.read('Nov 09 13:35:58 pi bot[1]: 13:35:58 [INFO] x')\n"
        "assert reader.has_dates and 'babel' not in sys.modules\n"
        "reader.read('déc. 09 13:35:58 pi bot[1]: 13:35:58 [INFO] x')\n"
        "assert 'babel' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize(("language", "month"), [("pl", 11), ("hr", 10), ("de", None), ("", None)])
def test_a_name_of_two_months_is_told_by_the_language_of_the_machine(
    language: str, month: int | None
) -> None:
    assert MonthNames(language).month("lis") == month
    after_others = MonthNames(language)
    assert (after_others.month("paź"), after_others.month("lis")) == (10, 11)
