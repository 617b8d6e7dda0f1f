"""A day of the shared node, compressed: clients of four kinds, faults, and a bad client.

``python tests/long_runs/shared_day.py docs/sharing.md`` plays 200 faults (about five minutes) and
writes down what came of it; ``--faults 20`` plays fewer, and shows it.

The bot's constants are scaled down by about a hundred. Clients: two on the stock library, two that
ask as the phone apps do, one that only listens, another bot of ours; beside them one that floods,
reads nothing, forges, hangs up in the middle and comes back. At the end: one connection to the node
at a time and all of them the bot's, no more lost links than faults, every client connected
throughout, the other bot as well, each text under one packet id on the air, each acknowledgement
with its owner, once.
"""

import argparse
import contextlib
import gc
import itertools
import logging
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2
from meshtastic.tcp_interface import TCPInterface

from main_bot import MeshBot
from meshbot.link.frame_decoder import encode_frame
from meshbot.simulation.simulated_node import SimulatedNode
from tests.long_runs.soak import CONSTANTS, Region
from tests.support.journal import Journal
from tests.support.raw_client import BROADCAST, ROUTING, TEXT, RawClient
from tests.support.resident_memory import resident_mb
from tests.support.unused_port import unused_port

BEGIN, END = "<!-- shared day -->", "<!-- end of shared day -->"
FAULT_S = (0.3, 1.2)
TEXT_S = (0.4, 1.0)
SETTLE_S = 30.0
SPACING_S = 0.05
HARMLESS = ("full queue", "garbage", "half frame")
MOST_GROWTH_MB = 20.0
FORBIDDEN = ("Traceback", "inattendue", "[ERROR]")
_ids = itertools.count(0x5000)


class DayFailed(AssertionError):
    """A promise was broken."""


@dataclass
class Day:
    """What all clients share."""

    node: SimulatedNode
    port: int
    over: threading.Event = field(default_factory=threading.Event)
    problems: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    acknowledged: Counter[str] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    """How many packets each client wanted confirmed."""
    heard: Counter[str] = field(default_factory=Counter)

    def pause(self, chance: random.Random) -> bool:
        """Wait a moment; say whether the day goes on."""
        return not self.over.wait(chance.uniform(*TEXT_S))


class DayClient(threading.Thread):
    """A client that must stay connected all day."""

    kind = ""

    def __init__(self, day: Day, number: int) -> None:
        super().__init__(name=f"day-client-{number}", daemon=True)
        self._day = day
        self._number = number
        self._chance = random.Random(number)
        self._count = itertools.count()

    def run(self) -> None:
        try:
            self._live()
        except Exception as error:  # noqa: BLE001 - the top of a thread
            self._day.problems.append(f"{self.kind} {self._number}: {error!r}")

    def _live(self) -> None:
        raise NotImplementedError

    def _next_text(self) -> str:
        text = f"day {self._number}/{next(self._count)}"
        self._day.texts.append(text)
        return text


class AppClient(DayClient):
    """Asks twice, as the apps do, and sends direct messages that it wants confirmed."""

    kind = "app"

    def _live(self) -> None:
        day, chance = self._day, self._chance
        with RawClient(day.port) as client:
            for config_id in (69420, 69421):
                client.say(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=next(self._count))))
                client.ask(config_id)
            asked: dict[int, int] = {}
            while day.pause(chance):
                # Each writes to other peers than the others.
                peer = chance.choice(day.node.peers[self._number % 2 :: 2])
                packet_id = 1 + len(asked)  # several clients use the same
                asked[packet_id] = peer.num
                day.asked[self.name] += 1
                text = self._next_text()
                while not self._is_taken(client, text, peer.num, packet_id):
                    day.pause(chance)
                self._look(client, asked)
            client.settle()
            self._look(client, asked)

    @staticmethod
    def _is_taken(client: RawClient, text: str, to: int, packet_id: int) -> bool:
        """Send a text; say whether there was room for it."""
        begin = len(client.frames)
        client.text(text, to, packet_id, want_ack=True)
        status = client.wait_for(
            lambda frame: frame.queueStatus.mesh_packet_id == packet_id, begin
        ).queueStatus
        return status.res == 0

    def _look(self, client: RawClient, asked: dict[int, int]) -> None:
        """Read what has come; judge the acknowledgements.

        Both apps use the same ids, for other peers: whose an acknowledgement is says its sender.
        """
        client.settle()
        if client.closed:
            raise DayFailed("its connection was ended")
        for frame in client.frames:
            data = frame.packet.decoded
            if data.portnum == ROUTING and data.request_id:
                source = getattr(frame.packet, "from")
                if source not in (asked.get(data.request_id), self._day.node.num):
                    raise DayFailed(f"told of packet {data.request_id}, which is not its own")
                error = mesh_pb2.Routing.FromString(data.payload).error_reason
                told = self._day.given_up if error else self._day.acknowledged
                told[f"{self._number}/{data.request_id}"] += 1
            elif data.portnum == TEXT:
                self._day.heard[self.name] += 1
        client.frames.clear()
        client.payloads.clear()


