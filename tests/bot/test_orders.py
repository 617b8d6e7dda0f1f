"""Orders over a real socket: obeyed with proof, once, whatever else is heard and whoever restarts.

That an order counts is seen by what it does first, its row in the store, and by the link.
"""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

import main_bot
from main_bot import MeshBot
from meshbot.messages import bot_view
from meshbot.model.public_key import fingerprint
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import texts_to, wait_text
from tests.support.forged_orders import ORDER, Forger
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
OBEYED = " exécuté (clé "
REFUSED = "⛔ Ordre de "


class Bench:
    """A bot on a node, one administrator, and who would like to be him."""

    def __init__(
        self, node: SimulatedNode, start: BotFactory, journal: Journal, folder: Path
    ) -> None:
        self.node, self.journal = node, journal
        self.admin: SimulatedPeer = node.peers[1]
        self._witness = node.peers[5]
        self.forger = Forger(node, self.admin, node.peers[2], random.Random(node.firmware))
        self._start, self._path = start, folder / "bot.db"
        self._syncs = self._sentinels = 0
        self.flood_burst = 1_000
        self.bot = self.start()

    def start(self) -> MeshBot:
        """Start a bot, and wait until it is ready."""
        key = f":{fingerprint(self.admin.public_key)}"
        self._syncs += 1
        self.bot = self._start(
            self.node,
            TEXT_INTERVAL=0.01,
            FLOOD_BURST=self.flood_burst,
            environment={"MESHBOT_ADMIN_NODES": self.admin.node_id + key},
        )
        self.node.text_spacing_s = 0.0
        self.journal.wait_for(COMPLETE, times=self._syncs)
        return self.bot

    def restart(self) -> None:
        self.bot.stop()
        self.start()

    def orders_noted(self) -> int:
        with closing(sqlite3.connect(self._path)) as stored:
            return int(stored.execute("SELECT count(*) FROM heard_orders").fetchone()[0])

    def hear(self, packet: mesh_pb2.MeshPacket) -> None:
        """Have a packet heard, and wait until it has been dealt with."""
        self._sentinels += 1
        self.node.hear(packet)
        self.node.hear_text(self._witness, f"/ping {self._sentinels}")
        self.journal.wait_for(f": ‹/ping\u00a0{self._sentinels}›")

    def obey(self, packet: mesh_pb2.MeshPacket) -> None:
        """Have an order heard that is obeyed, and wait until the link is there again."""
        times = self.journal.count(RECONNECTED) + 1
        self.node.hear(packet)
        self.journal.wait_for(RECONNECTED, times)


@pytest.fixture
def make_bench(
    quick_bot: BotFactory, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[SimulatedNode], Bench]:
    """Make benches where the pause between two orders hides nothing."""
    monkeypatch.setattr(bot_view, "RECONNECT_INTERVAL_S", 0.0)
    monkeypatch.setattr(main_bot, "KEY_DECISIONS_POLL_S", 0.05)
    return lambda node: Bench(node, quick_bot, journal, tmp_path)


@pytest.mark.parametrize("firmware", ["2.5.20", "2.6.11", "2.7.9", "2.7.26", "2.8.0"])
def test_no_forgery_is_obeyed_and_the_true_order_among_them_is_once(
    firmware: str, make_bench: Callable[[SimulatedNode], Bench], journal: Journal
) -> None:
    with SimulatedNode(firmware=firmware) as node:
        bench = make_bench(node)
        for name, packet in bench.forger.forgeries().items():
            bench.hear(packet)
            assert bench.orders_noted() == 0, name
        assert journal.count(OBEYED) == 0
        assert node.connections_total == 1
        order = bench.forger.true_order()
        bench.obey(order)
        for repeated in (False, True):
            for name, packet in bench.forger.repetitions(order).items():
                bench.hear(packet)
                assert bench.orders_noted() == 1, name
            for name, packet in bench.forger.forgeries().items():
                bench.hear(packet)
                assert bench.orders_noted() == 1, name
            if not repeated:
                bench.restart()
        assert journal.count(OBEYED) == 1
        assert node.connections_total == 3, "at first, as ordered, and after the restart"
        bench.obey(bench.forger.true_order())
        assert journal.count(OBEYED) == 2


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        ("channel key", "message non authentifié"),
        ("mark, no key", "message non authentifié : la clé qui l'a ouvert n'est pas montrée"),
        ("UDP", "message non authentifié : venu par UDP"),
        ("MQTT, by its flag", "message non authentifié : venu par MQTT"),
        ("no way named", "message non authentifié : entendu on ne sait comment"),
        ("from no admin", "pas dans ADMIN_NODES"),
        ("no id", "paquet sans numéro"),
    ],
)
def test_the_operator_reads_why_and_the_sender_does_not(
    kind: str, clause: str, node: SimulatedNode, make_bench: Callable[[SimulatedNode], Bench]
) -> None:
    bench = make_bench(node)
    packet = bench.forger.forgeries()[kind]
    bench.hear(packet)
    (line,) = (line for line in bench.journal.messages if line.startswith(REFUSED))
    assert line.endswith(f" refusé : {clause}")
    assert wait_text(node, getattr(packet, "from")) == "Commande refusée."


