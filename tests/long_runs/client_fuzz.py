"""Frames made up and changed at random, on the port where the shared node's clients come.

``python -m tests.long_runs.client_fuzz --frames 1000000 --seed 7`` sends so many from several
connections at once and prints one line. The limits on a client's haste and nonsense are taken
away, so that all of it is listened to, and what the bot read is counted on its side. The exit code
is not 0 if anything reached the link: a lost session, an order, a forged sender, a frame for the
node's files; if the mesh or an honest client had to wait; or if the journal holds an error of ours.
"""

import argparse
import contextlib
import logging
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from main_bot import MeshBot
from meshbot.link.frame_decoder import MAX_PAYLOAD_BYTES, encode_frame
from meshbot.sharing.admin_rules import only_reads
from meshbot.sharing.server_limits import ServerLimits
from meshbot.simulation.simulated_node import SimulatedNode
from tests.long_runs.soak import CONSTANTS, Region
from tests.support.capture import PATHS, frames_of
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.raw_client import BROADCAST, RawClient
from tests.support.real_frames import spoil
from tests.support.resident_memory import resident_mb
from tests.support.unused_port import unused_port

CONNECTIONS = 6
ANSWER_LIMIT_S = 10.0
MOST_GROWTH_MB = 60.0
FORBIDDEN = ("Traceback", "inattendue", "[ERROR]")
WIDE = ServerLimits(
    frames_per_s=1e6,
    all_frames_per_s=1e6,
    bytes_per_s=1e9,
    all_bytes_per_s=1e9,
    accepts_per_s=1e4,
    accept_burst=1_000,
    junk_bytes=1 << 40,
    junk_frames=1 << 40,
)
"""So that all of it is listened to: what makes no sense would end a connection within a second."""
_Port = portnums_pb2.PortNum


class Frames:
    """What a client might send, and what none would."""

    def __init__(self, chance: random.Random, own_num: int) -> None:
        self._chance = chance
        self._own_num = own_num
        said = [payload for path in PATHS for _, ours, payload in frames_of(path) if ours]
        goodbye = mesh_pb2.ToRadio(disconnect=True).SerializeToString()
        self._real = [payload for payload in said if payload != goodbye]

    def __iter__(self) -> Iterator[bytes]:
        """Return frames with their headers, without an end; not all of them whole."""
        kinds = (self._changed, self._packet, self._packet, self._admin, self._other, self._noise)
        while True:
            data = self._chance.choice(kinds)()[:MAX_PAYLOAD_BYTES]
            if self._chance.random() < 0.002:  # it swallows those behind it
                yield encode_frame(data)[: self._chance.randrange(1, len(data) + 4)]
            else:
                yield encode_frame(data)

    def _changed(self) -> bytes:
        data = bytearray(self._chance.choice(self._real))
        for _ in range(self._chance.randrange(4)):
            spoil(data, self._chance)
        return bytes(data)

    def _num(self) -> int:
        some = (self._own_num, BROADCAST, 0, 1, self._chance.getrandbits(32))
        return self._chance.choice(some)

    def _packet_to(self, port: int, payload: bytes) -> mesh_pb2.MeshPacket:
        chance = self._chance
        packet = mesh_pb2.MeshPacket(
            to=self._num(), id=chance.randrange(50), want_ack=chance.random() < 0.5
        )
        setattr(packet, "from", self._num() if chance.random() < 0.2 else 0)
        packet.channel = chance.randrange(9)
        packet.hop_limit = chance.randrange(9)
        packet.pki_encrypted = chance.random() < 0.2
        if chance.random() < 0.2:
            packet.encrypted = payload
        else:
            packet.decoded.portnum = port  # type: ignore[assignment] # also those that are none
            packet.decoded.payload = payload
            packet.decoded.want_response = chance.random() < 0.5
            packet.decoded.request_id = chance.randrange(50)
        return packet

    def _packet(self) -> bytes:
        port = self._chance.choice((*_Port.values(), self._chance.randrange(1 << 16)))
        payload = self._chance.randbytes(self._chance.randrange(300))
        return mesh_pb2.ToRadio(packet=self._packet_to(port, payload)).SerializeToString()

    def _admin(self) -> bytes:
        field = self._chance.choice(admin_pb2.AdminMessage.DESCRIPTOR.fields)
        tag = bytearray()
        value = field.number << 3 | self._chance.choice((0, 2))
        while value > 0x7F:
            tag.append(value & 0x7F | 0x80)
            value >>= 7
        tag.append(value)
        payload = bytes(tag) + self._chance.choice((b"\1", b"\0", b"\2\1\1", b""))
        packet = self._packet_to(_Port.ADMIN_APP, payload * self._chance.randrange(1, 3))
        return mesh_pb2.ToRadio(packet=packet).SerializeToString()

    def _other(self) -> bytes:
        chance = self._chance
        message = chance.choice(
            (
                mesh_pb2.ToRadio(
                    want_config_id=chance.choice((69420, 69421, chance.getrandbits(32)))
                ),
                mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=chance.randrange(3))),
                mesh_pb2.ToRadio(xmodemPacket={"control": 1, "buffer": b"/prefs/config.proto"}),  # type: ignore[arg-type]
                mesh_pb2.ToRadio(mqttClientProxyMessage={"topic": "x"}),  # type: ignore[arg-type]
            )
        )
        if chance.random() < 0.001:
            message = mesh_pb2.ToRadio(disconnect=True)
        return message.SerializeToString()

    def _noise(self) -> bytes:
        return self._chance.randbytes(self._chance.randrange(MAX_PAYLOAD_BYTES))