class Listener(DayClient):
    """Says nothing but heartbeats."""

    kind = "listener"

    def _live(self) -> None:
        with RawClient(self._day.port) as client:
            client.ask(1)
            client.frames.clear()
            while self._day.pause(self._chance):
                client.settle()
                if client.closed:
                    raise DayFailed("its connection was ended")
                kinds = {frame.WhichOneof("payload_variant") for frame in client.frames}
                if kinds & {"rebooted", "my_info", "config_complete_id", "channel"}:
                    raise DayFailed(f"told unasked: {kinds}")
                client.frames.clear()
                client.payloads.clear()


class LibraryClient(DayClient):
    """The stock library."""

    kind = "meshtastic 2.7.11"

    def _live(self) -> None:
        interface = TCPInterface("127.0.0.1", portNumber=self._day.port)
        first = interface.socket
        try:
            while self._day.pause(self._chance):
                interface.sendText(self._next_text())
                if interface.socket is not first or not interface.isConnected.is_set():
                    raise DayFailed("the library had to connect again")
        finally:
            interface.close()


class BadClient(DayClient):
    """Does what no client should; it is dropped and comes back."""

    kind = "bad"

    def _live(self) -> None:
        while not self._day.over.is_set():
            with contextlib.suppress(OSError, AssertionError), RawClient(self._day.port) as client:
                self._chance.choice(self._misdeeds())(client)
            self._day.over.wait(0.05)

    def _misdeeds(self) -> list[Callable[[RawClient], object]]:
        return [self._flood, self._ignore, self._forge, self._order, self._stammer, self._vanish]

    def _flood(self, client: RawClient) -> None:
        client.sock.settimeout(1.0)
        for _ in range(200):
            client.sock.sendall(self._chance.randbytes(400))

    def _ignore(self, client: RawClient) -> None:
        client.sock.settimeout(0.5)
        for config_id in range(1, 300):
            client.say(mesh_pb2.ToRadio(want_config_id=config_id))
        self._day.over.wait(0.5)

    def _forge(self, client: RawClient) -> None:
        client.ask(69420)
        for sender in self._day.node.peers[:5]:
            packet = mesh_pb2.MeshPacket(to=BROADCAST, id=next(_ids))
            setattr(packet, "from", sender.num)
            packet.decoded.portnum = TEXT
            packet.decoded.payload = b"forged"
            client.send(packet)
        client.settle()

    def _order(self, client: RawClient) -> None:
        client.ask(69420)
        for to in (self._day.node.num, BROADCAST, 1):
            packet = mesh_pb2.MeshPacket(to=to, id=next(_ids))
            packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
            message = admin_pb2.AdminMessage(reboot_seconds=1)
            packet.decoded.payload = message.SerializeToString()
            client.send(packet)
        client.settle()

    def _stammer(self, client: RawClient) -> None:
        client.ask(69420)
        whole = encode_frame(mesh_pb2.ToRadio(want_config_id=5).SerializeToString())
        for end in range(1, len(whole)):
            client.sock.sendall(whole[:end])
        client.sock.settimeout(0.2)
        with contextlib.suppress(OSError):
            client.sock.recv(10)

    def _vanish(self, client: RawClient) -> None:
        client.say(mesh_pb2.ToRadio(want_config_id=5))
        client.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )  # it hangs up with a reset


