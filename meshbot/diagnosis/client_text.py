"""Who used the shared node, in words. Pure."""

from meshbot.diagnosis.date_text import date_text
from meshbot.diagnosis.host_use import HostUse
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted, duration_text
from meshbot.text.refusal_texts import refusals_text
from meshbot.text.typography import labelled

CLIENTS = mark("Clients du nœud partagé")
MOST_HOSTS = 12
MOST_KINDS = 3


def client_texts(history: LinkHistory) -> list[str]:
    """Return a phrase about each host, those who were there longest first."""
    shown, rest = history.clients[:MOST_HOSTS], history.clients[MOST_HOSTS:]
    phrases = [use_text(use, in_utc=history.in_utc) for use in shown]
    if rest:
        packets = counted(sum(use.packets for use in rest), "paquet", "paquets")
        hosts = counted(len(rest), "autre adresse", "autres adresses")
        phrases.append(labelled(hosts, packets))
    return phrases


def use_text(use: HostUse, *, in_utc: bool) -> str:
    """Return how one host used the node."""
    parts = [*_connections(use, in_utc=in_utc)]
    if use.refused:
        parts.append(tr("refusé : {refusals}", refusals=refusals_text(use.refused, MOST_KINDS)))
    return labelled(use.host or tr("autres adresses"), ", ".join(parts))


def _connections(use: HostUse, *, in_utc: bool) -> list[str]:
    if use.first_s is None or use.last_s is None:
        return [tr("aucune connexion")]
    first, last = date_text(use.first_s, in_utc), date_text(use.last_s, in_utc)
    connections = counted(use.connections, "connexion", "connexions")
    if use.there_since_s is None:
        parts = [
            tr(
                "{connections} du {first} au {last}",
                connections=connections,
                first=first,
                last=last,
            )
        ]
    else:
        parts = [tr("connecté depuis le {date}", date=date_text(use.there_since_s, in_utc))]
        if use.connections > 1:
            parts.append(
                tr("{connections} depuis le {first}", connections=connections, first=first)
            )
    return [
        *parts,
        tr("{seconds} en tout", seconds=duration_text(use.seconds)),
        counted(use.packets, "paquet", "paquets"),
    ]
