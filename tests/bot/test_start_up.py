"""What a bot has loaded when it first tries to connect, and that nothing is loaded too late."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.bot_start import start_bot
from main_bot import MeshBot
from tests.support.limits import PROGRAM_S
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MOST_OF_OURS = 245
MOST_OF_ALL = 670
"""A few more than there are. Who needs more of them looks first whether that can wait."""
NOT_LOADED = (
    "apprise",
    "babel",
    "jinja2",
    "markdown_it",
    "meshbot.alerts.alert_desk",
    "meshbot.cli.command_line",
    "meshbot.cli.keys_command",
    "meshbot.cli.report_command",
    "meshbot.diagnosis.journal_lines",
    "meshbot.diagnosis.link_diagnosis",
    "meshbot.diagnosis.report_page",
    "meshbot.link.mesh_serial_interface",
    "meshbot.link.serial_port_finder",
    "meshbot.service.link_trial",
    "meshbot.service.operator_alerts",
    "meshbot.service.status_part",
    "meshbot.sharing.node_share",
    "meshbot.simulation",
    "prometheus_client",
    "rich",
    "starlette",
    "tests",
    "urllib3",
    "uvicorn",
    "zeroconf",
)
ASKING = """
import json, sys, threading
from main_bot import MeshBot
from meshbot.messages.commands import Commands
from meshbot.messages.request import Request

bot = MeshBot(environment={
    "MESHBOT_CONNECTION_MODE": "tcp", "MESHBOT_TCP_HOST": "127.0.0.1",
    "MESHBOT_TCP_PORT": sys.argv[1], "MESHBOT_DATABASE_PATH": sys.argv[2],
})
tried = threading.Event()
bot.on_change = tried.set
bot.start()
assert tried.wait(60) and bot.tried
before = set(sys.modules)
bot.load_rest()
loaded = set(sys.modules)
commands = Commands(bot._conversation._view)
for name in commands.names:
    assert commands.answer(Request(1, f"/{name}", proven=True)) is not None, name
asked = set(sys.modules)
bot.stop()
print(json.dumps([sorted(loaded - before), sorted(asked - loaded)]))
"""


def test_the_first_attempt_waits_for_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    loaded = start_bot(tmp_path / "meshbot.db", listing_imports=True).imports_s
    assert {"meshtastic", "meshbot.link.mesh_tcp_interface"} <= loaded.keys()
    assert loaded.keys().isdisjoint(NOT_LOADED)
    assert len([name for name in loaded if name.startswith("meshbot")]) <= MOST_OF_OURS
    assert len(loaded) <= MOST_OF_ALL


def test_answers_need_nothing_that_is_not_loaded_by_then(tmp_path: Path) -> None:
    """Else a checkout that was upgraded under a running bot would give it parts of two versions."""
    done = subprocess.run(
        [sys.executable, "-c", ASKING, str(unused_port()), str(tmp_path / "meshbot.db")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PROGRAM_S,
    )
    rest, late = json.loads(done.stdout.splitlines()[-1])
    assert "meshbot.diagnosis.link_diagnosis" in rest
    assert [name for name in late if name.partition(".")[0] not in sys.stdlib_module_names] == []


@pytest.mark.parametrize(
    "lacking",
    [
        MemoryError(),
        OSError(errno.EMFILE, "Too many open files"),
        ImportError("_x.so: failed to map segment from shared object"),
    ],
)
def test_what_cannot_be_loaded_is_told_once_and_tried_again(
    lacking: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bot = MeshBot(environment={"MESHBOT_DATABASE_PATH": str(tmp_path / "meshbot.db")})
    failures: list[Exception] = [lacking, ImportError("no module")]

    def fail() -> None:
        raise failures.pop(0)

    monkeypatch.setattr("main_bot.load_judges", fail)
    bot.load_rest()
    bot.load_rest()
    assert not failures
    (told,) = caplog.records
    assert "ne se charge pas" in told.getMessage()
    monkeypatch.undo()
    bot.load_rest()
    assert len(caplog.records) == 1