class SharedDay:
    """The node, the bot, and everybody."""

    def __init__(self, faults: int, seed: int, folder: Path) -> None:
        self._faults = faults
        self._chance = random.Random(seed)
        self._folder = folder
        self._journal = Journal()
        self._ending = 0
        """How many of the faults end a link."""
        self.seen: dict[str, str] = {}

    def run(self) -> None:
        """Play it. Raises :class:`DayFailed`."""
        root = logging.getLogger()
        root.addHandler(self._journal)
        root.setLevel(logging.INFO)
        bots: list[MeshBot] = []
        try:
            with SimulatedNode(text_spacing_s=SPACING_S) as node:
                node.region = Region.US  # which limits no hour: this one holds more than a day
                day = Day(node, unused_port())
                settings = {"SHARE_PORT": str(day.port), "SHARE_AIR_BUDGET": "100"}
                bots.append(self._bot("bot.db", node.port, settings))
                self._journal.wait_for("✅ SYNC COMPLETE")
                bots.append(self._bot("other.db", day.port, {}))
                self._journal.wait_for("✅ SYNC COMPLETE", times=2)
                self._play(day)
                self._judge(day)
        finally:
            for bot in reversed(bots):
                bot.stop()
            root.removeHandler(self._journal)

    def _bot(self, database: str, port: int, settings: dict[str, str]) -> MeshBot:
        constants = {**CONSTANTS, "TEXT_INTERVAL": 1.5 * SPACING_S}
        if not settings:  # on the shared node nothing it does is quick enough to be called late
            constants |= {"TCP_SILENT_TIMEOUT": 60.0, "TCP_HEARTBEAT_INTERVAL": 10.0}
            constants |= {"TCP_PROBE_TIMEOUT": 20.0}
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(port),
            "MESHBOT_DATABASE_PATH": str(self._folder / database),
            **{f"MESHBOT_{name}": value for name, value in settings.items()},
        }
        bot: MeshBot = type("DayBot", (MeshBot,), constants)(environment=environment)
        bot.start()
        return bot

    def _play(self, day: Day) -> None:
        clients: list[DayClient] = [
            LibraryClient(day, 1),
            LibraryClient(day, 2),
            AppClient(day, 3),
            AppClient(day, 4),
            Listener(day, 5),
        ]
        bad = BadClient(day, 6)
        for client in (*clients, bad):
            client.start()
        time.sleep(3.0)  # the day begins once everybody is there; nothing is judged by it
        begin_mb = resident_mb()
        done = Counter(self._fault(day.node) for _ in range(self._faults))
        self._ending = sum(count for name, count in done.items() if name not in HARMLESS)
        day.over.set()
        for client in (*clients, bad):
            client.join(SETTLE_S)
            if client.is_alive():
                day.problems.append(f"{client.kind} does not end")
        day.node.clear_faults()
        day.node.accept_again()
        day.node.wait_until(lambda seen: set(day.texts) <= _contents(seen).keys(), SETTLE_S)
        gc.collect()
        grown_mb = resident_mb() - begin_mb
        if grown_mb > MOST_GROWTH_MB:
            day.problems.append(f"{grown_mb:.0f} MB more than at the beginning")
        self.seen |= {
            "faults": ", ".join(f"{count} × {name}" for name, count in sorted(done.items())),
            "memory": (
                f"{begin_mb:.0f} MB at the beginning, {begin_mb + grown_mb:.0f} MB at the end, "
                "with all clients, the node and their records"
            ),
        }

    def _fault(self, node: SimulatedNode) -> str:
        chance = self._chance
        faults: list[tuple[str, Callable[[], object]]] = [
            ("FIN", node.close_by_fin),
            ("RST", node.close_by_rst),
            ("RST in a frame", node.rst_mid_frame),
            ("silence", node.go_silent),
            ("refusal", lambda: node.refuse_for(chance.uniform(0.05, 0.6))),
            ("reboot", lambda: node.reboot(chance.uniform(0.05, 0.4))),
            ("crash", lambda: node.crash(chance.uniform(0.05, 0.4))),
            ("full queue", node.fill_queue),
            ("garbage", lambda: node.send_garbage(chance.randrange(1, 2_000))),
            ("half frame", node.send_half_frame),
        ]
        name, fault = chance.choice(faults)
        fault()
        if chance.random() < 0.3:
            node.hear_text(chance.choice(node.peers), "/ping")
        time.sleep(chance.uniform(*FAULT_S))  # the day goes on; nothing waits for it
        node.clear_faults()
        return name

    def _losses(self, day: Day) -> list[str]:
        """Look at each lost link; return what is wrong with them."""
        lost = self._journal.count(f"Liaison TCP perdue (127.0.0.1:{day.node.port})")
        silences = self._journal.count("SILENCE TCP")
        of_the_other_bot = self._journal.count(f"Liaison TCP perdue (127.0.0.1:{day.port})")
        self.seen["lost links"] = (
            f"{lost} and {silences} silences, after {self._ending} faults that end a link; none of "
            "the clients'"
        )
        problems = []
        if lost + silences > self._ending:
            problems.append(f"{lost} losses and {silences} silences by {self._ending} faults")
        if of_the_other_bot:
            problems.append(f"the bot that is a client lost its link {of_the_other_bot} times")
        return problems

    def _judge(self, day: Day) -> None:
        node = day.node
        on_air = _contents(node)
        problems = list(day.problems)
        missing = [text for text in day.texts if text not in on_air]
        doubled = [text for text, ids in on_air.items() if len(ids) > 1 and text in day.texts]
        if missing:
            problems.append(f"never on the air: {missing[:5]} and {len(missing)} in all")
        if doubled:
            problems.append(f"on the air under two ids: {doubled[:5]}")
        forged = [sent.text for sent in node.texts_on_air if sent.text == "forged"]
        if forged or node.texts_dropped:
            problems.append(f"{len(forged)} forged, {len(node.texts_dropped)} dropped by the node")
        if node.max_connections_open > 1:
            problems.append(f"{node.max_connections_open} connections to the node at a time")
        twice = [name for name, count in day.acknowledged.items() if count > 1]
        if twice:
            problems.append(f"acknowledged more than once: {twice[:5]}")
        if len(day.heard) < 2:
            problems.append(f"not everybody heard the others: {day.heard}")
        problems += self._losses(day)
        problems += [
            line for line in self._journal.lines if any(word in line for word in FORBIDDEN)
        ][:5]
        copies = len(node.texts_on_air) - sum(len(ids) for ids in on_air.values())
        asked, told = sum(day.asked.values()), len(day.acknowledged)
        self.seen |= {
            "connections to the node": f"{node.connections_total}, at most 1 at a time",
            "texts": (
                f"{len(day.texts)}, each on the air under one packet id; {copies} were sent again "
                "under the same one after a loss, which the mesh drops"
            ),
            "acknowledgements": (
                f"{told} of {asked} packets, each once, to its owner under the id he used; "
                f"{len(day.given_up)} were told to be given up; of the others the node that knew "
                "of them had gone"
            ),
        }
        if problems:
            raise DayFailed("\n".join(problems))


def _contents(node: Any) -> dict[str, set[int]]:
    """Return under which packet ids each text went on the air."""
    found: dict[str, set[int]] = {}
    for sent in node.texts_on_air:
        found.setdefault(sent.text, set()).add(sent.packet_id)
    return found


def table(seen: dict[str, str]) -> str:
    """Return what came of a day as a page shows it."""
    rows = [f"- **{name}**: {value}." for name, value in sorted(seen.items())]
    lines: list[str] = []
    for row in rows:
        line = ""
        for word in row.split():
            if len(line) + len(word) + 1 > 98:
                lines.append(line)
                line = " "
            line = f"{line} {word}" if line else word
        lines.append(line)
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> int:
    """Play a day; return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="the page to write it down in")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    _say(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        day = SharedDay(options.faults, options.seed, Path(folder))
        try:
            day.run()
        except DayFailed as failure:
            _say(f"FAILED\n{failure}")
            return 1
    shown = table(day.seen)
    _say(shown)
    if options.page is not None:
        text = options.page.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN, 1)
        tail = rest.split(END, 1)[1]
        options.page.write_text(f"{head}{BEGIN}\n{shown}\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
