"""What ``main_bot.py check`` says of the shared node: its port, and who is there.

Nobody connects to the port for that: it is only tried whether another program could open it. Who
is there tells the bot's own record, a few seconds late.
"""

from collections import Counter
from collections.abc import Iterator

from meshbot.cli.finding import Finding
from meshbot.cli.port_check import Place, port_finding
from meshbot.diagnosis.client_log import OF_CLIENTS
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.host_use import HostUse
from meshbot.model.link_event import EventKind, alive_at, on_one_clock
from meshbot.service.node_address import place_text
from meshbot.service.site_settings import SiteSettings
from meshbot.sharing.local_address import is_loopback
from meshbot.sharing.share_settings import ShareSettings
from meshbot.store.link_event_store import look_at_events
from meshbot.text.language import tr
from meshbot.text.quantities import counted, duration_text
from meshbot.text.refusal_texts import refusals_text

SINCE_S = 7 * 86_400.0
MOST_EVENTS = 20_000
MOST_HOSTS = 12
MOST_KINDS = 3
_KINDS = (*OF_CLIENTS, EventKind.STARTED, EventKind.STOPPED)


def share_findings(site: SiteSettings, now_s: float, *, bot_runs: bool) -> Iterator[Finding]:
    """Return what is found where the node is shared, or was lately."""
    uses = _uses(site, now_s, bot_runs=bot_runs)
    share = site.share
    if share.port:
        yield port_finding(
            tr("partage du nœud sur {place}", place=place_text(share.address, share.port)),
            Place(share.address, share.port, "SHARE"),
            openness=_openness(share),
            bot_runs=bot_runs,
        )
    for use in uses[:MOST_HOSTS]:
        if use.there_since_s is not None:
            yield Finding(_there_text(use, use.there_since_s, now_s))
    if uses:
        yield Finding(_week_text(uses))


def _uses(site: SiteSettings, now_s: float, *, bot_runs: bool) -> list[HostUse]:
    simulated = site.connection_mode == "simulated"
    stored = look_at_events(site.database_path, _KINDS, MOST_EVENTS, simulated=simulated)
    events = on_one_clock(stored)
    if events and bot_runs:
        events.append(alive_at(now_s, events[-1]))
    uses = history_of(events, now_s - SINCE_S).clients
    if not bot_runs:
        for use in uses:
            use.there, use.there_since_s = 0, None  # of a bot that died without a word
    return uses


def _openness(share: ShareSettings) -> str:
    """Return what the operator should know who opens the port to a network."""
    if is_loopback(share.address):
        return ""
    grants = "".join(tr(" ; qui y vient {grant}", grant=grant) for grant in share.grants)
    return tr(", ouvert au réseau et sans mot de passe{grants}", grants=grants)


def _there_text(use: HostUse, there_since_s: float, now_s: float) -> str:
    times = tr(" ({there} fois)", there=use.there) if use.there > 1 else ""
    return tr(
        "client {host} : connecté{times} depuis {now}, {sent} en 7 jours",
        host=use.host,
        times=times,
        now=duration_text(now_s - there_since_s),
        sent=_sent_text([use]),
    )


def _week_text(uses: list[HostUse]) -> str:
    hosts = counted(len(uses), "adresse", "adresses")
    connections = counted(sum(use.connections for use in uses), "connexion", "connexions")
    return tr(
        "clients en 7 jours : {hosts}, {connections}, {sent}",
        hosts=hosts,
        connections=connections,
        sent=_sent_text(uses),
    )


def _sent_text(uses: list[HostUse]) -> str:
    """Return what they sent and were refused in sum."""
    refused: Counter[str] = Counter()
    for use in uses:
        refused.update(use.refused)
    packets = counted(sum(use.packets for use in uses), "paquet", "paquets")
    return (
        tr(
            "{packets}, refusé : {refusals}",
            packets=packets,
            refusals=refusals_text(refused, MOST_KINDS),
        )
        if refused
        else packets
    )
