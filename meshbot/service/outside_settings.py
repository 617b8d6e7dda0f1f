"""Settings from outside the program's own files: the environment, over files of ``NAME=value``.

In a checkout that is ``.env`` beside ``main_bot.py``. Where the bot was installed by pip, nobody
edits its files: there it is ``~/.config/meshbot/meshbot.env`` over ``/etc/meshbot.env``, and what
it keeps goes to ``~/.local/share/meshbot``.
"""

import errno
import io
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshbot.service.config_error import ConfigError
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import tr

FOR_ALL = Path("/etc/meshbot.env")
MAX_BYTES = 1_048_576
_OF_PIP = ("site-packages", "dist-packages")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_DATABASE = ENVIRONMENT_PREFIX + "DATABASE_PATH"


class OutsideSettings(dict[str, str]):
    """Values by the names of their variables, and the file of each that is not the environment's"""

    def __init__(self) -> None:
        """Hold nothing yet."""
        super().__init__()
        self.origins: dict[str, str] = {}
        self.doubts: list[str] = []
        """What is odd about the files, but no reason not to start."""

    def take(self, values: Mapping[str, str], origin: str = "") -> None:
        """Take values over those that are there."""
        self.update(values)
        for name in values:
            self.origins[name] = origin


def is_checkout(program: Path) -> bool:
    """Say whether the folder that the program runs from is one whose files operators edit."""
    return program.name not in _OF_PIP and not any(program.glob("meshbot-*.dist-info"))


def data_folder(program: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the folder that is made for what an installed bot keeps, None in a checkout."""
    if is_checkout(program):
        return None
    return _home(environment, "XDG_DATA_HOME", ".local/share")


def settings_files(program: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that count for a program in a folder, the one that wins first."""
    if is_checkout(program):
        return (program / ".env",)
    return (_home(environment, "XDG_CONFIG_HOME", ".config") / "meshbot.env", FOR_ALL)


def outside_settings(
    program: Path, environment: Mapping[str, str], files: Sequence[Path] | None = None
) -> OutsideSettings:
    """Return the settings for a program in a folder. Raises :class:`ConfigError`.

    A name in a file may stand there without its prefix.
    """
    settings = OutsideSettings()
    folder = data_folder(program, environment)
    if folder is not None:
        settings.take({_DATABASE: str(folder / "meshbot.db")})
    for path in reversed(settings_files(program, environment) if files is None else files):
        try:
            settings.take(_values_in(path, environment), str(path))
        except OSError as error:
            if not _is_no_loss(path, error):
                raise ConfigError(
                    tr("{path} illisible : {error}", path=path, error=error)
                ) from error
            settings.doubts.append(
                tr("{path} illisible ({why}) : ignoré", path=path, why=error.strerror)
            )
    settings.take(environment)
    return settings


def _is_no_loss(path: Path, error: OSError) -> bool:
    """Say whether the bot may do without a file that cannot be read.

    The one for all may be for systemd alone to read, which hands its values over; a folder may be
    Docker's, which makes one where a file is missing.
    """
    is_systemds = path == FOR_ALL and isinstance(error, PermissionError)
    return is_systemds or isinstance(error, IsADirectoryError)


def _home(environment: Mapping[str, str], variable: str, fallback: str) -> Path:
    """Return the bot's folder among those of the account that it runs as."""
    named = environment.get(variable, "")
    # The specification has a relative one ignored.
    parent = Path(named) if named.startswith("/") else _account_folder(environment) / fallback
    return parent / "meshbot"


def _account_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or "/")


def _values_in(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a file that may be missing. Raises :class:`OSError`."""
    try:
        text = _text_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise ConfigError(tr("{path} illisible : {error}", path=path, error=error)) from error
    from dotenv import dotenv_values  # noqa: PLC0415  # many have no such file

    stored = dotenv_values(stream=io.StringIO(text, newline=None))
    values = {name: value for name, value in stored.items() if value is not None}
    # What the environment has as well was meant for it, such as TZ in a file that systemd reads.
    bare = {
        ENVIRONMENT_PREFIX + name: value
        for name, value in values.items()
        if _NAME.fullmatch(name)
        and not name.startswith(ENVIRONMENT_PREFIX)
        and environment.get(name) != value
    }
    return bare | values


def _text_of(path: Path) -> str:
    """Return what a file holds; raises :class:`OSError` and :class:`ConfigError`.

    Nobody can say when a pipe's text comes, or the end of a device: the bot does not wait for them.
    """
    kind = path.stat().st_mode
    if stat.S_ISCHR(kind):
        return ""  # such as /dev/null
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(kind):
        raise ConfigError(tr("{path} n'est pas un fichier", path=path))
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return text.decode("utf-8")
