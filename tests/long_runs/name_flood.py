"""Names and keys by the hundred thousand, made up: ``name_flood.py --names 250000``.

The real program on a simulated node hears them one after another over a real socket, and in their
midst and after them an honest newcomer each. Prints one line: names sent, the program's memory,
the nodes it keeps, whether the newcomers' keys were learned; the exit code is 1 where one of its
promises is broken.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from meshtastic.protobuf import mesh_pb2

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from main_bot import MeshBot
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.program import Program

MAX_RSS_MB = 120.0
PART = 1_000
LIMIT_S = 120.0
POLL_S = 0.02
SAVE_S = 0.5
"""How often the program writes what it heard: by that is seen how far it is."""


class NameFlood:
    """One program, one node, and what is sent and seen."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Start nothing yet."""
        self._folder = folder
        self._random = random.Random(seed)
        self._peers = make_peers(14, seed=3)
        self._newcomers = self._peers[12:]
        self._node = SimulatedNode(peers=self._peers[:12])
        self._sent_parts = 0
        self.rss_mb = 0.0

    def run(self, names: int, strangers: int) -> list[str]:
        """Send them; return what went wrong."""
        with self._node as node:
            program = Program(
                self._folder,
                CONNECTION_MODE="tcp",
                TCP_HOST="127.0.0.1",
                TCP_PORT=str(node.port),
                HEARD_SAVE_INTERVAL=str(SAVE_S),
                PUBKEY_SYNC_INTERVAL="1",
            )
            try:
                program.wait_line("SYNC COMPLETE")
                self._send(self._made_up(names, 0, named=True))
                self._send(self._made_up(strangers, 1, named=False))
                synced = names + strangers == 0 or bool(program.wait_line("SYNC COMPLETE"))
                pages = Path(f"/proc/{program.process.pid}/statm").read_text("ascii").split()[1]
                self.rss_mb = int(pages) * 4096 / 1e6
                program.process.terminate()
                code = program.finish()
            finally:
                program.process.kill()
        wrong = [f"exit code {code}"] if code else []
        wrong += [] if synced else ["no key sync"]
        wrong += [line for line in program.lines if "Traceback" in line or "inattendue" in line]
        return wrong

    def _made_up(self, count: int, kind: int, *, named: bool) -> Iterator[mesh_pb2.MeshPacket]:
        """Yield packets of numbers that nobody has."""
        for number in range(count):
            num = 0x10000000 + (kind << 27) + number
            data = packets.telemetry_data(self._random)
            if named:
                user = mesh_pb2.User(
                    id=f"!{num:08x}",
                    long_name=f"Nom inventé {number}",
                    short_name=f"{number % 10_000:04}",
                    hw_model=mesh_pb2.HardwareModel.HELTEC_V3,
                    public_key=self._random.randbytes(32),
                )
                data = packets.node_info_data(user.SerializeToString())
            yield self._packet(num, data)

    def _packet(self, num: int, data: mesh_pb2.Data) -> mesh_pb2.MeshPacket:
        packet = mesh_pb2.MeshPacket(
            to=packets.BROADCAST_NUM,
            id=self._random.randrange(1, 2**32),
            rx_time=int(time.time()),
            rx_snr=5.0,
            rx_rssi=-90,
            hop_start=3,
            hop_limit=1,
            decoded=data,
        )
        packets.set_sender(packet, num)
        return packet

    def _send(self, made_up: Iterator[mesh_pb2.MeshPacket]) -> None:
        """Send them in parts, each when the program has written that it knows of the one before."""
        parts: list[list[mesh_pb2.MeshPacket]] = [[]]
        for packet in made_up:
            if len(parts[0]) == PART:
                self._send_part(parts.pop())
                parts.append([])
            parts[0].append(packet)
        self._send_part(parts[0])

    def _send_part(self, part: list[mesh_pb2.MeshPacket]) -> None:
        self._node.hear_all(part)
        # A newcomer speaks twice: in the middle of the flood and at its end.
        self._node.hear_node_info(self._newcomers[self._sent_parts % 2])
        mark = self._peers[0]
        self._sent_parts += 1
        self._node.hear_node_info(mark, long_name=f"Repère {self._sent_parts}")
        self._wait_for(mark.num, f"Repère {self._sent_parts}")

    def _wait_for(self, num: int, long_name: str) -> None:
        until_s = time.monotonic() + LIMIT_S
        query = "SELECT count(*) FROM nodes WHERE num = ? AND long_name = ?"
        while time.monotonic() < until_s:
            if self._ask(query, num, long_name):
                return
            time.sleep(POLL_S)
        raise TimeoutError(f"not written within {LIMIT_S:.0f} s: {long_name}")

    def _ask(self, query: str, *parameters: object) -> int:
        with closing(sqlite3.connect(self._folder / "bot.db", timeout=LIMIT_S)) as stored:
            return int(stored.execute(query, parameters).fetchone()[0])

    def kept(self) -> int:
        """Return how many nodes the program's store holds."""
        return self._ask("SELECT count(*) FROM nodes")

    def knows(self, peer: SimulatedPeer) -> bool:
        """Say whether the store has the key of a peer."""
        query = "SELECT count(*) FROM nodes WHERE num = ? AND public_key = ?"
        return self._ask(query, peer.num, peer.public_key) == 1

    def knows_newcomers(self) -> bool:
        """Say whether the keys of all honest nodes are there: who was known, and who came."""
        return all(self.knows(peer) for peer in self._peers)


def main() -> int:
    """Flood the program; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=250_000)
    parser.add_argument("--strangers", type=int, default=5_000, help="numbers without a name")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        flood = NameFlood(Path(folder), options.seed)
        wrong = flood.run(options.names, options.strangers)
        kept, learned = flood.kept(), flood.knows_newcomers()
    sys.stdout.write(
        f"{options.names} names sent, {flood.rss_mb:.0f} MB, {kept} nodes kept, honest newcomers' "
        f"keys learned: {'yes' if learned else 'no'}\n"
    )
    if kept > MeshBot.NODES_MAX:
        wrong.append(f"more than NODES_MAX = {MeshBot.NODES_MAX} nodes")
    if flood.rss_mb > MAX_RSS_MB:
        wrong.append(f"more than {MAX_RSS_MB:.0f} MB")
    if not learned:
        wrong.append("an honest node's key is missing")
    for what in wrong:
        sys.stderr.write(f"❌ {what}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
