"""Whether a port that other programs come to is open, or could be opened."""

import errno
import socket
from dataclasses import dataclass

from meshbot.cli.finding import Finding
from meshbot.text.language import mark, tr
from meshbot.text.port_texts import port_error_text
from meshbot.text.typography import labelled

_REMEDIES = {
    errno.EADDRINUSE: mark("arrêter ce programme, ou changer {settings}_PORT"),
    errno.EACCES: mark("choisir un {settings}_PORT de 1024 ou plus"),
    errno.EADDRNOTAVAIL: mark("corriger {settings}_ADDRESS"),
}
_LOOK = mark("voir {settings}_ADDRESS et {settings}_PORT")


@dataclass(frozen=True)
class Place:
    """Where the port is. ``settings``: how the names of the settings begin that say so."""

    address: str
    port: int
    settings: str


def port_finding(what: str, place: Place, *, openness: str, bot_runs: bool) -> Finding:
    """Say whether a port is open, where the bot runs, or could be opened.

    ``openness``: what to know of who can come to it.
    """
    try:
        _try_to_bind(place.address, place.port)
    except (socket.gaierror, UnicodeError):
        remedy = tr(_REMEDIES[errno.EADDRNOTAVAIL], settings=place.settings)
        return Finding(tr("{what} : nom introuvable", what=what), remedy)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and bot_runs:
            return Finding(
                tr(
                    "{what} : port pris, par le bot en marche{openness}",
                    what=what,
                    openness=openness,
                )
            )
        remedy = tr(_REMEDIES.get(error.errno or 0, _LOOK), settings=place.settings)
        return Finding(labelled(what, port_error_text(error)), remedy)
    if bot_runs:
        return Finding(
            tr("{what} : le bot en marche n'a pas ouvert ce port", what=what), tr("le redémarrer")
        )
    return Finding(tr("{what} : port libre{openness}", what=what, openness=openness))


def _try_to_bind(host: str, port: int) -> None:
    """Take a port and let go of it; nobody can connect meanwhile. Raises ``OSError``."""
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    family, kind, protocol, _, where = found[0]
    with socket.socket(family, kind, protocol) as tried:
        # As the bot does: what is left of connections of its last run does not count.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(where)
