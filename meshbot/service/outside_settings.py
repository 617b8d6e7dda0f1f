"""Settings from outside the program's own files: the environment, over files of ``NAME=value``.

In a checkout that is ``.env`` beside ``main_bot.py``. Where the bot was installed by pip, nobody
edits its files: there it is ``~/.config/meshbot/meshbot.env`` over ``/etc/meshbot.env``, and what
it keeps goes to ``~/.local/share/meshbot``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dotenv import dotenv_values

from meshbot.service.config_error import ConfigError
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import tr

FOR_ALL = Path("/etc/meshbot.env")
_OF_PIP = ("site-packages", "dist-packages")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_DATABASE = ENVIRONMENT_PREFIX + "DATABASE_PATH"


class OutsideSettings(dict[str, str]):
    """Values by the names of their variables, and the file of each that is not the environment's"""

    def __init__(self) -> None:
        """Hold nothing yet."""
        super().__init__()
        self.origins: dict[str, str] = {}

    def take(self, values: Mapping[str, str], origin: str = "") -> None:
        """Take values over those that are there."""
        self.update(values)
        for name in values:
            self.origins[name] = origin


def is_checkout(program: Path) -> bool:
    """Say whether the folder that the program runs from is one whose files operators edit."""
    return program.name not in _OF_PIP


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
    if not is_checkout(program):
        kept = _home(environment, "XDG_DATA_HOME", ".local/share") / "meshbot.db"
        settings.take({_DATABASE: str(kept)})
    for path in reversed(settings_files(program, environment) if files is None else files):
        settings.take(_values_in(path), str(path))
    settings.take(environment)
    return settings


def _home(environment: Mapping[str, str], variable: str, fallback: str) -> Path:
    """Return the bot's folder among those of the account that it runs as."""
    named = environment.get(variable, "")
    # The specification has a relative one ignored.
    parent = Path(named) if named.startswith("/") else _account_folder(environment) / fallback
    return parent / "meshbot"


def _account_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or "/")


def _values_in(path: Path) -> dict[str, str]:
    try:
        stored = dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(tr("{path} illisible : {error}", path=path, error=error)) from error
    values = {name: value for name, value in stored.items() if value is not None}
    bare = {
        ENVIRONMENT_PREFIX + name: value
        for name, value in values.items()
        if _NAME.fullmatch(name) and not name.startswith(ENVIRONMENT_PREFIX)
    }
    return bare | values
