"""Which nodes a person means. Pure."""

import heapq
import re
import unicodedata
from collections.abc import Iterable, Mapping

from meshbot.model.known_node import KnownNode
from meshbot.text.typed_text import seen_text

_ID = re.compile(r"!?[0-9a-f]{8}")


def nodes_named(text: str, nodes: Mapping[int, KnownNode]) -> list[KnownNode]:
    """Return those of the nodes, by number, that ``text`` names: by id, else by name, exact first.

    What cannot be seen makes no difference: a name may hold joiners that nobody types, and some
    keyboards write an accent as a character of its own, or letters of another width.
    """
    wanted = _folded(text)
    if not wanted:
        return []
    by_id = nodes.get(int(wanted.removeprefix("!"), 16)) if _ID.fullmatch(wanted) else None
    if by_id is not None:
        return [by_id]
    names = [(node, _folded(node.short_name), _folded(node.long_name)) for node in nodes.values()]
    exact = [node for node, short_name, long_name in names if wanted in (short_name, long_name)]
    return exact or [node for node, _, long_name in names if wanted in long_name]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", seen_text(text)).casefold()


def latest_heard(limit: int, nodes: Iterable[KnownNode]) -> list[KnownNode]:
    """Return the nodes heard last, latest first: those of this run before older ones."""
    heard = (node for node in nodes if node.last_heard or node.heard_s)
    return heapq.nlargest(limit, heard, key=heard_when)


def heard_when(node: KnownNode) -> tuple[float, int]:
    """Return when a node was heard, to compare: in this run is later than before it."""
    return node.heard_s if node.heard_s is not None else -1.0, node.last_heard
