"""The passwords in the addresses are in no line, at any level, whatever goes wrong."""

import logging
import time
from pathlib import Path

import pytest

from meshbot.alerts import alert_outbox
from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_sender import AlertSender
from meshbot.alerts.apprise_runner import AppriseRunner
from meshbot.service.config_error import ConfigError
from meshbot.service.settings_reader import SettingsReader
from meshbot.service.site_settings import SiteSettings
from tests.support.alert_receiver import AlertReceiver
from tests.support.journal import Journal
from tests.support.limits import PROGRAM_S
from tests.support.program import Program
from tests.support.quick_bot import BotFactory
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

SECRET = "s3cr3t"
LOGGERS = ("", "apprise", "urllib3", "requests", "meshbot")


@pytest.fixture
def talkative(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)
    return caplog


def url(port: int, query: str = "") -> str:
    return f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}/{query}"


def test_no_line_tells_them(
    talkative: pytest.LogCaptureFixture, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_outbox, "FIRST_PAUSE_S", 0.1)
    with AlertReceiver(status=500) as broken, AlertReceiver(hanging=True) as stuck:
        urls = [url(unused_port()), url(broken.port), url(stuck.port), f"nobody://{SECRET}"]
        senders = [
            AlertSender(one, str(number), "toit", AppriseRunner(3.0))
            for number, one in enumerate(urls)
        ]
        for sender in senders:
            sender.start()
            sender.post(Alert(AlertKind.TEST, "test", time.monotonic()))
        journal.wait_for("Alerte non prise", len(urls), timeout_s=PROGRAM_S)
        for sender in senders:
            assert sender.stop(5.0)
    assert SECRET not in talkative.text
    assert "alert took too long" in talkative.text or "non prise" in talkative.text


def test_no_traceback_tells_them(
    talkative: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody thought of, on the thread that has the address."""
    tried = Journal()

    def breaks(*_: object) -> bool:
        raise RuntimeError("unheard of")

    monkeypatch.setattr(AppriseRunner, "send", breaks)
    sender = AlertSender(url(1), "json", "toit", AppriseRunner())
    with tried.attached():
        sender.start()
        sender.post(Alert(AlertKind.TEST, "test", time.monotonic()))
        tried.wait_for("Erreur inattendue dans l'envoi d'une alerte")
        assert sender.stop(5.0)
    assert "unheard of" in talkative.text
    assert talkative.text.count("unheard of") < 3  # and it is not tried again at once
    assert SECRET not in talkative.text


def test_what_is_wrong_with_one_is_said_without_it() -> None:
    reader = SettingsReader({"MESHBOT_ALERT_URLS": f"{SECRET} json:{SECRET} ntfy://{SECRET}"})
    reader.service_urls("ALERT_URLS", ())
    assert len(reader.problems) == 2
    assert SECRET not in str(reader.problems)


def test_the_settings_do_not_show_them() -> None:
    site = SiteSettings(
        *("tcp", "host", 1, None, Path("bot.db"), "INFO", (), {}, False),
        alert_urls=(f"ntfy://{SECRET}",),
    )
    assert SECRET not in repr(site)


def test_the_bot_refuses_one_without_showing_it(
    start_bot: BotFactory, talkative: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError) as refusal:
        start_bot(environment={"MESHBOT_ALERT_URLS": f"nobody://{SECRET}@there"})
    assert "ALERT_URLS, nobody (n° 1)" in str(refusal.value)
    assert SECRET not in str(refusal.value) + talkative.text


def test_the_program_ends_with_2_and_does_not_show_it(tmp_path: Path) -> None:
    program = Program(
        tmp_path, ALERT_URLS=f"json://{SECRET}@127.0.0.1:1 nobody://{SECRET}", LOG_LEVEL="DEBUG"
    )
    assert program.finish() == 2
    assert "ALERT_URLS, nobody (n° 2)" in program.lines[-1]
    assert SECRET not in "\n".join(program.lines)
