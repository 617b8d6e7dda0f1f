"""Forges orders by the dozen around one true order, and repeats what was on the air.

The bot is started again in between.

``python tests/long_runs/spoofed_orders.py --rounds 100 --seed 7`` plays a hundred rounds, each on
another firmware, with a file of its own. In each, exactly one order may count: that it is noted in
the store, is told in the journal and replaces the link must all happen once. One line tells what
was played; the exit code is 1 if anything else counted.
"""

import argparse
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.messages import bot_view
from meshbot.model.public_key import fingerprint
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.forged_orders import Forger
from tests.support.journal import Journal
from tests.support.quick_bot import QUICK_CONSTANTS

FIRMWARES = ("2.5.0", "2.5.20", "2.6.11", "2.7.4", "2.7.5", "2.7.9", "2.7.11", "2.7.26", "2.8.0")
CONSTANTS = {**QUICK_CONSTANTS, "TEXT_INTERVAL": 0.01, "FLOOD_BURST": 1_000}
READY = "SYNC COMPLETE"
RECONNECTED = "Reconnexion TCP réussie"
OBEYED = " exécuté (clé "


class SpoofFailed(AssertionError):
    """An order counted that must not, or the true one did not; the text says which."""


class SpoofedOrders:
    """One node, one administrator, and somebody who knows all but his private key."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        """Choose a firmware, and how much of an administrator the settings name."""
        self._path = folder / "bot.db"
        self._random = rng
        self._journal = Journal()
        self._node = SimulatedNode(firmware=rng.choice(FIRMWARES), text_spacing_s=0.0)
        self._admin: SimulatedPeer = self._node.peers[1]
        self._forger = Forger(self._node, self._admin, self._node.peers[2], rng)
        self._names_key = rng.random() < 0.7
        self._starts = self._sentinels = 0
        self.played = 0
        """Orders heard that must not count."""

    def run(self) -> None:
        """Play the round. Raises :class:`SpoofFailed`."""
        root = logging.getLogger()
        root.addHandler(self._journal)
        root.setLevel(logging.INFO)
        try:
            with self._node:
                self._play()
        finally:
            root.removeHandler(self._journal)

    def _play(self) -> None:
        order = self._forger.true_order()
        bot = self._start_bot()
        try:
            self._hear(self._some_forgeries())
            self._check(0, "before the order")
            self._node.hear(order)
            self._journal.wait_for(RECONNECTED)
            self._hear([*self._repetitions(order), *self._some_forgeries()])
            self._check(1, "after the order")
            self._node.hear_all(self._repetitions(order))  # of these, some are heard before the end
        finally:
            bot.stop()
        self._node.hear_all(self._repetitions(order))
        bot = self._start_bot()
        try:
            self._hear([*self._repetitions(order), *self._some_forgeries()])
            self._check(1, "after the restart")
        finally:
            bot.stop()

    def _start_bot(self) -> MeshBot:
        self._starts += 1
        key = f":{fingerprint(self._admin.public_key)}" if self._names_key else ""
        bot: MeshBot = type("SpoofedBot", (MeshBot,), CONSTANTS)(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_TCP_HOST": "127.0.0.1",
                "MESHBOT_TCP_PORT": str(self._node.port),
                "MESHBOT_DATABASE_PATH": str(self._path),
                "MESHBOT_ADMIN_NODES": self._admin.node_id + key,
            }
        )
        bot.start()
        self._journal.wait_for(READY, self._starts)
        return bot

    def _some_forgeries(self) -> list[mesh_pb2.MeshPacket]:
        kinds = list(self._forger.forgeries().values())
        return self._random.choices(kinds, k=self._random.randrange(1, 2 * len(kinds)))

    def _repetitions(self, order: mesh_pb2.MeshPacket) -> list[mesh_pb2.MeshPacket]:
        return self._random.choices([*self._forger.repetitions(order).values()], k=6)

    def _hear(self, heard: Iterable[mesh_pb2.MeshPacket]) -> None:
        """Have packets heard, and wait until all have been dealt with."""
        packets = list(heard)
        self._random.shuffle(packets)
        self._node.hear_all(packets)
        self.played += len(packets)
        self._sentinels += 1
        self._node.hear_text(self._node.peers[5], f"/ping {self._sentinels}")
        self._journal.wait_for(f": ‹/ping\u00a0{self._sentinels}›")

    def _check(self, orders: int, when: str) -> None:
        with closing(sqlite3.connect(self._path)) as stored:
            noted = int(stored.execute("SELECT count(*) FROM heard_orders").fetchone()[0])
        found = (noted, self._journal.count(OBEYED), self._node.connections_total)
        wanted = (orders, orders, orders + self._starts)
        if found != wanted:
            lines = "\n".join(self._journal.lines[-40:])
            raise SpoofFailed(
                f"firmware {self._node.firmware}, {when}: noted, obeyed, connections {found}, "
                f"not {wanted}\n{lines}"
            )


def main() -> int:
    """Play the rounds asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    bot_view.RECONNECT_INTERVAL_S = 0.0  # the pause between two orders would hide a second one
    rng, started_s, played = random.Random(options.seed), time.monotonic(), 0
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            attack = SpoofedOrders(Path(folder), rng)
            try:
                attack.run()
            except (AssertionError, pytest.fail.Exception) as error:
                sys.stdout.write(f"round {number + 1}, seed {options.seed}: {error}\n")
                return 1
            played += attack.played
    sys.stdout.write(
        f"{options.rounds} rounds, {played} forged or repeated orders, none obeyed; each true one "
        f"obeyed once: {time.monotonic() - started_s:.0f} s (seed {options.seed})\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
