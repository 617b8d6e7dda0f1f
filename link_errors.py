"""What can go wrong on a link, as exceptions that carry a line an operator can read."""


class LinkError(OSError):
    """The link could not be opened, or is gone. ``str()`` is a French phrase for the journal."""


class NodeBusyError(LinkError):
    """The node's transmit queue stayed full for as long as the caller would wait."""
