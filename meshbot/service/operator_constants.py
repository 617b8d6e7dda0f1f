"""The constants that operators edit at the top of a class, and the environment that overrides them.

Its annotation says what a constant is: ``bool`` a yes or no, ``int`` a number of things, ``float``
a time in seconds.
"""

from typing import get_type_hints

from meshbot.service.settings_reader import SettingsReader

MAY_BE_ZERO = (
    "TCP_PUBKEY_SYNC_DELAY",
    "TCP_INTERFACE_CLEANUP_DELAY",
    "TCP_INTERFACE_STABILIZATION_DELAY",
)
MOST_THINGS = 1_000


def constants_of(owner: type) -> dict[str, object]:
    """Return the editable constants of a class and those it inherits, with their values."""
    return {
        name: getattr(owner, name)
        for name in dir(owner)
        if name.isupper() and not name.startswith("_")
    }


def durations_of(owner: type) -> dict[str, float]:
    """Return those of the constants that are times in seconds."""
    kinds = get_type_hints(owner)
    return {name: getattr(owner, name) for name in constants_of(owner) if kinds[name] is float}


def read_constants(reader: SettingsReader, owner: object) -> None:
    """Set the constants on an object as the environment wants them; the reader checks them all."""
    kinds = get_type_hints(type(owner))
    for name in constants_of(type(owner)):
        default = getattr(owner, name)
        value: object
        if kinds[name] is bool:
            value = reader.flag(name, default)
        elif kinds[name] is int:
            value = reader.whole(name, default, 1, MOST_THINGS)
        else:
            value = reader.duration_s(name, default, zero=name in MAY_BE_ZERO)
        setattr(owner, name, value)
