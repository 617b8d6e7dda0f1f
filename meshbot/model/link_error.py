"""What a link raises."""

from meshbot.model.cause import Cause


class LinkError(OSError):
    """The link could not be opened, or is gone. ``str()`` is for debugging, not for people."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        """Name the cause; ``detail`` is what its text leaves room for, such as a host."""
        super().__init__(f"{cause.value}: {detail}" if detail else cause.value)
        self.cause = cause
        self.detail = detail


class NodeBusyError(LinkError):
    """The node's transmit queue stayed full for as long as the caller would wait."""
