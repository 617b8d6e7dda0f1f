"""A text that the bot sends."""

from dataclasses import dataclass, field

from meshbot.messages.asker import Asker


@dataclass
class OutgoingText:
    """A text on its way to node ``to``, or to everybody on a channel.

    ``reply_id``: the packet that it answers, 0 for none. ``sealed``: we seal it, as the radio is
    known to lack the key. ``queued_s`` is on the sender's clock; ``packet_id`` 0 before the first
    try, and again when the next one is to be another packet. ``asker``: who asked, so that the air
    it takes counts as his, on a channel too; ``air_s``: how many seconds that is. ``told``: whether
    those who are to see what the bot sends saw this text, under whatever packet id.
    """

    text: str
    to: int
    channel: int = 0
    reply_id: int = 0
    sealed: bool = False
    queued_s: float = 0.0
    packet_id: int = field(default=0, compare=False)
    asker: Asker = field(default=Asker(0), compare=False)
    air_s: float = field(default=0.0, compare=False)
    told: bool = field(default=False, compare=False)
