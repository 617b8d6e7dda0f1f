"""Which nodes a person means. Pure."""

import heapq
import unicodedata
from collections.abc import Iterable, Sequence

from meshbot.model.known_node import KnownNode
from meshbot.text.typed_text import seen_text


def nodes_named(text: str, nodes: Sequence[KnownNode]) -> list[KnownNode]:
    """Return the nodes that ``text`` names: by id, else by name, exact ones first.

    What cannot be seen makes no difference: a name may hold joiners that nobody types, and some
    keyboards write an accent as a character of its own, or letters of another width.
    """
    wanted = _folded(text)
    if not wanted:
        return []
    by_id = [node for node in nodes if wanted in (node.id, node.id[1:])]
    if by_id:
        return by_id
    names = [(node, _folded(node.short_name), _folded(node.long_name)) for node in nodes]
    exact = [node for node, short_name, long_name in names if wanted in (short_name, long_name)]
    return exact or [node for node, _, long_name in names if wanted in long_name]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", seen_text(text)).casefold()


def latest_heard(limit: int, nodes: Iterable[KnownNode]) -> list[KnownNode]:
    """Return the nodes heard last, latest first: those of this run before older ones."""
    heard = (node for node in nodes if node.last_heard or node.heard_s)
    return heapq.nlargest(limit, heard, key=_heard_when)


def _heard_when(node: KnownNode) -> tuple[float, int]:
    return node.heard_s if node.heard_s is not None else -1.0, node.last_heard
