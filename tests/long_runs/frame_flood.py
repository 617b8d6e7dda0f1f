"""A hostile node for the real program: configurations without end, restarts, floods.

``python tests/long_runs/frame_flood.py --seconds 120 --seed 7`` gives each kind of flood its share
of the time, on one run of the program, and prints one line: its peak memory, how many requests per
second the worst of them drew, and how long the program took to end. The exit code is not 0 when a
limit was broken, or the journal holds a traceback.
"""

import argparse
import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshtastic.protobuf import channel_pb2, config_pb2, mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from meshbot.model.known_node import BROADCAST_NUM, node_id

ROOT = Path(__file__).resolve().parents[2]
OWN_NUM = 0x0A0A0A0A
MAX_PEAK_MB = 300.0
"""Of the whole program; some 60 before any flood. A Raspberry Pi Zero has 512."""
MAX_REQUESTS_A_SECOND = 3.0
SHORTEST_S = 2.0
MAX_END_S = 5.0
END_LIMIT_S = 30.0
BURST_FRAMES = 200
SEND_LIMIT_S = 0.5
POLL_S = 0.1
FORBIDDEN = ("Traceback", "inattendue")

Frames = Iterator[mesh_pb2.FromRadio]


def frame(**content: object) -> mesh_pb2.FromRadio:
    """Return a message of the node's."""
    return mesh_pb2.FromRadio(**content)  # type: ignore[arg-type]


class HostileWords:
    """What a hostile node says, frame after frame and without an end, by kind."""

    def __init__(self, chance: random.Random) -> None:
        self._random = chance

    def kinds(self) -> dict[str, tuple[bool, Callable[[], Frames]]]:
        """Return each kind: whether the handshake is completed first, and its frames."""
        early: list[Callable[[], Frames]] = [
            self.nodes, self.files, self.channels, self.logs, self.other_ends, self.numbers,
            self.restarts, self.statuses, self.notices, self.packets, self.configs, self.rubbish,
        ]  # fmt: skip
        late = [*early, self.sealed, self.node_infos_heard, self.own_keys]
        return {
            **{f"{words.__name__} first": (False, words) for words in early},
            **{f"{words.__name__} later": (True, words) for words in late},
        }

    def _number(self) -> int:
        return self._random.randrange(5, BROADCAST_NUM)

    def _user(self, num: int) -> mesh_pb2.User:
        key = self._random.randbytes(32)
        return mesh_pb2.User(id=node_id(num), long_name=f"N {num}", short_name="N", public_key=key)

    def nodes(self) -> Frames:
        while True:
            num = self._number()
            yield frame(node_info=mesh_pb2.NodeInfo(num=num, user=self._user(num)))

    def own_keys(self) -> Frames:
        while True:
            yield frame(node_info=mesh_pb2.NodeInfo(num=OWN_NUM, user=self._user(OWN_NUM)))

    def files(self) -> Frames:
        while True:
            name = f"/{self._number()}"
            yield frame(fileInfo=mesh_pb2.FileInfo(file_name=name, size_bytes=1))

    def channels(self) -> Frames:
        while True:
            yield frame(channel=channel_pb2.Channel(index=self._random.randrange(8)))

    def logs(self) -> Frames:
        while True:
            yield frame(log_record=mesh_pb2.LogRecord(message="x" * 100))

    def other_ends(self) -> Frames:
        while True:
            yield frame(config_complete_id=self._number())

    def numbers(self) -> Frames:
        while True:
            yield frame(my_info=mesh_pb2.MyNodeInfo(my_node_num=self._number()))

    def restarts(self) -> Frames:
        while True:
            yield frame(rebooted=True)

    def statuses(self) -> Frames:
        while True:
            status = mesh_pb2.QueueStatus(free=0, maxlen=16, mesh_packet_id=self._number())
            yield frame(queueStatus=status)

    def notices(self) -> Frames:
        while True:
            text = f"notice {self._number()}"
            yield frame(clientNotification=mesh_pb2.ClientNotification(message=text))

    def configs(self) -> Frames:
        while True:
            lora = config_pb2.Config.LoRaConfig(hop_limit=self._random.randrange(8))
            yield frame(config=config_pb2.Config(lora=lora))

    def rubbish(self) -> Frames:
        while True:
            yield frame(deviceuiConfig={})

    def packets(self) -> Frames:
        while True:
            packet = self._packet(BROADCAST_NUM)
            packet.decoded.portnum = portnums_pb2.PortNum.POSITION_APP
            packet.decoded.payload = mesh_pb2.Position(latitude_i=1).SerializeToString()
            yield frame(packet=packet)

    def node_infos_heard(self) -> Frames:
        while True:
            packet = self._packet(BROADCAST_NUM)
            packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
            packet.decoded.payload = self._user(getattr(packet, "from")).SerializeToString()
            yield frame(packet=packet)

    def sealed(self) -> Frames:
        while True:
            packet = self._packet(OWN_NUM)
            packet.encrypted = self._random.randbytes(40)
            packet.pki_encrypted = True
            yield frame(packet=packet)

    def _packet(self, to: int) -> mesh_pb2.MeshPacket:
        packet = mesh_pb2.MeshPacket(to=to, id=self._number(), rx_rssi=-50, hop_start=3)
        packet.via_mqtt = self._random.random() < 0.5
        setattr(packet, "from", self._number())
        return packet


