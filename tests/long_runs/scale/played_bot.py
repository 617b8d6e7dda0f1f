"""What a status server asks of a bot, played: nothing runs behind it."""

import random
import time
from pathlib import Path
from typing import cast

from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.link_status import LinkStatus
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.mesh.node_table import NodeTable
from meshbot.messages.commands import Commands
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.model.client_status import ClientStatus
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.other_key import OtherKey
from meshbot.model.reply_fate import ReplyFate
from meshbot.status.bot_counters import BotCounters
from meshbot.status.bot_status import new_status_server
from meshbot.status.counts import LOSS_CAUSES
from meshbot.status.status_server import StatusServer
from meshbot.status.status_settings import StatusSettings
from meshbot.status.status_sources import StatusSources
from tests.support.fake_view import FakeView

DOWN_SHARE = 0.02
EVENT_CHANCE = 0.05
"""At each answer, of each thing that is counted."""
NODES = 40


class PlayedBot:
    """The link, the nodes and the conversation in one; its counts grow with each answer.

    Used by its server's thread alone once that has started.
    """

    def __init__(self, site: str, database: Path) -> None:
        """Prepare it; the site's name decides what it goes through. ``database`` is looked at.

        The port is the system's to choose.
        """
        self._chance = random.Random(site)
        self._is_down = self._chance.random() < DOWN_SHARE
        self._table = NodeTable()
        for num in self._chance.sample(range(1, 2**31), NODES):
            self._table.heard(num, snr_db=5.0, hops=1)
        self._counters = BotCounters(time.monotonic())
        self.interface = MeshTCPInterface(
            cast(InterfaceEvents, None), "127.0.0.1", 1, SessionOptions(1.0, 1.0)
        )
        """Never opened."""
        self.command_names = Commands(FakeView()).names
        self.direct_messages = DirectMessageCounts()
        sources = StatusSources(
            self, self, self, self.clients, database, dict, clock=time.monotonic
        )
        settings = StatusSettings(site=site)
        self.server: StatusServer = new_status_server(
            settings, sources, self._counters, stuck_s=60.0
        )

    # -- What the collector asks ---------------------------------------------------------------

    def status(self) -> LinkStatus:
        """Return the link at a glance; asked once an answer, so there the counts grow."""
        self._live_a_moment()
        return LinkStatus(None if self._is_down else 3_600.0, 0, 2, "RST", "192.168.1.38:4403")

    @property
    def node_metrics(self) -> NodeMetrics:
        """How the node is."""
        chance = self._chance
        return NodeMetrics(chance.randrange(10, 101), 3.9, chance.uniform(1, 30), chance.random())

    def queue_length(self) -> int:
        """Return how many replies wait."""
        return self._chance.randrange(3)

    def count(self) -> int:
        """Return how many nodes are known."""
        return self._table.count()

    def waiting_keys(self) -> list[OtherKey]:
        """Return the keys that wait for a decision."""
        return self._table.waiting_keys()

    @staticmethod
    def clients() -> list[ClientStatus]:
        """Return who shares the node."""
        return []

    def _live_a_moment(self) -> None:
        chance, counters = self._chance, self._counters
        if not self._is_down:
            self.interface.last_received_s = time.monotonic()
        for cause in LOSS_CAUSES:
            if chance.random() < EVENT_CHANCE:
                counters.note_event(LinkEvent(EventKind.LOST, 0.0, cause=cause))
                outage_s = chance.expovariate(1 / 60)
                counters.note_event(LinkEvent(EventKind.RECONNECTED, 0.0, seconds=outage_s))
        for name in self.command_names:
            if chance.random() < EVENT_CHANCE:
                counters.command_heard(name)
                counters.reply_ended(ReplyFate.SENT)
                self.direct_messages.note(proven=True, opened_here=chance.random() < 0.5)
        counters.node_answered(chance.expovariate(5))
