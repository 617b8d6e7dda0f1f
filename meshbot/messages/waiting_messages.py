"""Sealed messages that nobody can open yet, kept until their sender's key arrives. Pure.

Owned by the worker thread; told the time, keeps no clock.
"""

from meshbot.messages.heard_packet import HeardPacket

KEEP_S = 600.0
MAX_WAITING = 32
MAX_WAITING_PER_SENDER = 4


class WaitingMessages:
    """A bounded number of messages. The oldest gives way, numbers never heard before first."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._messages: list[HeardPacket] = []

    def __len__(self) -> int:
        """Count the messages kept."""
        return len(self._messages)

    def keep(self, message: HeardPacket) -> None:
        """Keep a message, unless the same packet is kept already."""
        same = [kept for kept in self._messages if kept.sender == message.sender]
        if any(kept.packet.id == message.packet.id for kept in same):
            return
        if len(same) >= MAX_WAITING_PER_SENDER:
            self._messages.remove(same[0])
        elif len(self._messages) >= MAX_WAITING:
            strangers = [kept for kept in self._messages if not kept.familiar]
            self._messages.remove((strangers or self._messages)[0])
        self._messages.append(message)

    def senders(self, now_s: float) -> set[int]:
        """Return whose messages wait at ``now_s``, having dropped those that waited too long."""
        self._messages = [kept for kept in self._messages if now_s - kept.received_s < KEEP_S]
        return {message.sender for message in self._messages}

    def take(self, sender: int) -> list[HeardPacket]:
        """Return the messages of a sender, the oldest first, and keep them no longer."""
        taken = [message for message in self._messages if message.sender == sender]
        self._messages = [message for message in self._messages if message.sender != sender]
        return taken
