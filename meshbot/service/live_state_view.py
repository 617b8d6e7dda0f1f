"""Gathers what the line at the bottom of a terminal tells, from its owners. Keeps nothing.

Called on the thread that writes the journal. None of the owners waits for anybody when it is asked.
"""

from collections.abc import Callable
from typing import Protocol

from meshbot.link.interface_manager import InterfaceManager
from meshbot.messages.conversation import Conversation
from meshbot.service.live_state import LiveState


class CountedNodes(Protocol):
    """The nodes known."""

    def count(self) -> int:
        """Return how many nodes are known."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


class LiveStateView:
    """Sees the running bot."""

    def __init__(
        self,
        link: InterfaceManager,
        nodes: CountedNodes,
        conversation: Conversation,
        clock: Callable[[], float],
    ) -> None:
        """Name the owners, and the clock that they go by."""
        self._link = link
        self._nodes = nodes
        self._conversation = conversation
        self._clock = clock

    def state(self) -> LiveState:
        """Return the bot at a glance."""
        status = self._link.status()
        interface = self._link.interface
        own_num = interface.own_num if interface is not None else 0
        last = self._conversation.last_command
        return LiveState(
            up_s=status.up_s,
            down_cause=status.last_cause,
            node=self._nodes.label(own_num) if own_num else status.where,
            nodes=self._nodes.count(),
            waiting=self._conversation.waiting_replies(),
            last_message=last.text if last is not None else "",
            last_message_s=self._clock() - last.heard_s if last is not None else 0.0,
        )
