"""A week of a mesh's life in minutes: ``python tests/long_runs/week.py docs/week.md``.

The real bot on a simulated node over a real socket, everything a thousand times faster: its
constants, the intervals of its housekeeping, the traffic. Memory, files and writes are measured at
the end of each day and written down as a table.
"""

import argparse
import logging
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from meshtastic.protobuf import config_pb2

import main_bot
from main_bot import MeshBot
from meshbot.service import housekeeping
from meshbot.service.operator_constants import durations_of
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.backup import Backup
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from tests.support.journal import Journal

SPEED = 1_000.0
DAY_S = 86_400.0
NODES = 100
NODE_INFO_S = 3 * 3_600.0
TELEMETRY_S = 1_800.0
POSITION_S = 900.0
COMMANDS_A_DAY = 200
LOSSES_A_DAY = 4
TURN_S = 0.05
INTERVALS = (
    "KEY_DECISIONS_POLL_S",
    "JOURNAL_FLUSH_S",
    "JOURNAL_ALIVE_S",
    "HOUSEKEEPING_S",
)
WRITERS = {
    "save_nodes": NodeStore,
    "add_link_events": LinkEventStore,
    "prune_link_events": LinkEventStore,
    "back_up": Backup,
}


class Week:
    """One bot, and the days it lives through on a node in another process."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bot.db"
        self._writes: Counter[str] = Counter()
        self._journal = Journal()
        self.rows: list[tuple[str, ...]] = []

    def run(self, days: int, seed: int) -> None:
        """Live so many days, with a row in the table for each."""
        self._scale()
        root = logging.getLogger()
        root.addHandler(self._journal)
        root.setLevel(logging.INFO)
        arguments = [sys.executable, __file__, "--node", "--days", str(days), "--seed", str(seed)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as mesh:
            assert mesh.stdout is not None
            bot = self._bot(int(mesh.stdout.readline()))
            bot.start()
            try:
                for day, line in enumerate(mesh.stdout, 1):
                    connections, texts = line.split()
                    self._row(day, int(connections) - 1, int(texts))
            finally:
                bot.stop()
                root.removeHandler(self._journal)

    def _scale(self) -> None:
        """Make everything that happens now and then happen as often in a shorter day."""
        for name in INTERVALS:
            setattr(main_bot, name, getattr(main_bot, name) / SPEED)
        housekeeping.BACKUP_S /= SPEED
        for name, owner in WRITERS.items():
            setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._writes[name] += 1
            return method(*args, **kwargs)

        return counted

    def _bot(self, port: int) -> MeshBot:
        scaled = {name: value / SPEED for name, value in durations_of(MeshBot).items()}
        # These are about the network and the machine, which are no faster here.
        scaled |= {
            "TCP_CONNECT_TIMEOUT": 5.0,
            "TCP_HANDSHAKE_TIMEOUT": 5.0,
            "TCP_SILENT_TIMEOUT": 5.0,
            "TCP_PROBE_TIMEOUT": 1.0,
            "TCP_HEARTBEAT_INTERVAL": 1.0,
            "TEXT_QUEUE_WAIT": 5.0,
            "MESSAGE_MAX_AGE": 60.0,
            "AIR_BUDGET": 100.0,
            "AIR_BUDGET_STRANGERS": 100.0,
        }
        quick = type("WeekBot", (MeshBot,), scaled)
        bot: MeshBot = quick(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_TCP_HOST": "127.0.0.1",
                "MESHBOT_TCP_PORT": str(port),
                "MESHBOT_DATABASE_PATH": str(self._path),
            }
        )
        return bot

    def _row(self, day: int, reconnections: int, answers: int) -> None:
        errors = self._journal.count("[ERROR]")
        self._journal.forget()
        self.rows.append(
            (
                f"{day}",
                f"{_resident_mb():.1f}",
                f"{self._path.stat().st_size / 1024:.0f}",
                f"{sum(self._writes.values())}",
                f"{reconnections}",
                f"{answers}",
                f"{errors}",
            )
        )
        self._writes.clear()
        sys.stdout.write(" | ".join(self.rows[-1]) + "\n")
        sys.stdout.flush()

    def table(self) -> str:
        """Return the days as a Markdown table."""
        head = (
            "day",
            "memory, MB",
            "database, kB",
            "transactions",
            "reconnections so far",
            "texts so far",
            "errors",
        )
        lines = [head, tuple("---" for _ in head), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def live_a_day(node: SimulatedNode, chance: random.Random) -> None:
    """Let each peer be heard as often as in a day, and ask, and the link be lost."""
    actions: list[Callable[[], object]] = []
    for peer in node.peers:
        for interval_s, hear in (
            (NODE_INFO_S, node.hear_node_info),
            (TELEMETRY_S, node.hear_telemetry),
            (POSITION_S, node.hear_position),
        ):
            actions += [lambda hear=hear, peer=peer: hear(peer)] * round(DAY_S / interval_s)  # type: ignore[misc]
    commands = ("/ping", "/nodes", "/keys", "/tcp", "/help")
    for _ in range(COMMANDS_A_DAY):
        peer, text = chance.choice(node.peers), chance.choice(commands)
        actions.append(lambda peer=peer, text=text: node.hear_text(peer, text))  # type: ignore[misc]
    actions += [node.close_by_fin] * (LOSSES_A_DAY // 2)
    actions += [node.close_by_rst] * (LOSSES_A_DAY - LOSSES_A_DAY // 2)
    chance.shuffle(actions)
    ends_s = time.monotonic() + DAY_S / SPEED
    pause = threading.Event()
    done = 0
    while (left_s := ends_s - time.monotonic()) > 0:
        share = 1 - left_s / (DAY_S / SPEED)
        while done < share * len(actions):
            actions[done]()
            done += 1
        pause.wait(TURN_S)


def live_as_a_mesh(days: int, seed: int) -> None:
    """Be the node and its mesh for so many days; say how it was at the end of each."""
    chance = random.Random(seed)
    texts = 0
    with SimulatedNode(peers=NODES, text_spacing_s=0.0) as node:
        # Days pass, and the hour of the air budget is a real one: no limit of the region's.
        node.region = config_pb2.Config.LoRaConfig.RegionCode.US
        sys.stdout.write(f"{node.port}\n")
        sys.stdout.flush()
        for _ in range(days):
            before = len(node.texts_on_air)
            live_a_day(node, chance)
            texts += len(node.texts_on_air) - before
            sys.stdout.write(f"{node.connections_total} {texts}\n")
            sys.stdout.flush()


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Live the week and write the table down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="write the table here")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--node", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.node:
        live_as_a_mesh(options.days, options.seed)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        week = Week(Path(folder))
        week.run(options.days, options.seed)
    if options.file is not None:
        options.file.write_text(week.table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
