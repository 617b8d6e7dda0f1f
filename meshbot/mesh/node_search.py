"""Which nodes a person means. Pure."""

import heapq
from collections.abc import Iterable, Sequence

from meshbot.model.known_node import KnownNode


def nodes_named(text: str, nodes: Sequence[KnownNode]) -> list[KnownNode]:
    """Return the nodes that ``text`` names: by id, else by name, exact ones first."""
    wanted = text.strip().casefold()
    if not wanted:
        return []
    by_id = [node for node in nodes if wanted in (node.id, node.id[1:])]
    if by_id:
        return by_id
    exact = [
        node for node in nodes if wanted in (node.short_name.casefold(), node.long_name.casefold())
    ]
    return exact or [node for node in nodes if wanted in node.long_name.casefold()]


def latest_heard(limit: int, nodes: Iterable[KnownNode]) -> list[KnownNode]:
    """Return the nodes heard last, latest first: those of this run before older ones."""
    heard = (node for node in nodes if node.last_heard or node.heard_s)
    return heapq.nlargest(limit, heard, key=_heard_when)


def _heard_when(node: KnownNode) -> tuple[float, int]:
    return node.heard_s if node.heard_s is not None else -1.0, node.last_heard
