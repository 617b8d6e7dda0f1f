"""The systemd unit, as systemd itself reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNIT = (ROOT / "deploy" / "meshbot.service").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    here = tmp_path / "meshbot.service"
    here.write_text(
        UNIT.replace("/opt/meshbot/.venv/bin/python", sys.executable).replace(
            "/opt/meshbot", str(ROOT)
        ),
        encoding="utf-8",
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(here)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_unit_keeps_its_promises() -> None:
    lines = UNIT.splitlines()
    for promise in (
        "User=meshbot",
        "SyslogIdentifier=meshbot",
        "StateDirectory=meshbot",
        "Restart=always",
        "RestartPreventExitStatus=2",
    ):
        assert promise in lines
