"""The constants that operators edit at the top of a class, and the environment that overrides them.

However an operator writes one down, with an annotation or without: a yes or no is a flag, those of
``COUNTS`` are numbers of things, everything else is a time in seconds.
"""

from meshbot.service.settings_reader import SettingsReader, is_yes_or_no

COUNTS = ("FLOOD_BURST", "TCP_PUSH_KEYS_PER_DAY", "NODES_MAX")
MAY_BE_ZERO = (
    "TCP_PUBKEY_SYNC_DELAY",
    "TCP_INTERFACE_CLEANUP_DELAY",
    "TCP_INTERFACE_STABILIZATION_DELAY",
    "TCP_COURTESY_PAUSE",
)
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
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in COUNTS
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
        elif name in COUNTS:
            values[name] = reader.whole(name, default, *RANGES.get(name, (1, MOST_THINGS)))
        else:
            values[name] = reader.duration_s(name, default, zero=name in MAY_BE_ZERO)
    return values
