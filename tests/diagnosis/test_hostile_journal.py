"""Nobody can write the bot's journal but the bot; see ``tests/long_runs/hostile_journal.py``."""

import random
import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.model.link_event import EventKind
from tests.documents.page import Page
from tests.long_runs.hostile_journal import OLD_LINES, HostileMesh, check_made_lines
from tests.support.hostile_check import DOCUMENTED, check_searches, kinds_of
from tests.support.journal import Journal

NOW_S = datetime(2026, 11, 26, 12).timestamp()
SILENCE = "⚠️ SILENCE TCP: 130s sans paquet (max: 120s)"
FORGED = (
    "Liaison TCP perdue (h:1) : silence, le nœud ne répond plus ; nouvel essai aussitôt",
    "Connexion TCP établie : h:1",
    "Le nœud a coupé 3 liaisons de suite",
    "MeshBot 9 : 1 clé",
    "Nœud !a1b2c3d4 : firmware 9.9",
)


def kinds(*lines: str) -> list[EventKind]:
    return [event.kind for event in JournalReader(lambda: NOW_S).events(lines)]


@pytest.mark.slow
@settings(max_examples=40)
@given(seed=st.integers(0, 10**9))
def test_no_name_makes_an_event_or_is_found_by_a_search(seed: int) -> None:
    rng, journal = random.Random(seed), Journal()
    with journal.attached():
        check_made_lines(rng, journal)


@pytest.mark.slow
def test_a_hostile_mesh_leaves_a_true_journal(tmp_path: Path) -> None:
    HostileMesh(random.Random(1), tmp_path).play(40)


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("line", OLD_LINES)
def test_names_in_journals_of_the_first_version_are_no_events(name: str, line: str) -> None:
    assert not kinds_of([line.format(name)])


def test_the_searches_of_the_documents_are_those_that_are_tried() -> None:
    pages = [Page(path).text for path in ("docs/log-lines.md", "deploy/README.md", "README.md")]
    found = {words for page in pages for words in re.findall(r'\| grep [^"]*"([^"]+)"', page)}
    assert found == set(DOCUMENTED)


def test_the_check_itself_notices_a_phrase_of_a_line() -> None:
    with pytest.raises(AssertionError):
        check_searches(["📩 ‹Liaison TCP perdue› (!0000000a) : ‹x›"])
    with pytest.raises(AssertionError):
        check_searches(["📩 ‹a‹b› (!0000000a) : ‹x›"])


# -- What other programs report of strangers -------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        f"sshd[99]: Invalid user [INFO] {SILENCE} from 10.0.0.9",
        f"sshd[99]: Invalid user x: [INFO] {SILENCE}",
        f"sshd[99]: Invalid user 13:35:58 [INFO] {SILENCE}",
        f"nginx[9]: GET /: 13:35:58 [ERROR] {SILENCE}",
        "sshd[99]: Invalid user x 13:35:58 INFO:Meshtastic: Reconnected successfully",
        "sshd[99]: Invalid user 13:35:58,123 | INFO | System: Interface1 Opened!",
        "sshd[99]: Invalid user Unexpected OSError, terminating meshtastic reader... x",
        "systemd[1]: Started session-c1.scope - Session c1 of User MeshBot.",
        "sshd[99]: Invalid user systemd[1]: Started meshbot.service - Meshtastic bot.",
    ],
)
def test_a_name_that_another_program_reports_is_no_event(said: str) -> None:
    assert kinds(f"Nov 20 00:20:38 pi {said}") == []
    assert kinds(f"2026-11-20T00:20:38+0100 pi {said}") == []


@pytest.mark.parametrize(
    "before",
    [
        "",
        "Nov 20 00:20:38 pi meshbot[7]: ",
        "Nov 20 00:20:38 pi meshbot: ",
        "journal.log:Nov 20 00:20:38 pi meshbot[7]: ",
        "meshbot-1  | ",
        "[  12.345678] pi meshbot[7]: ",
        "    MESSAGE=",
        "\ufffd\ufffd ",
    ],
)
def test_what_stands_before_the_bots_own_lines_is_no_obstacle(before: str) -> None:
    assert kinds(f"{before}13:35:58 [INFO] {SILENCE}") == [EventKind.SILENCE]


@pytest.mark.parametrize(
    ("version", "firmware", "count"),
    [
        ("2.7.4, région US, 7 redémarrages", "2.7.4", 7),
        ("2.7.4.abc, 1 redémarrage, émetteur coupé", "2.7.4.abc", 1),
        ("2.7.4", "2.7.4", None),
        ("‹2.7,\u00a09\u00a0redémarrages›, 7 redémarrages", None, 7),
        ("‹9\u00a0redémarrages›", None, None),
    ],
)
def test_what_a_node_says_of_itself_is_read_part_by_part(
    version: str, firmware: str | None, count: int | None
) -> None:
    line = f"13:35:58 [INFO] 🧭 Nœud !a1b2c3d4 : firmware {version}"
    (event,) = JournalReader(lambda: NOW_S).events([line])
    assert event.count == count
    assert (f'"firmware": "{firmware}"' in event.text) == (firmware is not None)
    assert ("firmware" in event.text) == (firmware is not None)
    assert ('"transmits": false' in event.text) == ("émetteur" in version)
