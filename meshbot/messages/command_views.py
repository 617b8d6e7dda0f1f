"""What the commands may ask of the bot, on the worker thread. Each names no more than it needs."""

from typing import Protocol

from meshbot.link.link_status import LinkStatus
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.sync_status import SyncStatus
from meshbot.messages.system_status import SystemStatus
from meshbot.model.client_status import ClientStatus
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey


class NodesView(Protocol):
    """The nodes of the mesh."""

    def node(self, num: int) -> KnownNode | None:
        """Return what is known of a node."""

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return the nodes heard last, latest first."""

    def node_count(self) -> int:
        """Return how many nodes are known."""

    def set_language(self, num: int, language: str) -> None:
        """Note in which language a node wants to be answered; empty: in the bot's own."""

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago a node was heard, or None if nobody can tell."""


class KeysView(Protocol):
    """Public keys, and the messages they opened."""

    def find(self, text: str) -> list[KnownNode]:
        """Return the nodes that a name or id means."""

    def key_counts(self) -> tuple[int, int]:
        """Return how many keys are known and how many are in place."""

    def key_in_place(self, num: int) -> bool:
        """Say whether the interface holds the key of a node."""

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""

    def waiting_nodes(self) -> list[KnownNode]:
        """Return the nodes for which a key waits for the operator."""

    def direct_messages(self) -> DirectMessageCounts:
        """Return how many direct messages were opened, and by whom."""


class LinkView(Protocol):
    """The link with the node."""

    def link_status(self) -> LinkStatus:
        """Return the link at a glance."""

    def sync_status(self) -> SyncStatus | None:
        """Return the last key sync, or None before the first."""

    def verdict(self) -> str:
        """Return why the link was lost in the last days, in a few words."""

    def trial(self) -> str:
        """Return how far a trial is, in a few words; nothing where there is none."""

    def clients(self) -> list[ClientStatus]:
        """Return the clients that share the node."""

    def reconnect(self, by: str) -> bool:
        """Have the link replaced; return False if that is under way, or was done just now."""


class SystemView(Protocol):
    """The machine and the program."""

    def system_status(self) -> SystemStatus:
        """Return the machine and the program at a glance."""


class BotView(NodesView, KeysView, LinkView, SystemView, Protocol):
    """All of it."""
