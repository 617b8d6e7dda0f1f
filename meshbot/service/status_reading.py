"""Where the bot tells how it is, read from the settings and checked against the others."""

from collections.abc import Callable

from meshbot.service.node_address import MAX_PORT
from meshbot.service.settings_reader import SettingsReader
from meshbot.sharing.share_settings import ShareSettings
from meshbot.status.status_settings import StatusSettings
from meshbot.text.language import tr

MAX_SITE_CHARS = 64
_DEFAULTS = StatusSettings()


def read_status(file: SettingsReader, default: Callable[[str, object], object]) -> StatusSettings:
    """Return the settings of the status server; ``default`` gives what the file sets.

    A file from before there was one asks for none.
    """
    return StatusSettings(
        port=file.whole("STATUS_PORT", default("STATUS_PORT", _DEFAULTS.port), 0, MAX_PORT),
        address=file.own_address("STATUS_ADDRESS", default("STATUS_ADDRESS", _DEFAULTS.address)),
        hosts=file.names("STATUS_HOSTS", default("STATUS_HOSTS", _DEFAULTS.hosts)),
        site=_site(file, default("SITE", _DEFAULTS.site)),
    )


def _site(file: SettingsReader, default: object) -> str:
    site = file.optional_text("SITE", default) or ""
    if len(site) > MAX_SITE_CHARS or not site.isprintable():
        file.problems.append(
            tr(
                "SITE = {site!r} : {most} caractères au plus, lisibles",
                site=site,
                most=MAX_SITE_CHARS,
            )
        )
    return site


def refuse_one_port_for_two(
    file: SettingsReader, share: ShareSettings, status: StatusSettings
) -> None:
    """Have the reader note as a problem that two servers of the bot would want the same port."""
    if status.port and status.port == share.port:
        file.problems.append(
            tr(
                "STATUS_PORT = {port} : c'est aussi SHARE_PORT ; choisir un autre STATUS_PORT",
                port=status.port,
            )
        )
