"""The constants that operators edit at the top of a class, and the environment that overrides them.

However an operator writes one down, with an annotation or without: a yes or no is a flag, those of
``COUNTS`` are numbers of things, those of ``PERCENTAGES`` parts of an hour, everything else is a
time in seconds.
"""

from meshbot.service.settings_reader import SettingsReader, is_yes_or_no
from meshbot.text.language import tr

COUNTS = ("FLOOD_BURST", "TCP_PUSH_KEYS_PER_DAY", "NODES_MAX")
MAY_BE_ZERO = (
    "TCP_PUBKEY_SYNC_DELAY",
    "TCP_INTERFACE_CLEANUP_DELAY",
    "TCP_INTERFACE_STABILIZATION_DELAY",
    "TCP_COURTESY_PAUSE",
)
AIR_OF_ALL, AIR_OF_STRANGERS = "AIR_BUDGET", "AIR_BUDGET_STRANGERS"
PERCENTAGES = (AIR_OF_ALL, AIR_OF_STRANGERS)
_NO_TIMES = frozenset((*COUNTS, *PERCENTAGES))
MOST_THINGS = 1_000
RANGES = {"NODES_MAX": (100, 250_000)}
"""Counts with a range of their own; that of the others is 1 to ``MOST_THINGS``."""


def constants_of(owner: type) -> dict[str, object]:
    """Return the editable constants of a class and those it inherits, with their values."""
    return {
        name: getattr(owner, name)
        for name in dir(owner)
        if name.isupper() and not name.startswith("_")
    }


def durations_of(owner: type) -> dict[str, float]:
    """Return those of the constants that are times in seconds."""
    return {
        name: value
        for name, value in constants_of(owner).items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in _NO_TIMES
    }


def read_constants(reader: SettingsReader, owner: object) -> None:
    """Set the constants on an object as the environment wants them; the reader checks them all."""
    for name, value in checked_constants(reader, type(owner)).items():
        setattr(owner, name, value)


def checked_constants(reader: SettingsReader, owner: type) -> dict[str, object]:
    """Return a class's constants as the environment wants them; the reader checks them all."""
    values: dict[str, object] = {}
    for name, default in constants_of(owner).items():
        if isinstance(default, bool) or is_yes_or_no(default):
            values[name] = reader.flag(name, default)
        elif name in PERCENTAGES:
            values[name] = reader.percent(name, default)
        elif name in COUNTS:
            values[name] = reader.whole(name, default, *RANGES.get(name, (1, MOST_THINGS)))
        else:
            values[name] = reader.duration_s(name, default, zero=name in MAY_BE_ZERO)
    _check_air(reader, values)
    return values


def _check_air(reader: SettingsReader, values: dict[str, object]) -> None:
    """Strangers' share is a part of the whole."""
    total, strangers = values.get(AIR_OF_ALL), values.get(AIR_OF_STRANGERS)
    if isinstance(total, float) and isinstance(strangers, float) and strangers > total:
        reader.problems.append(
            tr(
                "{air_of_strangers} = {strangers:g} : pas plus que {air_of_all} = {total:g}",
                air_of_strangers=AIR_OF_STRANGERS,
                strangers=strangers,
                air_of_all=AIR_OF_ALL,
                total=total,
            )
        )
