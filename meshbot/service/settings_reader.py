"""Reads settings one by one, from the environment or else from a file, and checks them. Pure.

The environment variable ``MESHBOT_<NAME>`` wins over the file. Every problem is found at once, and
each names the setting it is about.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from meshbot.alerts.service_urls import name_of, scheme_of, urls_in
from meshbot.service.config_error import ConfigError
from meshbot.service.node_address import (
    AddressError,
    NodeAddress,
    lacks_interface,
    parse_address,
    parse_own_address,
)
from meshbot.text.language import tr
from meshbot.text.typography import labelled, phrases

ENVIRONMENT_PREFIX = "MESHBOT_"
MAX_DELAY_S = 7 * 86_400
KEY_CHARS = 12
"""72 bits, as the apps show it. Keys are made by the million a second; eight characters, 48 bits,
are found in weeks."""
MOST_SERVICES = 8
"""That alerts are sent by: each has a thread."""
MISSING = object()
"""Stands for a name that a file does not set."""
_TRUE = ("1", "true", "yes", "on", "oui")
_FALSE = ("0", "false", "no", "off", "non")
_WORDS = frozenset((*_TRUE, *_FALSE)) - {"0", "1"}
_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}")
_ADMIN_NODE = re.compile(r"!?([0-9a-fA-F]{8})(?::([A-Za-z0-9+/]{4,43}=?))?")


class SettingsReader:
    """Reads values one by one and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str], file: str = "main_bot.py") -> None:
        """Read from ``environment`` first; ``file`` is where the defaults are written."""
        self._environment = environment
        self._file = file
        self.problems: list[str] = []
        self.doubts: list[str] = []
        """What is odd, but no reason not to start."""
        self.read_names: set[str] = set()
        """The environment variables that were looked for."""

    def for_file(self, file: str) -> "SettingsReader":
        """Return a reader of another file's settings, which keeps what it finds here."""
        reader = SettingsReader(self._environment, file)
        reader.problems, reader.doubts = self.problems, self.doubts
        reader.read_names = self.read_names
        return reader

    def _value(self, name: str, default: object) -> object:
        self.read_names.add(ENVIRONMENT_PREFIX + name)
        return self._environment.get(ENVIRONMENT_PREFIX + name, default)

    def _problem(self, name: str, value: object, wanted: str) -> None:
        if value is MISSING:
            self.problems.append(tr("{name} manque dans {file}", name=name, file=self._file))
            return
        variable = ENVIRONMENT_PREFIX + name
        origin = self._file
        if variable in self._environment:
            origin = self._origin_of(variable) or tr("variable {variable}", variable=variable)
        self.problems.append(labelled(f"{name} = {value!r}", f"{wanted} ({origin})"))

    def text(self, name: str, default: object) -> str:
        """Return a text that is not empty."""
        value = self._value(name, default)
        if not isinstance(value, str) or not value.strip():
            self._problem(name, value, tr("il faut un texte"))
            return ""
        return value.strip()

    def optional_text(self, name: str, default: object) -> str | None:
        """Return a text, or None for nothing."""
        value = self._value(name, default)
        if value in (None, MISSING) or (
            isinstance(value, str) and value.strip().casefold() in ("", "none")
        ):
            return None
        return self.text(name, default)

    def choice(self, name: str, default: object, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``."""
        value = self._value(name, default)
        wanted = value.strip().casefold() if isinstance(value, str) else value
        for choice in choices:
            if choice.casefold() == wanted:
                return choice
        self._problem(name, value, tr("choisir parmi ") + ", ".join(choices))
        return choices[0]

    def whole(self, name: str, default: object, least: int, most: int) -> int:
        """Return a whole number from ``least`` to ``most``."""
        value = self._value(name, default)
        try:
            if isinstance(value, (bool, float)):
                raise ValueError
            number = int(str(value))
            if least <= number <= most:
                return number
        except ValueError:
            pass
        self._problem(
            name, value, tr("il faut un nombre entier de {least} à {most}", least=least, most=most)
        )
        return least

    def duration_s(self, name: str, default: object, *, zero: bool = False) -> float:
        """Return a number of seconds, more than zero unless ``zero`` is allowed."""
        value = self._value(name, default)
        try:
            if isinstance(value, bool):
                raise ValueError
            seconds = float(str(value))
            if 0 < seconds <= MAX_DELAY_S or (zero and seconds == 0):
                return seconds
        except ValueError:
            pass
        least = tr("0 s au moins") if zero else tr("plus de 0 s")
        self._problem(
            name,
            value,
            tr(
                "il faut une durée, {least} et {max_delay} s au plus",
                least=least,
                max_delay=MAX_DELAY_S,
            ),
        )
        return 1.0

    def percent(self, name: str, default: object) -> float:
        """Return a percentage, more than zero; NaN where there is none."""
        value = self._value(name, default)
        try:
            if isinstance(value, bool):
                raise ValueError
            percent = float(str(value).strip().removesuffix("%").replace(",", "."))
            if 0 < percent <= 100:
                return percent
        except ValueError:
            pass
        self._problem(name, value, tr("il faut un pourcentage, plus de 0 et 100 au plus"))
        return math.nan

    def flag(self, name: str, default: object) -> bool:
        """Return a yes or no."""
        value = self._value(name, default)
        if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
            return bool(value)
        if isinstance(value, str) and value.strip().lower() in _TRUE:
            return True
        if isinstance(value, str) and value.strip().lower() in _FALSE:
            return False
        self._problem(name, value, tr("il faut True ou False"))
        return False

    def channels(self, name: str, default: object) -> tuple[int, ...]:
        """Return channel indexes; from the environment as ``0,2``."""
        value = self._value(name, default)
        items = _items(value)
        try:
            numbers = tuple(sorted({int(str(item)) for item in items}))
            if all(0 <= number <= 7 for number in numbers):
                return numbers
        except ValueError:
            pass
        self._problem(name, value, tr("il faut des numéros de canal de 0 à 7"))
        return ()

    def service_urls(self, name: str, default: object) -> tuple[str, ...]:
        """Return the addresses of services; from the environment with blanks or commas between.

        They hold passwords, so what is wrong with one is said without showing it.
        """
        value = self._value(name, default)
        if value in (None, MISSING):
            value = ()
        items = urls_in(value) if isinstance(value, str) else map(str, _items(value))
        urls = tuple(dict.fromkeys(item.strip() for item in items))
        for number, url in enumerate(urls, 1):
            if scheme_of(url) is None:
                self.problems.append(
                    tr(
                        "{name}, {url} : il faut une adresse, telle que ntfy://…",
                        name=name,
                        url=name_of(number, url),
                    )
                )
        if len(urls) > MOST_SERVICES:
            self.problems.append(
                tr("{name} : {most} adresses au plus", name=name, most=MOST_SERVICES)
            )
        return urls

    def nodes(self, name: str, default: object) -> dict[int, str]:
        """Return the beginning of a key (or nothing) by node number.

        Given as ``!a1b2c3d4`` or ``!a1b2c3d4:DMqoyaXF``; from the environment with commas between.
        """
        value = self._value(name, () if default is MISSING else default)
        matches = [_ADMIN_NODE.fullmatch(str(item).strip()) for item in _items(value)]
        found: dict[int, str] = {}
        for match in matches:
            if match is not None:  # named twice: the entry with the key counts
                num = int(match.group(1), 16)
                found[num] = found.get(num) or match.group(2) or ""
        if not all(matches) or {0, 0xFFFFFFFF} & found.keys():
            self._problem(
                name, value, tr('il faut des identifiants de nœuds, tels que ("!a1b2c3d4",)')
            )
            return {}
        self.doubts += [
            tr(
                "{name} : {key!r} est un début de clé trop court, qu'un faussaire peut "
                "reproduire ; "
                "donner les {key_chars} premiers caractères",
                name=name,
                key=key,
                key_chars=KEY_CHARS,
            )
            for key in found.values()
            if 0 < len(key) < KEY_CHARS
        ]
        return found

    def address(self, name: str, default: object) -> NodeAddress:
        """Return the address of a machine, with a port where one was written."""
        value = self.text(name, default)
        try:
            address = parse_address(value) if value else NodeAddress("")
        except AddressError as error:
            self._problem(name, value, str(error))
            return NodeAddress("")
        if lacks_interface(address.host):
            self.doubts.append(
                tr(
                    "{name} = {value!r} : il manque l'interface de cette machine, telle que "
                    "{host}%wlan0",
                    name=name,
                    value=value,
                    host=address.host,
                )
            )
        return address

    def own_address(self, name: str, default: object) -> str:
        """Return an address of this machine to wait for others at; of all networks, too."""
        value = self.text(name, default)
        try:
            return parse_own_address(value) if value else ""
        except AddressError as error:
            self._problem(name, value, str(error))
            return ""

    def names(self, name: str, default: object) -> tuple[str, ...]:
        """Return names of machines; from the environment with commas between."""
        value = self._value(name, default)
        items = tuple(str(item).strip() for item in _items(value))
        if all(_HOST_NAME.fullmatch(item) for item in items):
            return items
        self._problem(name, value, tr('il faut des noms de machines, tels que ("meshbot",)'))
        return ()

    def is_from_outside(self, name: str) -> bool:
        """Say whether a setting comes from the environment, and not from the file."""
        return ENVIRONMENT_PREFIX + name in self._environment

    def path(self, name: str, default: object) -> Path:
        """Return the path of a file."""
        value = self._value(name, default)
        path = value if isinstance(value, Path) else Path(self.text(name, default) or "?")
        if not path.name or "\0" in str(path):
            self._problem(name, str(value), tr("il faut un nom de fichier"))
        return path

    def check_names(self, names: Iterable[str]) -> None:
        """Look at the names that the file sets for those that nothing has read."""
        names = list(names)
        known = {name.removeprefix(ENVIRONMENT_PREFIX) for name in self.read_names}
        for name in names:
            meant = _nearest(name, known) if name.isupper() and name not in known else ""
            if meant and meant in names:
                self.doubts.append(
                    tr(
                        "{name} inconnu dans {file} : ignoré, plutôt {meant} ?",
                        name=name,
                        file=self._file,
                        meant=meant,
                    )
                )
            elif meant:
                self.problems.append(
                    tr(
                        "{name} inconnu dans {file} : plutôt {meant} ?",
                        name=name,
                        file=self._file,
                        meant=meant,
                    )
                )

    def unknown_names(self) -> list[str]:
        """Return the ``MESHBOT_`` variables that nothing read: most likely misspelt."""
        return sorted(
            name
            for name in self._environment
            if name.startswith(ENVIRONMENT_PREFIX) and name not in self.read_names
        )

    def suggestion(self, name: str) -> str:
        """Return the variable that was probably meant by an unknown one, or nothing."""
        return _nearest(name, self.read_names)

    def odd_lines(self) -> list[str]:
        """Return a line about each thing that is odd, but no reason not to start."""
        outside: list[str] = getattr(self._environment, "doubts", [])
        lines = [*outside, *self.doubts]
        for name in self.unknown_names():
            meant = self.suggestion(name)
            hint = tr(", plutôt {meant} ?", meant=meant) if meant else ""
            file = self._origin_of(name)
            lines.append(
                tr("{name} inconnu dans {file} : ignoré{hint}", name=name, file=file, hint=hint)
                if file
                else tr(
                    "Variable d'environnement {name} inconnue : ignorée{hint}", name=name, hint=hint
                )
            )
        return lines

    def _origin_of(self, variable: str) -> str:
        """Return the file that a variable was read from, nothing where that was none."""
        origins: Mapping[str, str] = getattr(self._environment, "origins", {})
        return origins.get(variable, "")

    def check(self) -> None:
        """Raise :class:`ConfigError` if anything read so far made no sense."""
        if self.problems:
            raise ConfigError(labelled(tr("Configuration invalide"), phrases(self.problems)))


def is_yes_or_no(value: object) -> bool:
    """Say whether a value is a word for yes or no; numbers are not."""
    return isinstance(value, str) and value.strip().lower() in _WORDS


def _nearest(name: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, sorted(names), 1, 0.75)), "")


def _items(value: object) -> list[object]:
    """Return the items of a collection, of a text that lists them, or of one value."""
    if isinstance(value, str):
        # As in config.py, too: brackets and quotation marks do no harm.
        return [part for item in value.split(",") if (part := item.strip(" ()[]'\""))]
    if isinstance(value, (tuple, list, set, frozenset)):
        return list(value)
    return [value]
