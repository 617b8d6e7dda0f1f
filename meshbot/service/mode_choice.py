"""Which node the bot uses where the operator did not say so in as many words. Pure.

``CONNECTION_MODE = "simulated"`` is how config.py is delivered: as long as it says that, it is no
wish of anybody's. Who has said where his node is gets that node, and never the simulated one.
"""

from collections.abc import Callable
from typing import NamedTuple

from meshbot.service.settings_reader import MISSING, SettingsReader
from meshbot.text.language import tr

DELIVERED: dict[str, object] = {
    "CONNECTION_MODE": "simulated",
    "TCP_HOST": "192.168.1.38",
    "TCP_PORT": 4403,
}
"""What config.py says before anybody has edited it."""


class ModeChoice(NamedTuple):
    """A mode, and the setting that it comes from; nothing where no setting says anything."""

    mode: str
    decided_by: str


def decide_mode(
    file: SettingsReader, said: str, default: Callable[[str], object], serial_port: str | None
) -> ModeChoice:
    """Return the mode: the one ``said``, unless that is only what the file was delivered with.

    A node on the network and one on USB at once the reader notes as a problem.
    """

    def is_given(name: str) -> bool:
        if file.is_from_outside(name):
            return True
        value = default(name)
        return value is not MISSING and str(value) != str(DELIVERED[name])

    if is_given("CONNECTION_MODE"):
        return ModeChoice(said, "CONNECTION_MODE")
    network = next((name for name in ("TCP_HOST", "TCP_PORT") if is_given(name)), "")
    if network and serial_port is not None:
        file.problems.append(
            tr(
                "{network} et SERIAL_PORT sont réglés tous les deux : dire lequel compte avec "
                "CONNECTION_MODE (tcp ou serial)",
                network=network,
            )
        )
    if network:
        return ModeChoice("tcp", network)
    if serial_port is not None:
        return ModeChoice("serial", "SERIAL_PORT")
    return ModeChoice(said, "")
