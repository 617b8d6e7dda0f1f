"""A file of ``MESHBOT_NAME=value`` lines, some of which are changed and all others kept.

It is read as the bot reads it (``python-dotenv``). It is written at once or not at all, for its
owner alone: it may hold what nobody else is to read.
"""

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from meshbot.service.config_error import ConfigError
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import tr

MAX_SHOWN_CHARS = 200
FILE_MODE, FOLDER_MODE = 0o600, 0o700
_PLAIN = re.compile(r"[\w./:@%+,=-]*", re.ASCII)


class SettingsFile:
    """What a file says, and how it is to be changed."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self._bindings: list[Binding] = []

    def load(self) -> None:
        """Read the file; one that is not there is empty. Raises :class:`ConfigError`."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise ConfigError(tr("{path} n'est pas un fichier", path=self.path))
            text = self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            text = ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                tr("{path} illisible : {error}", path=self.path, error=error)
            ) from error
        self._bindings = list(parse_stream(io.StringIO(text, newline="")))

    def value(self, name: str) -> str | None:
        """Return the value of a setting, None where the file does not set it."""
        found = None
        for binding in self._bindings:
            if binding.key == ENVIRONMENT_PREFIX + name:
                found = binding.value
        return found

    def changes(self, settings: Mapping[str, str]) -> list[str]:
        """Return the lines that go, behind a minus, and those that come, behind a plus."""
        lines = []
        for name, value in settings.items():
            olds = self._bindings_of(name)
            if len(olds) == 1 and olds[0].value == value:
                continue
            lines += [f"- {_shown(old.original.string)}" for old in olds]
            lines.append(f"+ {_line(name, value)}")
        return lines

    def write(self, settings: Mapping[str, str]) -> None:
        """Write the file as it is now with the settings changed: somebody may have edited it.

        Raises :class:`OSError`, and :class:`ConfigError` where it makes no sense any more.
        """
        self.load()
        text = self._text_with(settings)
        # Where the name is a link the file behind it is replaced, and the link stays.
        path = Path(os.path.realpath(self.path))
        path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as file:
                _keep_owner(descriptor, path)
                os.fchmod(descriptor, FILE_MODE)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _bindings_of(self, name: str) -> list[Binding]:
        return [one for one in self._bindings if one.key == ENVIRONMENT_PREFIX + name]

    def _text_with(self, settings: Mapping[str, str]) -> str:
        """Return the file's text with each setting in the place where it stood last, or behind.

        Raises :class:`ConfigError` where what stands there keeps them from being read.
        """
        missing = dict(settings)
        parts: list[str] = []
        for binding in reversed(self._bindings):
            name = (binding.key or "").removeprefix(ENVIRONMENT_PREFIX)
            old = binding.original.string
            if name not in settings or binding.key == name:
                parts.append(old)
            elif name in missing:
                value = missing.pop(name)
                parts.append(old if binding.value == value else _replaced(old, name, value))
        text = "".join(reversed(parts))
        if missing and text and not text.endswith("\n"):
            text += "\n"
        text += "".join(_line(name, value) + "\n" for name, value in missing.items())
        read = {one.key: one.value for one in parse_stream(io.StringIO(text, newline=""))}
        if any(read.get(ENVIRONMENT_PREFIX + name) != settings[name] for name in settings):
            # A line before these has a quotation mark that goes on into them.
            raise ConfigError(
                tr("{path} : un guillemet ou une apostrophe y reste ouvert", path=self.path)
            )
        return text


def _shown(text: str) -> str:
    """Return a line as a terminal may be given it: whoever wrote the file, it stays one line."""
    line = "".join(char if char.isprintable() else " " for char in text.strip())
    return line if len(line) <= MAX_SHOWN_CHARS else line[: MAX_SHOWN_CHARS - 1] + "…"


def _replaced(old: str, name: str, value: str) -> str:
    """Return a line in the place of an old one, with what stands in front of that."""
    start = old[: len(old) - len(old.lstrip())]
    export = "export " if old.lstrip().startswith("export ") else ""
    return f"{start}{export}{_line(name, value)}\n"


def _line(name: str, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        value = f"'{escaped}'"
    return f"{ENVIRONMENT_PREFIX}{name}={value}"


def _keep_owner(descriptor: int, path: Path) -> None:
    """Give the new file to whom the old one belongs: who runs this as root is most often not he."""
    with contextlib.suppress(OSError):
        old = path.stat()
        os.fchown(descriptor, old.st_uid, old.st_gid)
