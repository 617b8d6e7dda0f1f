"""What clients of the shared node are refused, in words. Pure."""

from collections.abc import Mapping

_TEXTS: dict[str, str] = {
    "no room": "place prise (SHARE_MAX_CLIENTS)",
    "dropped": "écarté par le bot",
    "not sent": "paquet non transmis",
    "settings": "changer les réglages du nœud (SHARE_ALLOW_ADMIN)",
    "sealed": "paquet chiffré pour le nœud",
    "hardware": "commander le matériel du nœud",
    "files": "toucher aux fichiers du nœud",
    "sender": "expéditeur usurpé",
    "names": "autre nom ou autre clé pour le nœud",
    "routing": "accusé de réception forgé",
    "injected": "paquet de simulation",
    "empty": "paquet vide",
    "too long": "paquet trop long",
    "malformed": "paquet illisible",
    "transaction": "changer les réglages en même temps qu'un autre",
    "keys": "faire perdre au nœud ses clés",
    "keys unknown": "réglages de sécurité sans clé privée",
}
"""By the lasting name of the kind of refusal; one that is not here is shown by its name."""


def refusals_text(kinds: Mapping[str, int], most: int) -> str:
    """Return how often what was refused, the most frequent first, no more than so many kinds."""
    ranked = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    said = [f"{count} × {_TEXTS.get(kind, _shown(kind))}" for kind, count in ranked[:most]]
    rest = sum(count for _, count in ranked[most:])
    return ", ".join([*said, f"{rest} × autre chose"] if rest else said)


def _shown(kind: str) -> str:
    """Return a name that a newer version wrote; a damaged file may hold anything."""
    plain = "".join(char if char.isalnum() else " " for char in kind[:40])
    return " ".join(plain.split()) or "?"
