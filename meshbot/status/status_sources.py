"""What the status server reads of the bot: snapshots that any thread may take, without waiting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from meshbot.link.link_status import LinkStatus
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.model.client_status import ClientStatus
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.other_key import OtherKey
from meshbot.threads.progress_mark import ProgressMark


class ShownLink(Protocol):
    """The link with the node."""

    @property
    def interface(self) -> SupervisedInterface | None:
        """The last interface that was ready, until another takes its place."""

    def status(self) -> LinkStatus:
        """Return the link at a glance."""


class ShownNodes(Protocol):
    """The nodes known."""

    def count(self) -> int:
        """Return how many nodes are known."""

    def waiting_keys(self) -> list[OtherKey]:
        """Return the keys that wait for the operator's decision."""


class ShownConversation(Protocol):
    """Who hears and answers."""

    @property
    def node_metrics(self) -> NodeMetrics:
        """How our node is, as it said last."""

    @property
    def direct_messages(self) -> DirectMessageCounts:
        """How many direct messages were opened, and by whom."""

    @property
    def command_names(self) -> list[str]:
        """The names of the commands."""

    def queue_length(self) -> int:
        """Return how many replies wait."""


@dataclass(frozen=True)
class StatusSources:
    """The bot's parts."""

    link: ShownLink
    nodes: ShownNodes
    conversation: ShownConversation
    clients: Callable[[], list[ClientStatus]]
    """Returns who shares the node."""
    database_path: Path
    progress_marks: Callable[[], Mapping[str, ProgressMark]]
    clock: Callable[[], float]
