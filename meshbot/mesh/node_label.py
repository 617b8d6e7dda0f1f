"""How a log line names a node. Pure."""

from meshbot.model.known_node import KnownNode
from meshbot.text.log_format import printable


def label_of(node: KnownNode) -> str:
    """Return a node's long name, fit for a log line, and its id; or its id alone."""
    return f"{printable(node.name)} ({node.id})" if node.long_name else node.id
