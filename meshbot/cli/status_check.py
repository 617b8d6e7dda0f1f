"""What ``main_bot.py check`` says of the status server: its libraries and its port."""

import importlib.util
from collections.abc import Iterator

from meshbot.cli.finding import Finding
from meshbot.cli.port_check import Place, port_finding
from meshbot.service.node_address import place_text
from meshbot.service.site_settings import SiteSettings
from meshbot.sharing.local_address import is_loopback
from meshbot.text.language import tr

LIBRARIES = ("uvicorn", "starlette", "prometheus_client")


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
    status = site.status
    yield port_finding(
        tr("état par HTTP sur {place}", place=place_text(status.address, status.port)),
        Place(status.address, status.port, "STATUS"),
        openness=""
        if is_loopback(status.address)
        else tr(", ouvert au réseau et sans mot de passe"),
        bot_runs=bot_runs,
    )
