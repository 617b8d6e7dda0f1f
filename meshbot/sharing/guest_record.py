"""What the node was given of a client, until it is known what became of it."""

from dataclasses import dataclass

from meshbot.sharing.guest_task import GuestTask


@dataclass(slots=True, eq=False)
class GuestRecord:
    """One try; guarded by the sender's lock."""

    task: GuestTask
    under_way: bool = True
    """Whether the node's word on it is still waited for."""
    again_for: int = 0
    """The error for which it goes out again under another id, 0: it does not."""
