"""A machine to install the bot on: a folder that stands for its root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every file below a folder with its contents; folders have none.

    Except for what Python keeps of modules that it has run.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else None
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts
    }


def executable(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


class Machine:
    """A copy of the project, and a folder that stands for the root of a machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "project"
        self.root = folder / "root"
        self.root.mkdir()
        for name in ("deploy", "meshbot"):
            shutil.copytree(ROOT / name, self.source / name)
        for file in [*ROOT.glob("*.py"), ROOT / "requirements.txt"]:
            shutil.copy(file, self.source)
        self.commands = folder / "bin"
        self.commands.mkdir()
        self.run_by(0)
        self.program = self.root / "opt/meshbot"
        self.settings = self.root / "etc/meshbot.env"
        self.state = self.root / "var/lib/meshbot"
        self.python = executable(  # to put pip into each environment takes seconds
            folder / "quick-python",
            f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] || exec "{sys.executable}" "$@"\n'
            f'exec "{sys.executable}" -m venv --without-pip "$3"\n',
        )

    def run_by(self, user: int) -> None:
        """Have the installer believe that this user runs it: in a scratch root, anybody can."""
        executable(self.commands / "id", f"#!/bin/sh\necho {user}\n")

    def install(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.source / "deploy/install.sh"), "--root", str(self.root), *options],
            env={
                **os.environ,
                "PATH": f"{self.commands}:{os.environ['PATH']}",
                "PYTHON": str(self.python),
                "MESHBOT_PIP": "true",
                **environment,
            },
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            timeout=PROGRAM_S,
            check=False,
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Edit a file of the installed program by hand."""
        path = self.program / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    def settings_lines(self) -> list[str]:
        lines = self.settings.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line and not line.startswith("#")]

    def version_of_program(self) -> str:
        """Run the installed program, with the libraries of the tests."""
        done = subprocess.run(
            [sys.executable, str(self.program / "main_bot.py"), "--version"],
            capture_output=True,
            encoding="utf-8",
            timeout=PROGRAM_S,
            check=True,
        )
        return done.stdout.strip()
