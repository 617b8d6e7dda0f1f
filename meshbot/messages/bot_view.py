"""What the commands see of the bot: gathered from its owners when it is asked for."""

import importlib.metadata
import logging
import math
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from meshbot import VERSION
from meshbot.link.link_status import LinkStatus
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.sync_status import SyncStatus
from meshbot.messages.system_status import SystemStatus
from meshbot.model.client_status import ClientStatus
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import LinkEvent
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.other_key import OtherKey
from meshbot.store.storage_error import StorageError
from meshbot.text.language import language_now, tr

log = logging.getLogger(__name__)

VERDICT_INTERVAL_S = 600.0
RECONNECT_INTERVAL_S = 60.0
"""What an administrator who repeats himself may cost the link."""


def load_judges() -> None:
    """Load what judges the link: a tenth of the start, and nobody asks before the first attempt.

    But not as late as somebody asks: by then the files may be those of another version.
    """
    from meshbot.diagnosis import last_week  # noqa: F401, PLC0415


class NodeDirectory(Protocol):
    """The nodes known."""

    def set_language(self, num: int, language: str) -> None:
        """Note in which language node ``num`` wants to be answered; empty: in the bot's own."""

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``."""

    def find(self, text: str) -> list[KnownNode]:
        """Return copies of the nodes that ``text`` names."""

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return copies of the nodes heard last, latest first."""

    def count(self) -> int:
        """Return how many nodes are known."""

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago ``node`` was heard, or None where no clock can tell."""


class KeyDirectory(Protocol):
    """Their keys, and which of them an interface holds."""

    def public_key(self, num: int) -> bytes:
        """Return the key known for node ``num``, or ``b""``."""

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""

    def waiting_keys(self) -> list[OtherKey]:
        """Return the keys that wait for the operator's decision."""

    def key_counts(self, interface: SupervisedInterface | None) -> tuple[int, int]:
        """Return how many keys are stored and how many of those ``interface`` holds."""

    def key_in_place(self, interface: SupervisedInterface | None, num: int) -> bool:
        """Say whether ``interface`` holds the key that is stored for node ``num``."""

    def last_sync(self) -> tuple[float, int] | None:
        """Return the monotonic time of the last sync that ran and how many keys were then held."""


class Mesh(NodeDirectory, KeyDirectory, Protocol):
    """The nodes and their keys."""


class Link(Protocol):
    """The link with the node."""

    @property
    def interface(self) -> SupervisedInterface | None:
        """The interface in use; after a loss the old one, until another is ready."""

    @property
    def live_interface(self) -> SupervisedInterface | None:
        """The interface in use, if its link is up."""

    @property
    def reconnecting(self) -> bool:
        """Whether the link is down, or back for too short a time to count as a success."""

    def status(self) -> LinkStatus:
        """Return the link at a glance."""

    def request_reconnection(self, by: str) -> None:
        """Ask for a new session; returns at once."""


class Events(Protocol):
    """What happened to the link."""

    def events(self, most: int) -> list[LinkEvent]:
        """Return the last events. Raises ``StorageError``."""


class Health(Protocol):
    """How our node is."""

    @property
    def latest(self) -> NodeMetrics:
        """What it said of itself last."""


