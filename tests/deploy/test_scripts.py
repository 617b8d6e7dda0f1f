"""The scripts of deploy/ are sound, and the command ``meshbot`` runs the bot as the service."""

import ast
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.machine import executable
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT


@pytest.mark.parametrize("name", ["install.sh", "meshbot"])
def test_the_scripts_are_sound(name: str) -> None:
    script = str(ROOT / "deploy" / name)
    assert os.access(script, os.X_OK)
    commands = [["sh", "-n", script]]
    if shutil.which("shellcheck"):
        commands.append(["shellcheck", script])
    for command in commands:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROGRAM_S, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def run_command(tmp_path: Path, settings: str | None, *arguments: str) -> dict[str, Any]:
    """Run the command with its paths moved here; return what the program is given."""
    env, seen = tmp_path / "meshbot.env", tmp_path / "seen.py"
    if settings is not None:
        env.write_text(settings, encoding="utf-8")
    seen.write_text(
        "import os, sys\nprint({'arguments': sys.argv[1:], "
        "**{n: v for n, v in os.environ.items() if n.startswith('MESHBOT_')}})\n",
        encoding="utf-8",
    )
    text = (ROOT / "deploy/meshbot").read_text(encoding="utf-8")
    for old, new in [
        ("/opt/meshbot/.venv/bin/python", shlex.quote(sys.executable)),
        ("/opt/meshbot/main_bot.py", str(seen)),
        ("/etc/meshbot.env", str(env)),
        ("id meshbot", "false"),
    ]:
        assert old in text
        text = text.replace(old, new)
    done = subprocess.run(
        [str(executable(tmp_path / "meshbot", text)), *arguments],
        env={name: value for name, value in os.environ.items() if "MESHBOT" not in name},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=True,
    )
    seen_by_program: dict[str, Any] = ast.literal_eval(done.stdout)
    return seen_by_program


def test_the_command_gives_the_program_the_services_settings_as_they_are(tmp_path: Path) -> None:
    settings = (
        "# MESHBOT_TCP_HOST=no\n"
        "\n"
        "MESHBOT_TCP_HOST=nœud.local\n"
        'MESHBOT_LOG_LEVEL="DEBUG"\n'
        "MESHBOT_ADMIN_NODES='!a1b2c3d4, !b1b2c3d4'\n"
        "MESHBOT_SERIAL_PORT=$HOME/`id`\n"
        "OTHER=1\n"
        "MESHBOT_TCP_PORT=4500"  # and no end of line
    )
    assert run_command(tmp_path, settings, "keys", "list", "a b") == {
        "arguments": ["keys", "list", "a b"],
        "MESHBOT_TCP_HOST": "nœud.local",
        "MESHBOT_LOG_LEVEL": "DEBUG",
        "MESHBOT_ADMIN_NODES": "!a1b2c3d4, !b1b2c3d4",
        "MESHBOT_SERIAL_PORT": "$HOME/`id`",
        "MESHBOT_TCP_PORT": "4500",
        "MESHBOT_DATABASE_PATH": "/var/lib/meshbot/meshbot.db",
    }


def test_the_command_leaves_another_database_as_the_settings_say(tmp_path: Path) -> None:
    seen = run_command(tmp_path, "MESHBOT_DATABASE_PATH=/data/my mesh.db\n", "report")
    assert seen["MESHBOT_DATABASE_PATH"] == "/data/my mesh.db"


def test_the_command_needs_no_settings_file(tmp_path: Path) -> None:
    assert run_command(tmp_path, None, "check") == {
        "arguments": ["check"],
        "MESHBOT_DATABASE_PATH": "/var/lib/meshbot/meshbot.db",
    }
