"""A text that the bot sends, and a reply that becomes one."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class OutgoingText:
    """A text on its way to node ``to``, or to everybody on a channel.

    ``reply_id``: the packet that it answers, 0 for none. ``sealed``: we seal it, as the radio is
    known to lack the key. ``queued_s`` is on the sender's clock; ``packet_id`` 0 before the first
    try, and again when the next one is to be another packet.
    """

    text: str
    to: int
    channel: int = 0
    reply_id: int = 0
    sealed: bool = False
    queued_s: float = 0.0
    packet_id: int = field(default=0, compare=False)


@dataclass(frozen=True)
class OutgoingReply:
    """A reply whose text is made when its turn has come, so that it tells what is so then.

    ``make`` belongs to the worker's thread. ``blank`` is what it goes out as, still without words.
    """

    make: Callable[[], str]
    blank: OutgoingText
