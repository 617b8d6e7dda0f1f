"""How a log line names a node. Pure."""

from meshbot.model.known_node import KnownNode
from meshbot.text.foreign_text import quoted


def label_of(node: KnownNode) -> str:
    """Return a node's long name, quoted for a log line, and its id; or its id alone."""
    return f"{quoted(node.name)} ({node.id})" if node.long_name else node.id
