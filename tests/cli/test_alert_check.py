"""What ``main_bot.py check`` says of the alerts, and ``check --alert`` does."""

import time
from collections.abc import Callable

import pytest

from meshbot.alerts.apprise_runner import AppriseRunner
from meshbot.cli import alert_check
from meshbot.cli.alert_check import alert_findings
from meshbot.cli.finding import Finding
from tests.support.alert_receiver import AlertReceiver
from tests.support.program import Program
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

SECRET = "s3cr3t"


def findings(*urls: str, send: bool = False) -> list[Finding]:
    return list(alert_findings(urls, time.time, send=send))


def test_without_addresses_nothing_is_said_unless_it_is_asked() -> None:
    assert findings() == []
    assert findings(send=True) == [
        Finding("alertes : aucune adresse", "régler ALERT_URLS (docs/alerts.md)")
    ]


def test_the_library_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_check, "is_installed", lambda: False)
    (finding,) = findings("ntfy://topic")
    assert "apprise manque" in finding.what
    assert "make extras" in finding.remedy


def test_addresses_are_looked_at_and_not_tried() -> None:
    with AlertReceiver() as receiver:
        good, bad = findings(receiver.url, f"nobody://{SECRET}")
        assert receiver.is_empty()
    assert good == Finding("alertes par json (n° 1), non essayées (check --alert)")
    assert bad == Finding(
        "alertes par nobody (n° 2) : adresse qu'apprise ne comprend pas",
        "corriger ALERT_URLS (docs/alerts.md)",
    )


def test_a_broken_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppriseRunner, "known", lambda *_: None)
    (finding,) = findings("ntfy://topic", send=True)
    assert "apprise ne répond pas" in finding.what


def test_a_test_alert_goes_to_each_and_it_is_said_which_took_it(
    run: Callable[..., Program],
) -> None:
    with AlertReceiver() as receiver, AlertReceiver(status=500) as broken:
        urls = [
            f"json://user:{SECRET}@127.0.0.1:{receiver.port}",
            f"json://user:{SECRET}@127.0.0.1:{broken.port}",
            f"json://user:{SECRET}@127.0.0.1:{unused_port()}",
        ]
        program = run("check", "--alert", ALERT_URLS=" ".join(urls))
        assert program.finish() == 1
        assert "alerte d'essai" in receiver.next()["title"]
    lines = program.lines[-3:]
    assert lines[0] == "✅ alertes par json (n° 1) : essai parti"
    assert lines[1].startswith("❌ alertes par json (n° 2) : l'essai n'est pas parti → ")
    assert lines[2].startswith("❌ alertes par json (n° 3) : l'essai n'est pas parti → ")
    assert SECRET not in "\n".join(program.lines)


def test_all_went(run: Callable[..., Program]) -> None:
    with AlertReceiver() as receiver:
        assert run("check", "--alert", ALERT_URLS=receiver.url).finish() == 0
