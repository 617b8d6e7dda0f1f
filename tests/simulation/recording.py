"""What a plain client and a real node said to each other, session by session."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.simulation.packets import sender_of
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from tests.support.capture import frames_of

Port = portnums_pb2.PortNum
FULL = range(1, 69420)
FIRST_NODE_INFO_S = 30.0


@dataclass
class Session:
    """One connection: what the client sent and when, and what it got."""

    sent: list[tuple[float, mesh_pb2.ToRadio]] = field(default_factory=list)
    received: list[mesh_pb2.FromRadio] = field(default_factory=list)


class Recording:
    """A recording, and the facts of its node that the frames tell."""

    def __init__(self, path: Path) -> None:
        self.sessions: list[Session] = []
        self._received_at: list[tuple[float, mesh_pb2.FromRadio]] = []
        gone = True
        for at_s, ours, payload in frames_of(path):
            if ours:
                message = mesh_pb2.ToRadio.FromString(payload)
                if gone:
                    self.sessions.append(Session())
                self.sessions[-1].sent.append((at_s, message))
                gone = message.HasField("disconnect")
            else:
                answer = mesh_pb2.FromRadio.FromString(payload)
                self.sessions[-1].received.append(answer)
                self._received_at.append((at_s, answer))

    @property
    def end_s(self) -> float:
        return self._received_at[-1][0]

    @cached_property
    def frames(self) -> list[mesh_pb2.FromRadio]:
        return [frame for _, frame in self._received_at]

    def first(self, kind: str) -> mesh_pb2.FromRadio:
        return next(frame for frame in self.frames if frame.HasField(kind))  # type: ignore[arg-type]

    @property
    def firmware(self) -> str:
        return self.first("metadata").metadata.firmware_version

    @property
    def num(self) -> int:
        return self.first("my_info").my_info.my_node_num

    @property
    def own(self) -> mesh_pb2.NodeInfo:
        return self.first("node_info").node_info

    @property
    def private_key(self) -> bytes:
        return next(
            frame.config.security.private_key
            for frame in self.frames
            if frame.config.HasField("security")
        )

    @property
    def region(self) -> int:
        return next(f.config.lora.region for f in self.frames if f.config.HasField("lora"))

    @property
    def first_num(self) -> int:
        """The number made from the MAC address, which 2.8 tells in its ``device_id``."""
        mac = self.first("my_info").my_info.device_id[:6] or self.own.user.macaddr
        return int.from_bytes(mac[2:], "big")

    @property
    def past_uptime_s(self) -> int | None:
        own = self.own
        return own.device_metrics.uptime_seconds if own.HasField("device_metrics") else None

    @property
    def first_telemetry(self) -> tuple[float, int] | None:
        """When it first told its uptime, and what that was."""
        for at_s, frame in self._received_at:
            if (
                frame.packet.decoded.portnum == Port.TELEMETRY_APP
                and sender_of(frame.packet) == self.num
            ):
                telemetry = telemetry_pb2.Telemetry.FromString(frame.packet.decoded.payload)
                return at_s, telemetry.device_metrics.uptime_seconds
        return None

    @property
    def started_at_s(self) -> float:
        """When the node did, on the recording's clock."""
        told = self.first_telemetry
        if told is not None:
            return told[0] - told[1]
        return -FIRST_NODE_INFO_S / 4

    @property
    def peers(self) -> list[SimulatedPeer]:
        """The other nodes of its database, with keys of our own."""
        found: dict[int, SimulatedPeer] = {}
        for frame in self.frames:
            info = frame.node_info
            if info.num and info.num != self.num and info.num not in found:
                found[info.num] = SimulatedPeer(
                    num=info.num,
                    long_name=info.user.long_name,
                    short_name=info.user.short_name,
                    private_key=private_key_from(info.user.id),
                    hw_model=info.user.hw_model,
                    macaddr=info.user.macaddr,
                    snr_db=0.0,
                    has_said_all=info.HasField("position"),
                )
        return list(found.values())
