"""What the commands answer from, as a test sets it."""

from dataclasses import dataclass, field

from meshbot.link.link_status import LinkStatus
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.sync_status import SyncStatus
from meshbot.messages.system_status import SystemStatus
from meshbot.model.client_status import ClientStatus
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey


@dataclass
class FakeView:
    """A ``BotView`` whose answers a test sets."""

    nodes: list[KnownNode] = field(default_factory=list)
    ago_s: float | None = 90.0
    counts: tuple[int, int] = (42, 40)
    in_place: tuple[int, ...] = ()
    link: LinkStatus = field(default_factory=lambda: LinkStatus(3_700.0, 1, 4, "FIN", "host:4403"))
    sync: SyncStatus | None = field(default_factory=lambda: SyncStatus(125.0, 42))
    system: SystemStatus = field(
        default_factory=lambda: SystemStatus(90_061.0, 48.4, "0.1.0", "3.11.9", "2.7.11", "2.7.26")
    )
    sought: list[str] = field(default_factory=list)
    messages: DirectMessageCounts = field(default_factory=DirectMessageCounts)
    others: list[OtherKey] = field(default_factory=list)
    reconnecting: bool = False
    causes: list[str] = field(default_factory=list)
    judged: str = "rien à signaler"
    tried: str = ""
    languages: dict[int, str] = field(default_factory=dict)
    guests: list[ClientStatus] = field(default_factory=list)

    def reconnect(self, cause: str) -> bool:
        self.causes.append(cause)
        return not self.reconnecting

    def set_language(self, num: int, language: str) -> None:
        self.languages[num] = language

    def verdict(self) -> str:
        return self.judged

    def trial(self) -> str:
        return self.tried

    def clients(self) -> list[ClientStatus]:
        return self.guests

    def direct_messages(self) -> DirectMessageCounts:
        return self.messages

    def other_keys(self, num: int) -> list[OtherKey]:
        return [other for other in self.others if other.num == num]

    def waiting_nodes(self) -> list[KnownNode]:
        nums = dict.fromkeys(other.num for other in self.others if other.waiting)
        return [node for num in nums if (node := self.node(num)) is not None]

    def node(self, num: int) -> KnownNode | None:
        return next((node for node in self.nodes if node.num == num), None)

    def find(self, text: str) -> list[KnownNode]:
        self.sought.append(text)
        return self.nodes

    def recently_heard(self, limit: int) -> list[KnownNode]:
        return self.nodes[:limit]

    def node_count(self) -> int:
        return len(self.nodes)

    def heard_ago_s(self, node: KnownNode) -> float | None:
        return self.ago_s

    def key_counts(self) -> tuple[int, int]:
        return self.counts

    def key_in_place(self, num: int) -> bool:
        return num in self.in_place

    def link_status(self) -> LinkStatus:
        return self.link

    def sync_status(self) -> SyncStatus | None:
        return self.sync

    def system_status(self) -> SystemStatus:
        return self.system