class MeshBotView:
    """The ``BotView`` of the running bot. Keeps nothing but references."""

    def __init__(
        self,
        mesh: Mesh,
        link: Link,
        counts: DirectMessageCounts,
        journal: Events,
        *,
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name where the answers come from."""
        self._mesh = mesh
        self._counts = counts
        self._journal = journal
        self._health = health
        self._verdicts: dict[str, tuple[float, str, str]] = {}
        """By language: when it was made, why the link was lost, how far a trial is."""
        self._link = link
        self._clock = clock
        self.air_percent: Callable[[], float] = lambda: 0.0
        """Returns how much of the last hour the bot's texts were on the air."""
        self.clients: Callable[[], list[ClientStatus]] = list
        """Returns the clients that share the node."""
        self._started_s = clock()
        self._reconnect_asked_s = -math.inf

    def reconnect(self, by: str) -> bool:
        """Have the link replaced; return False if that is under way, or was done just now."""
        now_s = self._clock()
        if self._link.reconnecting or now_s - self._reconnect_asked_s < RECONNECT_INTERVAL_S:
            return False
        self._reconnect_asked_s = now_s
        self._link.request_reconnection(by)
        return True

    def direct_messages(self) -> DirectMessageCounts:
        """Return how many direct messages were opened, and by whom."""
        return self._counts

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""
        return self._mesh.other_keys(num)

    def waiting_nodes(self) -> list[KnownNode]:
        """Return the nodes for which a key waits for the operator."""
        nums = dict.fromkeys(other.num for other in self._mesh.waiting_keys())
        return [node for num in nums if (node := self._mesh.node(num)) is not None]

    def node(self, num: int) -> KnownNode | None:
        """Return what is known of a node."""
        return self._mesh.node(num)

    def find(self, text: str) -> list[KnownNode]:
        """Return the nodes that a name or id means."""
        return self._mesh.find(text)

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return the nodes heard last, latest first; our own is not heard."""
        interface = self._link.interface
        own_num = interface.own_num if interface is not None else 0
        heard = self._mesh.recently_heard(limit + 1)
        return [node for node in heard if node.num != own_num][:limit]

    def node_count(self) -> int:
        """Return how many nodes are known."""
        return self._mesh.count()

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago a node was heard, or None if nobody can tell."""
        return self._mesh.heard_ago_s(node)

    def key_counts(self) -> tuple[int, int]:
        """Return how many keys are known and how many are in place."""
        return self._mesh.key_counts(self._link.live_interface)

    def key_in_place(self, num: int) -> bool:
        """Say whether the interface holds the key of a node."""
        return self._mesh.key_in_place(self._link.live_interface, num)

    def link_status(self) -> LinkStatus:
        """Return the link at a glance."""
        return self._link.status()

    def sync_status(self) -> SyncStatus | None:
        """Return the last key sync, or None before the first."""
        last = self._mesh.last_sync()
        return SyncStatus(self._clock() - last[0], last[1]) if last is not None else None

    def system_status(self) -> SystemStatus:
        """Return the machine and the program at a glance."""
        interface = self._link.interface
        metadata = interface.metadata if interface is not None else None
        return SystemStatus(
            uptime_s=self._clock() - self._started_s,
            memory_mb=_resident_memory_mb(),
            version=VERSION,
            python=platform.python_version(),
            library=importlib.metadata.version("meshtastic"),
            firmware=str(metadata.firmware_version) if metadata is not None else "",
            node=self._health.latest,
            air_percent=self.air_percent(),
        )

    def set_language(self, num: int, language: str) -> None:
        """Note in which language a node wants to be answered; empty: in the bot's own."""
        self._mesh.set_language(num, language)

    def verdict(self) -> str:
        """Return why the link was lost in the last days, in a few words."""
        return self._judged()[1]

    def trial(self) -> str:
        """Return how far a trial is, in a few words; nothing where there is none."""
        return self._judged()[2]

    def _judged(self) -> tuple[float, str, str]:
        now_s, language = self._clock(), language_now()
        found = self._verdicts.get(language)
        if found is None or now_s - found[0] > VERDICT_INTERVAL_S:
            found = self._verdicts[language] = (now_s, *self._diagnosis())
        return found

    def _diagnosis(self) -> tuple[str, str]:
        from meshbot.diagnosis.last_week import WEEK_EVENTS, judged_week  # noqa: PLC0415
        from meshbot.diagnosis.trial.trial_text import trial_clause  # noqa: PLC0415

        try:
            events = self._journal.events(WEEK_EVENTS)
        except StorageError as error:
            log.debug("no verdict: %s", error)
            return tr("journal de la liaison illisible"), ""
        diagnosis = judged_week(events)
        return diagnosis.short_headline, trial_clause(diagnosis.trial)


def _resident_memory_mb() -> float | None:
    try:
        resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None  # not Linux
    return resident_pages * os.sysconf("SC_PAGE_SIZE") / 1e6