class Fuzz:
    """A bot on a simulated node, and who tries to get through to that."""

    def __init__(self, frames: int, seed: int, folder: Path) -> None:
        self._frames = frames
        self._seed = seed
        self._folder = folder
        self._journal = Journal()
        self._sent = [0] * CONNECTIONS
        """By the thread that sent them."""
        self.dealt_with = 0
        """How many the bot understood as frames of the protocol, by its own count."""
        self.connections = 0
        self.worst_s = 0.0
        self.pings = 0
        self.problems: list[str] = []

    @property
    def sent(self) -> int:
        """How many frames were sent so far."""
        return sum(self._sent)

    def run(self) -> str:
        """Send them; return what came of it in a line. Problems are in ``problems``."""
        root = logging.getLogger()
        root.addHandler(self._journal)
        root.setLevel(logging.INFO)
        began_s, bot = time.monotonic(), None
        try:
            with SimulatedNode(text_spacing_s=0.05) as node:
                node.region = Region.US
                port = unused_port()
                bot = self._bot(node, port)
                self._journal.wait_for("✅ SYNC COMPLETE")
                begin_mb = resident_mb()
                self._send_all(node, port)
                grown_mb = resident_mb() - begin_mb
                self._judge(node, grown_mb)
        finally:
            if bot is not None:
                bot.stop()
            root.removeHandler(self._journal)
        return (
            f"{self.sent} frames over {self.connections} connections, of which the bot read "
            f"{self.dealt_with} as the protocol's, in "
            f"{time.monotonic() - began_s:.0f} s: {self.pings} pings of the mesh answered, an "
            f"honest client waited {self.worst_s:.2f} s at most, {grown_mb:.0f} MB more, "
            f"{len(self.problems)} problems"
        )

    def _bot(self, node: SimulatedNode, port: int) -> MeshBot:
        constants = {**CONSTANTS, "TCP_SILENT_TIMEOUT": 60.0, "TCP_PROBE_TIMEOUT": 20.0}
        constants |= {"TCP_HEARTBEAT_INTERVAL": 10.0, "TEXT_INTERVAL": 0.08}
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(node.port),
            "MESHBOT_DATABASE_PATH": str(self._folder / "bot.db"),
            "MESHBOT_SHARE_PORT": str(port),
        }
        bot: MeshBot = type("FuzzedBot", (MeshBot,), constants)(environment=environment)
        assert bot._share is not None
        bot._share._server._limits = WIDE
        desk = bot._share._desk
        deal_with = desk.frame_came

        def counted(client: int, message: mesh_pb2.ToRadio) -> None:
            self.dealt_with += 1
            deal_with(client, message)

        desk.frame_came = counted  # type: ignore[method-assign] # the bot's own count
        bot.start()
        return bot

    def _send_all(self, node: SimulatedNode, port: int) -> None:
        threads = [
            threading.Thread(target=self._send, args=(number, node.num, port), daemon=True)
            for number in range(CONNECTIONS)
        ]
        with RawClient(port) as honest:
            honest.ask(69420)
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                self._look(honest, node)
                threads[0].join(0.2)

    def _send(self, number: int, own_num: int, port: int) -> None:
        chance = random.Random(self._seed * 1_000 + number)
        frames = iter(Frames(chance, own_num))
        while self.sent < self._frames:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port)) as sock,
            ):
                self.connections += 1
                sock.settimeout(2.0)
                reader = threading.Thread(target=_drain, args=(sock,), daemon=True)
                reader.start()
                for _ in range(chance.randrange(1, 400)):
                    sock.sendall(next(frames))
                    self._sent[number] += 1
                sock.shutdown(socket.SHUT_WR)  # and what was said is read to its end
                reader.join(WAIT_S)

    def _look(self, honest: RawClient, node: SimulatedNode) -> None:
        """Have an honest client and somebody on the mesh want something."""
        began_s = time.monotonic()
        honest.settle()
        self.worst_s = max(self.worst_s, time.monotonic() - began_s)
        honest.frames.clear()
        honest.payloads.clear()
        if not node.hear_text(node.peers[self.pings % 12], f"/ping {self.pings}"):
            return
        wanted = self.pings + 1
        if node.wait_until(
            lambda seen: sum(sent.text.startswith("pong") for sent in seen.texts_on_air) >= wanted,
            ANSWER_LIMIT_S,
        ):
            self.pings += 1
        else:
            self.problems.append(f"ping {wanted} not answered within {ANSWER_LIMIT_S:.0f} s")

    def _judge(self, node: SimulatedNode, grown_mb: float) -> None:
        problems = self.problems
        if node.connections_total != 1:
            problems.append(f"{node.connections_total} connections to the node")
        if grown_mb > MOST_GROWTH_MB:
            problems.append(f"{grown_mb:.0f} MB more than at the beginning")
        if self.dealt_with < self.sent / 2:
            problems.append(f"only {self.dealt_with} of {self.sent} frames were read")
        if not self.pings:
            problems.append("nobody on the mesh was answered")
        if self.worst_s > ANSWER_LIMIT_S:
            problems.append(f"an honest client waited {self.worst_s:.1f} s")
        for message in node.frames_received:
            why = _forbidden(message, node.num)
            if why:
                problems.append(f"{why}: {str(message)[:200]}")
        problems += [
            line for line in self._journal.lines if any(word in line for word in FORBIDDEN)
        ]


def _forbidden(message: mesh_pb2.ToRadio, own_num: int) -> str:
    """Return what is wrong with something that reached the node; nothing if it may."""
    if not message.HasField("packet"):
        return "a file" if message.HasField("xmodemPacket") else ""
    packet, data = message.packet, message.packet.decoded
    if getattr(packet, "from"):
        return "a sender"
    is_heard_there = packet.to in (own_num, BROADCAST, 1)
    is_order = data.portnum == _Port.ADMIN_APP and not only_reads(data.payload)
    if data.portnum == _Port.SIMULATOR_APP:
        return "something for the radio to hear"
    ways = {
        "something sealed for the node": packet.HasField("encrypted"),
        "an order": is_order,
        "another way to the node": data.portnum in (_Port.SIMULATOR_APP, _Port.REMOTE_HARDWARE_APP),
    }
    return next((why for why, is_so in ways.items() if is_so and is_heard_there), "")


def _drain(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass


def main() -> int:
    """Send them; return 1 if one did anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(options.frames, options.seed, Path(folder))
        result = fuzz.run()
    for problem in fuzz.problems[:20]:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(f"{result}\n")
    return 1 if fuzz.problems else 0


if __name__ == "__main__":
    sys.exit(main())