@dataclass
class Drawn:
    """What a kind of flood drew from the bot."""

    connections: int = 0
    requests: int = 0
    sent: int = 0
    asked_s: list[float] = field(default_factory=list)


class HostileNode:
    """Listens as a node does, and says the words of one kind after another.

    The main thread plays; a thread of each connection reads what the bot asks.
    """

    def __init__(self, words: HostileWords, chance: random.Random) -> None:
        self._words = words
        self._random = chance
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(POLL_S)
        self.drawn: dict[str, Drawn] = {}

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()

    def play(self, kind: str, seconds: float) -> None:
        """Flood whoever connects for so long."""
        completes, words = self._words.kinds()[kind]
        drawn = self.drawn.setdefault(kind, Drawn())
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            drawn.connections += 1
            with client, contextlib.suppress(OSError):
                self._serve(client, drawn, words(), ends_s, completes=completes)

    def _serve(
        self, client: socket.socket, drawn: Drawn, words: Frames, ends_s: float, *, completes: bool
    ) -> None:
        client.settimeout(SEND_LIMIT_S)
        asked, over = threading.Event(), threading.Event()
        ids: list[int] = []

        def hear(message: mesh_pb2.ToRadio) -> None:
            drawn.requests += 1
            drawn.asked_s.append(time.monotonic())
            if message.want_config_id:
                ids.append(message.want_config_id)
                asked.set()

        reader = threading.Thread(target=_read, args=(client, hear, over), daemon=True)
        reader.start()
        try:
            if completes and asked.wait(SEND_LIMIT_S):
                self._configure(client, ids[0])
            while time.monotonic() < ends_s and not over.is_set():
                burst = (next(words) for _ in range(BURST_FRAMES))
                data = b"".join(encode_frame(one.SerializeToString()) for one in burst)
                _send_all(client, data, ends_s, over)
                drawn.sent += BURST_FRAMES
        finally:
            over.set()
            with contextlib.suppress(OSError):
                # A RST: after a FIN the bot would leave the place to another client for a while.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.shutdown(socket.SHUT_RD)
            reader.join()

    def _configure(self, client: socket.socket, config_id: int) -> None:
        user = mesh_pb2.User(id=node_id(OWN_NUM), long_name="Own", short_name="O")
        security = config_pb2.Config.SecurityConfig(
            public_key=self._random.randbytes(32), private_key=self._random.randbytes(32)
        )
        for one in (
            frame(my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN_NUM)),
            frame(node_info=mesh_pb2.NodeInfo(num=OWN_NUM, user=user)),
            frame(metadata=mesh_pb2.DeviceMetadata(firmware_version="2.7.15.abc")),
            frame(config=config_pb2.Config(security=security)),
            frame(config_complete_id=config_id),
        ):
            client.sendall(encode_frame(one.SerializeToString()))


