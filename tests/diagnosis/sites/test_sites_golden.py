"""The comparison of three sites in its three forms, to the letter.

``python -m tests.diagnosis.sites.test_sites_golden`` writes the files again, to be read before
they are committed.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report, report_object
from meshbot.diagnosis.report_page import html_report, page_parts
from meshbot.diagnosis.report_text import text_report
from meshbot.diagnosis.sites.shared_losses import shared_losses
from meshbot.diagnosis.sites.site import site_of
from meshbot.diagnosis.sites.sites_json import sites_json
from meshbot.diagnosis.sites.sites_page import sites_page
from meshbot.diagnosis.sites.sites_text import sites_text
from tests.diagnosis.sample_weeks import sample_history
from tests.diagnosis.test_report_golden import ZONE, without_last_digits

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"
KINDS = {"attic": "access point's power", "cellar": "sync 0.5, hang"}
"""The garden is the attic's neighbour: its link hangs on the same access point."""


def histories() -> dict[str, LinkHistory]:
    lives = {name: sample_history(kind) for name, kind in KINDS.items()}
    lives["garden"] = sample_history(KINDS["attic"])
    lives["garden"].remarks = ["Lignes dans le désordre : remises en ordre"]
    for life in lives.values():
        life.in_utc = False
    return lives


def forms() -> dict[str, str]:
    """Return the comparison, by the name of the file that keeps it."""
    judged = {name: (history, diagnose(history)) for name, history in histories().items()}
    sites = [site_of(name, *both) for name, both in judged.items()]
    shared = shared_losses(sites)
    reports = {name: report_object(*both) for name, both in judged.items()}
    parts = [page_parts(*both) for both in judged.values()]
    return {
        "three sites.txt": sites_text(sites, shared) + "\n",
        "three sites.json": sites_json(reports, shared, {"old.db": "illisible"}) + "\n",
        "three sites.html": sites_page(sites, parts, shared),
    }


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", ZONE)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_paris")
def test_the_comparison_stays_as_it_is_to_the_letter() -> None:
    for file, text in forms().items():
        kept = (GOLDEN / file).read_text(encoding="utf-8")
        if file.endswith(".json"):
            assert without_last_digits(text) == without_last_digits(kept)
        else:
            assert text == kept, file


@pytest.mark.usefixtures("in_paris")
def test_what_is_said_of_each_site_is_what_its_own_report_says() -> None:
    made = forms()
    found = json.loads(made["three sites.json"])
    for name, history in histories().items():
        diagnosis = diagnose(history)
        assert found["sites"][name] == json.loads(json_report(history, diagnosis))
        own = html_report(history, diagnosis)
        body = own[own.index("<section") : own.rindex("</main>")].rstrip()
        for line in body.split("\n"):
            assert line in made["three sites.html"]
        assert f"{diagnosis.figures.losses} (" in made["three sites.txt"]
        assert "VERDICT" in text_report(history, diagnosis)


@pytest.mark.usefixtures("in_paris")
def test_no_line_is_wider_than_a_terminal() -> None:
    assert max(len(line) for line in forms()["three sites.txt"].splitlines()) <= 100


def write_all() -> None:
    os.environ["TZ"] = ZONE
    time.tzset()
    GOLDEN.mkdir(exist_ok=True)
    for file, text in forms().items():
        (GOLDEN / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_all()
