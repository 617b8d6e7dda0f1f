"""How ``main_bot.py keys`` writes nodes, keys and times. Pure."""

from datetime import datetime

from meshbot.model.known_node import KnownNode
from meshbot.model.public_key import base64_text, is_number_of
from meshbot.text.language import tr
from meshbot.text.log_format import printable


def node_text(node: KnownNode) -> str:
    """Return a node's name, or its id in the place of one, and its id."""
    return f"{printable(node.name)} ({node.id})"


def key_text(num: int, key: bytes) -> str:
    """Return a whole key, and whether a node's number speaks for it."""
    evidence = tr("  (CRC-32 = numéro du nœud)") if is_number_of(num, key) else ""
    return base64_text(key) + evidence


def date_text(wall_s: int) -> str:
    """Return a wall-clock time, in seconds since 1970, as people write it."""
    return datetime.fromtimestamp(wall_s).strftime(tr("le %d/%m/%Y à %H:%M"))
