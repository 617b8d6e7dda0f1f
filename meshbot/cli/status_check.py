"""What ``main_bot.py check`` says of the status server: its libraries and its port."""

import errno
import importlib.util
import socket
from collections.abc import Iterator

from meshbot.cli.finding import Finding
from meshbot.service.node_address import place_text
from meshbot.service.site_settings import SiteSettings
from meshbot.sharing.listening_socket import open_port
from meshbot.sharing.local_address import is_loopback
from meshbot.text.language import mark, tr
from meshbot.text.port_texts import port_error_text
from meshbot.text.typography import labelled

LIBRARIES = ("uvicorn", "starlette", "prometheus_client")
_LOOK = mark("voir STATUS_ADDRESS et STATUS_PORT")
_REMEDIES = {
    errno.EADDRINUSE: mark("arrêter ce programme, ou changer STATUS_PORT"),
    errno.EACCES: mark("choisir un STATUS_PORT de 1024 ou plus"),
    errno.EADDRNOTAVAIL: mark("corriger STATUS_ADDRESS"),
}


def status_findings(site: SiteSettings, *, bot_runs: bool) -> Iterator[Finding]:
    """Return what is found where the bot is to tell by HTTP how it is."""
    if not site.status.port:
        return
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        yield Finding(
            tr("état par HTTP : il manque {names}", names=", ".join(missing)),
            tr("« make extras », ou pipx install --force '.[status]'"),
        )
    yield _port(site, bot_runs=bot_runs)


def _port(site: SiteSettings, *, bot_runs: bool) -> Finding:
    """Say whether the port is open, where the bot runs, or could be opened."""
    status = site.status
    what = tr("état par HTTP sur {place}", place=place_text(status.address, status.port))
    openness = "" if is_loopback(status.address) else tr(", ouvert au réseau et sans mot de passe")
    try:
        open_port(status.address, status.port).close()
    except (socket.gaierror, UnicodeError):
        return Finding(tr("{what} : nom introuvable", what=what), tr("corriger STATUS_ADDRESS"))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and bot_runs:
            return Finding(
                tr(
                    "{what} : port pris, par le bot en marche{openness}",
                    what=what,
                    openness=openness,
                )
            )
        remedy = tr(_REMEDIES.get(error.errno or 0, _LOOK))
        return Finding(labelled(what, port_error_text(error)), remedy)
    if bot_runs:
        return Finding(
            tr("{what} : le bot en marche n'a pas ouvert ce port", what=what), tr("le redémarrer")
        )
    return Finding(tr("{what} : port libre{openness}", what=what, openness=openness))
