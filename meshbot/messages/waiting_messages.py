"""Sealed messages that nobody can open yet, kept until their sender's key arrives. Pure.

Owned by the worker thread; told the time, keeps no clock.
"""

from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.packet_path import PacketPath, path_of

KEEP_S = 600.0
MAX_WAITING = {PacketPath.DIRECT: 12, PacketPath.HOPS: 12, PacketPath.NETWORK: 8}
"""So a flood that comes one way pushes out nobody's message that came another."""
MAX_WAITING_PER_SENDER = 4


class WaitingMessages:
    """A bounded number of messages of each path.

    There the oldest gives way, numbers never heard before first; one of those never pushes out
    another. Of one sender the last four of each path wait, as anybody can use his number.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._messages: list[HeardPacket] = []

    def __len__(self) -> int:
        """Count the messages kept."""
        return len(self._messages)

    def keep(self, message: HeardPacket) -> bool:
        """Keep a message, once; return False if there is no room for it."""
        sender, path = message.sender, path_of(message)
        if any(
            (kept.sender, kept.packet.id) == (sender, message.packet.id) for kept in self._messages
        ):
            return True
        beside = [kept for kept in self._messages if path_of(kept) is path]
        same = [kept for kept in beside if kept.sender == sender]
        if len(same) >= MAX_WAITING_PER_SENDER:
            self._messages.remove(same[0])
        elif len(beside) >= MAX_WAITING[path]:
            strangers = [kept for kept in beside if not kept.familiar]
            if not strangers and not message.familiar:
                return False
            self._messages.remove((strangers or beside)[0])
        self._messages.append(message)
        return True

    def senders(self, now_s: float) -> set[int]:
        """Return whose messages wait at ``now_s``, having dropped those that waited too long."""
        self._messages = [kept for kept in self._messages if now_s - kept.received_s < KEEP_S]
        return {message.sender for message in self._messages}

    def take(self, sender: int) -> list[HeardPacket]:
        """Return the messages of a sender, the oldest first, and keep them no longer."""
        taken = [message for message in self._messages if message.sender == sender]
        self._messages = [message for message in self._messages if message.sender != sender]
        return taken
