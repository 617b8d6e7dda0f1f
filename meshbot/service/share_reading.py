"""How the node is shared, read from the settings and checked against the others."""

from collections.abc import Callable

from meshbot.service.node_address import MAX_PORT, place_text
from meshbot.service.settings_reader import SettingsReader
from meshbot.sharing.local_address import is_of_this_machine
from meshbot.sharing.share_settings import ShareSettings
from meshbot.text.language import tr

MAX_CLIENTS = 32
_DEFAULTS = ShareSettings()


def read_share(file: SettingsReader, default: Callable[[str, object], object]) -> ShareSettings:
    """Return the ``SHARE_`` settings; ``default`` gives what the file sets, or what it is given.

    A file from before there were any shares nothing.
    """
    return ShareSettings(
        port=file.whole("SHARE_PORT", default("SHARE_PORT", _DEFAULTS.port), 0, MAX_PORT),
        address=file.own_address("SHARE_ADDRESS", default("SHARE_ADDRESS", _DEFAULTS.address)),
        max_clients=file.whole(
            "SHARE_MAX_CLIENTS", default("SHARE_MAX_CLIENTS", _DEFAULTS.max_clients), 1, MAX_CLIENTS
        ),
        allow_admin=file.flag(
            "SHARE_ALLOW_ADMIN", default("SHARE_ALLOW_ADMIN", _DEFAULTS.allow_admin)
        ),
        private_key=file.flag(
            "SHARE_PRIVATE_KEY", default("SHARE_PRIVATE_KEY", _DEFAULTS.private_key)
        ),
        replay=file.flag("SHARE_REPLAY", default("SHARE_REPLAY", _DEFAULTS.replay)),
        mdns=file.flag("SHARE_MDNS", default("SHARE_MDNS", _DEFAULTS.mdns)),
        air_percent=file.percent(
            "SHARE_AIR_BUDGET", default("SHARE_AIR_BUDGET", _DEFAULTS.air_percent)
        ),
    )


def refuse_to_serve_itself(
    file: SettingsReader, share: ShareSettings, tcp_host: str, tcp_port: int
) -> None:
    """Have the reader note as a problem that the bot would take its own port for its node."""
    if share.port and share.port == tcp_port and tcp_host and is_of_this_machine(tcp_host):
        file.problems.append(
            tr(
                "SHARE_PORT = {port} : le bot se connecterait à lui-même, car son nœud "
                "({place}) est sur cette machine, au même port ; "
                "choisir un autre SHARE_PORT",
                port=share.port,
                place=place_text(tcp_host, tcp_port),
            )
        )
