"""A Python environment of its own for a program that must not share ours."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

INSTALL_LIMIT_S = 600.0


class NotInstalled(Exception):
    """An environment could not be made; says why in a line."""


class PythonEnvironment:
    """A folder with a virtual environment. ``pins``: what is installed there, as pip takes it."""

    def __init__(self, folder: Path, pins: Sequence[str], python: str = sys.executable) -> None:
        """Note what it consists of; :meth:`install` makes it, with the interpreter ``python``."""
        self._folder = folder
        self._pins = list(pins)
        self._base_python = python
        self._mark = folder / ".complete"

    @property
    def package(self) -> str:
        """The name of what it is made for: the first of its pins."""
        return self._pins[0].partition("==")[0]

    @property
    def version(self) -> str:
        """The version of that."""
        return self._pins[0].partition("==")[2]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._folder / "bin" / "python"

    @property
    def is_ready(self) -> bool:
        """Whether it has been made, of just these pins."""
        return self._mark.is_file() and self._mark.read_text(encoding="utf-8") == self._content

    def install(self) -> None:
        """Make it, once. Raises :class:`NotInstalled`."""
        if self.is_ready:
            return
        base = shutil.which(self._base_python)
        if base is None:
            raise NotInstalled(f"it needs {self._base_python}")
        _run([base, "-m", "venv", "--clear", str(self._folder)])
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *self._pins])
        self._mark.write_text(self._content, encoding="utf-8")

    @property
    def _content(self) -> str:
        return "\n".join(self._pins)


def pins_of(requirements: Path) -> list[str]:
    """Return what a file of requirements names, without its comments."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=INSTALL_LIMIT_S,
        )
    except subprocess.TimeoutExpired as late:
        raise NotInstalled(f"not within {INSTALL_LIMIT_S:.0f} s") from late
    if done.returncode:
        raise NotInstalled((done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1])
