"""What clients of the shared node are refused, in words. Pure."""

from collections.abc import Mapping

from meshbot.text.language import mark, tr

_TEXTS: dict[str, str] = {
    "no room": mark("place prise (SHARE_MAX_CLIENTS)"),
    "dropped": mark("écarté par le bot"),
    "not sent": mark("paquet non transmis"),
    "settings": mark("changer les réglages du nœud (SHARE_ALLOW_ADMIN)"),
    "sealed": mark("paquet chiffré pour le nœud"),
    "hardware": mark("commander le matériel du nœud"),
    "files": mark("toucher aux fichiers du nœud"),
    "sender": mark("expéditeur usurpé"),
    "names": mark("autre nom ou autre clé pour le nœud"),
    "routing": mark("accusé de réception forgé"),
    "injected": mark("paquet de simulation"),
    "empty": mark("paquet vide"),
    "too long": mark("paquet trop long"),
    "malformed": mark("paquet illisible"),
    "transaction": mark("changer les réglages en même temps qu'un autre"),
    "keys": mark("faire perdre au nœud ses clés"),
    "keys unknown": mark("réglages de sécurité sans clé privée"),
}
"""By the lasting name of the kind of refusal; one that is not here is shown by its name."""


def refusals_text(kinds: Mapping[str, int], most: int) -> str:
    """Return how often what was refused, the most frequent first, no more than so many kinds."""
    ranked = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    said = [
        f"{count} × {tr(_TEXTS[kind]) if kind in _TEXTS else _shown(kind)}"
        for kind, count in ranked[:most]
    ]
    rest = sum(count for _, count in ranked[most:])
    return ", ".join([*said, tr("{count} × autre chose", count=rest)] if rest else said)


def _shown(kind: str) -> str:
    """Return a name that a newer version wrote; a damaged file may hold anything."""
    plain = "".join(char if char.isalnum() else " " for char in kind[:40])
    return " ".join(plain.split()) or "?"
