"""Frames of real nodes, as a plain client saw them: see ``tests/captures/README.md``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from meshtastic.protobuf import config_pb2, mesh_pb2, portnums_pb2

FOLDER = Path(__file__).resolve().parents[1] / "captures"
PATHS = sorted(FOLDER.glob("*.jsonl"))


def frames_of(path: Path) -> Iterator[tuple[float, bool, bytes]]:
    """Return a recording's frames: when (seconds), whether the client sent it, the payload."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if "hex" in record:
            yield record["t"], record["dir"] == ">", bytes.fromhex(record["hex"])


@dataclass(frozen=True)
class Exchange:
    """What a client sent, and the payloads that came from then until it sent the next thing."""

    asked: mesh_pb2.ToRadio
    answers: list[bytes] = field(default_factory=list)

    @property
    def messages(self) -> list[mesh_pb2.FromRadio]:
        """The answers, parsed."""
        return [mesh_pb2.FromRadio.FromString(payload) for payload in self.answers]


@dataclass(frozen=True)
class Capture:
    """One recording."""

    exchanges: list[Exchange]

    @classmethod
    def read(cls, path: Path) -> "Capture":
        """Read a file."""
        exchanges: list[Exchange] = []
        for _, ours, payload in frames_of(path):
            if ours:
                exchanges.append(Exchange(mesh_pb2.ToRadio.FromString(payload)))
            else:
                exchanges[-1].answers.append(payload)
        return cls(exchanges)

    def handshake(self, config_id: int) -> Exchange:
        """Return the one with this id if there is one, else the first, which is a full one."""
        asked = [one for one in self.exchanges if one.asked.want_config_id]
        return next((one for one in asked if one.asked.want_config_id == config_id), asked[0])

    def heartbeat(self) -> Exchange:
        """Return the first heartbeat."""
        return next(one for one in self.exchanges if one.asked.HasField("heartbeat"))

    def packet(self, port: portnums_pb2.PortNum.ValueType, *, direct: bool) -> Exchange:
        """Return the first packet of the client to a port, to one node or to all."""
        return next(
            one
            for one in self.exchanges
            if one.asked.packet.decoded.portnum == port
            and (one.asked.packet.to != 0xFFFFFFFF) == direct
        )

    @property
    def own_num(self) -> int:
        """The node's number."""
        full = self.handshake(0).messages
        return next(one.my_info.my_node_num for one in full if one.HasField("my_info"))

    @property
    def security(self) -> config_pb2.Config.SecurityConfig:
        """The node's keys."""
        full = self.handshake(0).messages
        return next(one.config.security for one in full if one.config.HasField("security"))

    @property
    def firmware(self) -> tuple[int, ...]:
        """The first two parts of its version."""
        full = self.handshake(0).messages
        version = next(one.metadata for one in full if one.HasField("metadata")).firmware_version
        return tuple(int(part) for part in version.split(".")[:2])

    @property
    def neighbours(self) -> dict[int, bytes]:
        """The keys of the other nodes that it told, by number."""
        return {
            one.node_info.num: one.node_info.user.public_key
            for one in self.handshake(0).messages
            if one.HasField("node_info") and one.node_info.num != self.own_num
        }