def _send_all(client: socket.socket, data: bytes, ends_s: float, over: threading.Event) -> None:
    """Send, however slowly it is taken. Raises ``OSError`` when the link is over."""
    left = memoryview(data)
    while left and time.monotonic() < ends_s and not over.is_set():
        with contextlib.suppress(TimeoutError):
            left = left[client.send(left) :]


def _read(
    client: socket.socket, hear: Callable[[mesh_pb2.ToRadio], object], over: threading.Event
) -> None:
    decoder = FrameDecoder[mesh_pb2.ToRadio](mesh_pb2.ToRadio.FromString)
    while not over.is_set():
        try:
            data = client.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            break
        if not data:
            break
        for message in decoder.feed(data):
            hear(message)
    over.set()


class Program:
    """The bot in a process of its own, and what the system says of it."""

    def __init__(self, port: int, folder: Path) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if "MESHBOT" not in name},
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(port),
            "MESHBOT_DATABASE_PATH": str(folder / "bot.db"),
            "MESHBOT_TCP_RETRY_MAX": "2",  # so that each kind finds it connected
            "MESHBOT_TCP_YIELD_FIRST": "0.5",
            "MESHBOT_TCP_YIELD_MAX": "0.5",
        }
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "main_bot.py")],
                cwd=folder, env=environment, stdout=output, stderr=output,
            )  # fmt: skip

    @property
    def peak_mb(self) -> float:
        """The most memory that the program ever had, in megabytes; 0 once it has ended."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    @property
    def journal(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it for good, if it has not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def end(self) -> tuple[float, int]:
        """Have it end; return how long that took in seconds, and the exit code."""
        began_s = time.monotonic()
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return time.monotonic() - began_s, code


class FloodFailed(AssertionError):
    """A limit was broken; the text says which, and what the journal held last."""


def flood(seconds: float, seed: int, folder: Path, only: str = "") -> str:
    """Play every kind whose name holds ``only``; return a line about it.

    Raises :class:`FloodFailed`.
    """
    chance = random.Random(seed)
    words = HostileWords(chance)
    kinds = [kind for kind in words.kinds() if only in kind]
    chance.shuffle(kinds)
    share_s = seconds / len(kinds)
    node = HostileNode(words, chance)
    program = Program(node.port, folder)
    try:
        peak_mb = 0.0
        for kind in kinds:
            node.play(kind, share_s)
            peak_mb = max(peak_mb, program.peak_mb)
        end_s, code = _end_in_a_flood(node, program, kinds[-1])
    finally:
        program.kill()
        node.close()
    # What one connection draws at once, four or so, is no rate.
    counted_s = max(share_s, SHORTEST_S)
    rates = {kind: drawn.requests / counted_s for kind, drawn in node.drawn.items()}
    worst = max(rates, key=lambda kind: rates[kind])
    journal = program.journal
    problems = {
        f"exit code {code}": code != 0,
        "memory": peak_mb > MAX_PEAK_MB,
        "requests": rates[worst] > MAX_REQUESTS_A_SECOND,
        "slow end": end_s > MAX_END_S,
        **{f"journal says {word}": word in journal for word in FORBIDDEN},
    }
    broken = [problem for problem, is_there in problems.items() if is_there]
    sent = sum(drawn.sent for drawn in node.drawn.values())
    line = (
        f"frame flood, seed {seed}: {sent} frames of {len(kinds)} kinds in {seconds:.0f} s; "
        f"peak {peak_mb:.0f} MB; at most {rates[worst]:.1f} requests/s ({worst}); "
        f"ended in {end_s:.2f} s; {', '.join(broken) or 'all limits held'}"
    )
    if broken:
        raise FloodFailed(f"{journal[-8_000:]}\n{line}")
    return line


def _end_in_a_flood(node: HostileNode, program: Program, kind: str) -> tuple[float, int]:
    """Have the program end in the middle of it; return how long that took, and the exit code."""
    last = threading.Thread(target=node.play, args=(kind, MAX_END_S), daemon=True)
    last.start()
    ended = program.end()
    last.join()
    return ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        try:
            line = flood(options.seconds, options.seed, Path(folder), options.only)
        except FloodFailed as error:
            sys.stdout.write(f"{error}\n")
            return 1
    sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
