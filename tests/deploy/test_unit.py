"""The systemd unit, as systemd itself reads it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshbot.service.service_notifier import MAX_TICK_S, STUCK_S
from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]
UNIT = (ROOT / "deploy" / "meshbot.service").read_text(encoding="utf-8")
SITE_UNIT = (ROOT / "deploy" / "meshbot@.service").read_text(encoding="utf-8")
UNITS = pytest.mark.parametrize(
    ("name", "unit"), [("meshbot.service", UNIT), ("meshbot@attic.service", SITE_UNIT)]
)
OF_A_SITE = {
    "Description=MeshBot, a": "Description=MeshBot %i, a",
    "StateDirectory=meshbot": "StateDirectory=meshbot/%i",
    "/var/lib/meshbot/meshbot.db": "/var/lib/meshbot/%i/meshbot.db",
    "EnvironmentFile=-/etc/meshbot.env": "EnvironmentFile=/etc/meshbot/%i.env",
    "SyslogIdentifier=meshbot": "SyslogIdentifier=meshbot@%i",
}
"""What is another for each site, in lines that say otherwise the same."""


@UNITS
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(name: str, unit: str, tmp_path: Path) -> None:
    here = tmp_path / name
    program = tmp_path / "meshbot"  # by a name without spaces, as the unit's own
    program.symlink_to(ROOT)
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    here.write_text(
        unit.replace("/opt/meshbot/.venv/bin/python", str(python)).replace(
            "/opt/meshbot", str(program)
        ),
        encoding="utf-8",
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(here)],
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def settings_in(unit: str) -> list[str]:
    return [line for line in unit.splitlines() if line and not line.startswith("#")]


def test_the_unit_of_a_site_differs_in_nothing_but_its_name() -> None:
    expected = settings_in(UNIT)
    for old, new in OF_A_SITE.items():
        (place,) = (n for n, line in enumerate(expected) if old in line)
        expected[place] = expected[place].replace(old, new)
    expected.insert(expected.index("[Service]"), "AssertPathExists=/etc/meshbot/%i.env")
    assert settings_in(SITE_UNIT) == expected


def test_the_unit_keeps_its_promises() -> None:
    lines = UNIT.splitlines()
    for promise in (
        "User=meshbot",
        "SyslogIdentifier=meshbot",
        "StateDirectory=meshbot",
        "Restart=always",
        "RestartPreventExitStatus=2",
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=180",
        "UMask=0077",
        "LimitCORE=0",
        "StateDirectoryMode=0700",
    ):
        assert promise in lines


def seconds_of(name: str) -> float:
    (value,) = re.findall(rf"^{name}=(\d+)$", UNIT, re.MULTILINE)
    return float(value)


def test_the_watchdog_waits_longer_than_the_bot_takes_to_be_sure_that_it_is_stuck() -> None:
    """Its patience begins with the last feeding: that may be just before the thread counts."""
    assert seconds_of("WatchdogSec") > STUCK_S + MAX_TICK_S
    assert seconds_of("WatchdogSec") >= 3 * MAX_TICK_S, "two feedings may be late"


def test_the_bot_has_time_to_start_and_to_stop() -> None:
    """A node may take its time to begin with; the end takes 5 s."""
    assert "TimeoutStartSec=infinity" in UNIT.splitlines()
    assert seconds_of("TimeoutStopSec") >= 2 * 5


@pytest.mark.parametrize("name", ["meshbot.service", "meshbot@.service"])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_as_closed_as_a_bot_can_be(name: str) -> None:
    judged = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            "--no-pager",
            str(ROOT / "deploy" / name),
        ],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )
    found = re.search(r"Overall exposure level for meshbot\S*: (\d+\.\d+)", judged.stdout)
    assert found is not None, judged
    assert float(found.group(1)) < 2.5