def test_a_repetition_after_a_restart_is_told_and_gets_no_answer(
    node: SimulatedNode, make_bench: Callable[[SimulatedNode], Bench], journal: Journal
) -> None:
    bench = make_bench(node)
    order = bench.forger.true_order()
    bench.obey(order)
    wait_text(node, bench.admin.num)
    bench.bot.stop()
    node.hear(order)  # the node keeps it, and hands it over right behind the configuration
    bench.start()
    line = journal.wait_for(REFUSED)
    assert line.endswith("refusé : déjà entendu, peut-être rejoué par un tiers")
    bench.hear(order)
    assert journal.count(REFUSED) == 1, "once an hour"
    assert len(texts_to(node, bench.admin.num)) == 1
    assert node.connections_total == 3


def test_orders_beyond_the_flood_limit_are_obeyed_and_count_once(
    node: SimulatedNode, make_bench: Callable[[SimulatedNode], Bench], journal: Journal
) -> None:
    """A recording of one must not count a day later."""
    bench = make_bench(node)
    bench.bot.stop()
    bench.flood_burst = 1
    bench.start()
    orders = [bench.forger.true_order() for _ in range(2)]
    for order in orders:
        bench.obey(order)
    assert bench.orders_noted() == 2
    bench.restart()
    bench.hear(orders[1])
    assert journal.wait_for(REFUSED).endswith("déjà entendu, peut-être rejoué par un tiers")
    assert journal.count(OBEYED) == 2


def test_a_restart_in_the_middle_of_a_flood_of_repetitions_changes_nothing(
    node: SimulatedNode, make_bench: Callable[[SimulatedNode], Bench], journal: Journal
) -> None:
    bench = make_bench(node)
    order = bench.forger.true_order()
    bench.obey(order)
    node.hear_all([order] * 20)
    bench.bot.stop()
    node.hear_all([*bench.forger.repetitions(order).values()] * 3)
    bench.start()
    bench.hear(order)
    assert (bench.orders_noted(), journal.count(OBEYED)) == (1, 1)
    assert node.connections_total == 3


def test_an_order_that_cannot_be_noted_has_no_effect(
    node: SimulatedNode,
    make_bench: Callable[[SimulatedNode], Bench],
    journal: Journal,
    tmp_path: Path,
) -> None:
    bench = make_bench(node)
    with closing(sqlite3.connect(tmp_path / "bot.db")) as stored:
        stored.execute(
            "CREATE TRIGGER full BEFORE INSERT ON heard_orders "
            "BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
    bench.hear(bench.forger.true_order())
    assert journal.wait_for(REFUSED).endswith("refusé : il ne peut pas être noté dans la base")
    assert node.connections_total == 1
    with closing(sqlite3.connect(tmp_path / "bot.db")) as stored:
        stored.execute("DROP TRIGGER full")
    bench.obey(bench.forger.true_order())
    assert bench.orders_noted() == 2, "the first is made up for"


def test_the_orders_heard_outlast_a_file_that_was_deleted(
    node: SimulatedNode,
    make_bench: Callable[[SimulatedNode], Bench],
    journal: Journal,
    tmp_path: Path,
) -> None:
    bench = make_bench(node)
    first, second = bench.forger.true_order(), bench.forger.true_order()
    bench.obey(first)
    for path in tmp_path.glob("bot.db*"):
        if path.name != "bot.db.lock":
            path.unlink()
    bench.obey(second)
    journal.wait_for("elle a été refaite, avec tout ce que le bot sait")
    assert bench.orders_noted() == 2
    bench.restart()
    for order in (first, second):
        bench.hear(order)
    assert journal.count(OBEYED) == 2


def test_they_outlast_it_when_no_other_order_comes(
    node: SimulatedNode,
    make_bench: Callable[[SimulatedNode], Bench],
    journal: Journal,
    tmp_path: Path,
) -> None:
    bench = make_bench(node)
    order = bench.forger.true_order()
    bench.obey(order)
    for path in tmp_path.glob("bot.db*"):
        if path.name != "bot.db.lock":
            path.unlink()
    bench.restart()
    journal.wait_for("elle a été refaite, avec tout ce que le bot sait")
    assert bench.orders_noted() == 1
    bench.hear(order)
    assert journal.count(OBEYED) == 1


def test_an_admin_whose_key_is_in_dispute_gives_orders_under_the_known_one(
    node: SimulatedNode, make_bench: Callable[[SimulatedNode], Bench], journal: Journal
) -> None:
    """A forger's message, opened by a radio that took his key, does not lock the admin out."""
    bench = make_bench(node)
    bench.hear(bench.forger.forgeries()["mark, wrong key"])
    journal.wait_for("La radio ouvre les messages de")
    assert bench.orders_noted() == 0
    bench.obey(bench.forger.true_order())
    assert ORDER in journal.wait_for("📩 ‹" + bench.admin.long_name).replace("\u00a0", " ")
