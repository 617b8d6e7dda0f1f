"""Alerts on their way to real services: away, slow, broken, and never in the way of the rest."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from meshbot.alerts import alert_outbox
from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_sender import AlertSender
from meshbot.alerts.apprise_runner import PROGRAM, AppriseRunner
from tests.support.alert_receiver import AlertReceiver
from tests.support.journal import Journal
from tests.support.limits import PROGRAM_S
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

StartSender = Callable[..., AlertSender]


@dataclass
class Bench:
    """Senders, which are stopped at the end."""

    senders: list[AlertSender] = field(default_factory=list)

    def start(self, url: str, limit_s: float = PROGRAM_S) -> AlertSender:
        name = f"json (n° {len(self.senders) + 1})"
        sender = AlertSender(url, name, "toit", AppriseRunner(limit_s))
        self.senders.append(sender)
        sender.start()
        return sender


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    for sender in made.senders:
        assert sender.stop(5.0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_outbox, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(alert_outbox, "LONGEST_PAUSE_S", 0.2)


def warning(text: str, matter: str = "node") -> Alert:
    return Alert(AlertKind.NODE_WARNS, matter, time.monotonic(), text)


def test_an_alert_arrives_with_its_title_and_its_kind(bench: Bench) -> None:
    with AlertReceiver() as receiver:
        bench.start(receiver.url).post(warning("Le nœud dit ‹Aïe›. <b>"))
        post = receiver.next()
    assert post["title"] == "MeshBot (toit) : le nœud signale un problème"
    assert post["message"] == "Le nœud dit ‹Aïe›. <b>"
    assert post["type"] == "warning"


def test_what_a_service_cannot_take_waits_until_it_is_back(bench: Bench, journal: Journal) -> None:
    port = unused_port()
    sender = bench.start(f"json://127.0.0.1:{port}/")
    sender.post(warning("un"))
    journal.wait_for("Alerte non prise par json (n° 1)")
    sender.post(warning("deux"))
    sender.post(warning("trois", "other"))
    with AlertReceiver(port) as receiver:
        post = receiver.next()
        journal.wait_for("Les alertes partent de nouveau par json (n° 1)")
        assert receiver.is_empty()
    assert post["title"] == "MeshBot (toit) : 2 alertes"
    assert "deux Entre-temps, non envoyées : 1 autre nouvelle à ce sujet." in post["message"]
    assert "trois" in post["message"]
    assert "un\n" not in post["message"]
    assert journal.count("Alerte non prise") == 1


def test_an_error_of_the_service_is_no_delivery(bench: Bench, journal: Journal) -> None:
    with AlertReceiver(status=500) as receiver:
        bench.start(receiver.url).post(warning("un"))
        journal.wait_for("Alerte non prise")
        receiver.status = 200
        assert receiver.next()["message"] == "un"
        journal.wait_for("partent de nouveau")


def test_what_is_too_long_for_a_service_comes_in_parts() -> None:
    text = "un mot " * 1_000  # Mattermost takes 4000 signs
    with AlertReceiver() as receiver:
        place = f"127.0.0.1:{receiver.port}/{'a1' * 13}"
        assert AppriseRunner().send(f"mmost://{place}", "title", text, "info")
        parts = []
        while not receiver.is_empty():
            parts.append(receiver.next()["text"])
        assert len(parts) > 1
        assert all(len(part) <= 4_000 for part in parts)
        assert "".join(parts).count("mot") == 1_000
        assert AppriseRunner().send(f"mmost://{place}?overflow=truncate", "title", text, "info")
        assert receiver.next()["text"]
        assert receiver.is_empty()


def test_one_that_answers_for_ever_holds_up_neither_the_others_nor_the_end() -> None:
    bench = Bench()
    with AlertReceiver(hanging=True) as stuck, AlertReceiver() as well:
        for url in (stuck.url, well.url):
            bench.start(url).post(warning("un"))
        assert stuck.asked.wait(PROGRAM_S)
        assert well.next()["message"] == "un"
        started_s = time.monotonic()
        for sender in bench.senders:
            assert sender.stop(5.0)
        assert time.monotonic() - started_s < 5.0


def test_one_that_answers_for_ever_is_left_after_its_time(bench: Bench, journal: Journal) -> None:
    with AlertReceiver(hanging=True) as receiver:
        bench.start(receiver.url, limit_s=3.0).post(warning("un"))
        journal.wait_for("Alerte non prise", timeout_s=PROGRAM_S)
        receiver.hanging = False
        assert receiver.next()["message"] == "un"


def test_the_program_ends_by_itself_where_the_bot_was_killed() -> None:
    with AlertReceiver(hanging=True) as receiver:
        task = {"urls": [receiver.url], "limit_s": 1, "title": "t", "body": "b", "type": "info"}
        done = subprocess.run(
            [sys.executable, "-P", str(PROGRAM)],
            input=json.dumps(task),
            text=True,
            timeout=PROGRAM_S,
            check=False,
        )
    assert done.returncode == -signal.SIGALRM


def test_nothing_runs_after_the_end() -> None:
    runner = AppriseRunner()
    runner.cancel()
    with AlertReceiver() as receiver:
        assert not runner.send(receiver.url, "title", "body", "info")
        assert receiver.is_empty()


def test_it_is_known_which_addresses_apprise_understands() -> None:
    urls = ["json://127.0.0.1/", "nobody://knows", "ntfy://topic", "json://"]
    assert AppriseRunner().known(urls) == [True, False, True, False]


def test_looking_at_addresses_ends_with_the_bot() -> None:
    assert AppriseRunner().known(["ntfy://topic"], lambda: True) is None


def test_without_a_process_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("meshbot.alerts.apprise_runner.subprocess.Popen", refused)
    assert not AppriseRunner().send("ntfy://topic", "title", "body", "info")
    assert AppriseRunner().known(["ntfy://topic"]) is None
