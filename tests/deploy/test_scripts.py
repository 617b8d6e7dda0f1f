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
    if settings is not None:
        (tmp_path / "meshbot.env").write_text(settings, encoding="utf-8")
    done = run_for_sites(tmp_path, {}, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    seen_by_program: dict[str, Any] = ast.literal_eval(done.stdout)
    return seen_by_program


def run_for_sites(
    tmp_path: Path, sites: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command where there are the settings of these sites."""
    env, seen, folder = tmp_path / "meshbot.env", tmp_path / "seen.py", tmp_path / "sites"
    folder.mkdir()
    for name, text in sites.items():
        (folder / f"{name}.env").write_text(text, encoding="utf-8")
    seen.write_text(
        "import os, sys\nprint({'arguments': sys.argv[1:], "
        "**{n: v for n, v in os.environ.items() if n.startswith('MESHBOT_')}})\n"
        "sys.exit(int(os.environ.get('MESHBOT_CODE', 0)))\n",
        encoding="utf-8",
    )
    text = (ROOT / "deploy/meshbot").read_text(encoding="utf-8")
    for old, new in [
        ("/opt/meshbot/.venv/bin/python", shlex.quote(sys.executable)),
        ("/opt/meshbot/main_bot.py", str(seen)),
        ("/etc/meshbot.env", str(env)),
        ("sites=/etc/meshbot", f"sites={shlex.quote(str(folder))}"),
        ("id meshbot", "false"),
    ]:
        assert old in text
        text = text.replace(old, new)
    return subprocess.run(
        [str(executable(tmp_path / "meshbot", text)), *arguments],
        env={name: value for name, value in os.environ.items() if "MESHBOT" not in name},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )


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


def seen_in(text: str) -> list[dict[str, Any]]:
    return [ast.literal_eval(line) for line in text.splitlines() if line.startswith("{")]


SITES = {
    "attic": "MESHBOT_TCP_HOST=10.0.0.1\n",
    "garden": "MESHBOT_DATABASE_PATH='/data/my mesh.db'\nMESHBOT_TCP_HOST=10.0.0.2\n",
}


@pytest.mark.parametrize("option", [("--site", "attic"), ("--site=attic",)])
def test_the_command_for_a_site_has_its_settings_and_its_database(
    option: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "meshbot.env").write_text("MESHBOT_TCP_HOST=other\n", encoding="utf-8")
    done = run_for_sites(tmp_path, SITES, *option, "keys", "list")
    assert seen_in(done.stdout) == [
        {
            "arguments": ["keys", "list"],
            "MESHBOT_TCP_HOST": "10.0.0.1",
            "MESHBOT_DATABASE_PATH": "/var/lib/meshbot/attic/meshbot.db",
        }
    ]


@pytest.mark.parametrize("name", ["cellar", "", "../attic", "--sites"])
def test_a_site_that_is_not_there_is_a_line_with_those_that_are(name: str, tmp_path: Path) -> None:
    done = run_for_sites(tmp_path, SITES, "--site", name, "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("❌ ") and done.stderr.endswith("attic garden\n")


def test_a_command_for_all_sites_is_run_for_each_and_fails_as_the_worst(tmp_path: Path) -> None:
    sites = {"attic": "MESHBOT_CODE=1\n", "garden": "MESHBOT_TCP_HOST=10.0.0.2\n"}
    done = run_for_sites(tmp_path, sites, "--sites", "check")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("==")] == [
        "== attic ==",
        "== garden ==",
    ]
    assert [one["MESHBOT_DATABASE_PATH"] for one in seen_in(done.stdout)] == [
        "/var/lib/meshbot/attic/meshbot.db",
        "/var/lib/meshbot/garden/meshbot.db",
    ]


def test_the_report_of_all_sites_is_one_with_the_database_of_each(tmp_path: Path) -> None:
    done = run_for_sites(tmp_path, SITES, "--sites", "report", "--since", "2d")
    (seen,) = seen_in(done.stdout)
    assert seen["arguments"] == [
        *("report", "--since", "2d"),
        *("/var/lib/meshbot/attic/meshbot.db", "/data/my mesh.db"),
    ]


def test_without_a_site_that_is_said(tmp_path: Path) -> None:
    done = run_for_sites(tmp_path, {}, "--sites", "report")
    assert (done.returncode, done.stdout) == (2, "")
    assert "aucun site" in done.stderr
