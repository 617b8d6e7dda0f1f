"""A simulated Meshtastic node: the firmware's TCP API on a real socket, with faults on demand.

:class:`SimulatedNode` is the face of it for tests, benchmarks and the bot's simulated mode. One
thread ("simulated-node") does all the work; every public method may be called from any thread and
is done when it returns. Records are read under the lock of that thread, see
:class:`SimulatedRecords`.

``python -m meshbot.simulation --port 4403`` runs one for any client to connect to.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import EllipsisType, TracebackType
from typing import Self, Unpack

from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import START1, START2, encode_frame
from meshbot.simulation import packets
from meshbot.simulation.air_text import AirText
from meshbot.simulation.api import SimulatedApi
from meshbot.simulation.life import SimulatedLife
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.loop_timer import LoopTimer
from meshbot.simulation.packet_shape import PacketShape, apply_shape
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.records import SimulatedRecords
from meshbot.simulation.settings import SimulatedSettings
from meshbot.simulation.traits import SimulatedTraits

_Error = mesh_pb2.Routing.Error
_ORDINARY = SimulatedTraits()
# Real ones were seen to take 0.16 to 0.7 s.
REAL_SEND_DELAY_S = 0.3


class SimulatedNode(SimulatedSettings, SimulatedRecords):
    """A node, its mesh, and the faults of both.

    Its settings are plain attributes (:class:`SimulatedSettings`), its records read-only ones
    (:class:`SimulatedRecords`).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        peers: int | Sequence[SimulatedPeer] = 12,
        firmware: str = "2.7.11",
        text_spacing_s: float = 2.0,
        traits: SimulatedTraits = _ORDINARY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build the node; nothing is bound before :meth:`start`."""
        self._traits = traits
        identity = traits.identity(firmware)
        if isinstance(peers, int):
            numbers_from_keys = identity.profile.is_2_8
            peers = make_peers(peers, traits.seed, numbers_from_keys=numbers_from_keys)
        self._address = (host, port)
        self._rng = random.Random(f"{traits.seed}/radio")
        self._loop = SelectLoop("simulated-node", clock)
        SimulatedSettings.__init__(self, text_spacing_s=text_spacing_s)
        api = SimulatedApi(identity, peers, self, traits, loop=self._loop, rng=self._rng)
        SimulatedRecords.__init__(self, api, self._loop.changed)
        self._server = api.server
        self._radio = api.radio
        self._mesh = api.radio.mesh
        self._reception = api.reception
        self._life = SimulatedLife(self, traits.seed)
        self._radio.text_listeners.append(self._life.on_text)

    # -- start and stop ---------------------------------------------------------------------

    def start(self) -> Self:
        """Bind, listen and serve; raises ``OSError`` naming the address when it cannot."""
        self._loop.start()
        try:
            self._loop.call(lambda: self._api.open(*self._address))
        except BaseException:
            self._loop.stop()
            raise
        return self

    def stop(self) -> None:
        """Close every socket and end the thread, within a few seconds; idempotent."""
        self._loop.call(self._shut)
        self._loop.stop()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _shut(self) -> None:
        self._life.stop()
        self._server.shut()

    # -- identity ---------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._address[0]

    @property
    def port(self) -> int:
        """The port it listens on, the real one once started."""
        return self._server.port or self._address[1]

    @property
    def num(self) -> int:
        """The node's own number."""
        return self._api.radio.identity.num

    @property
    def public_key(self) -> bytes:
        """The node's own public key."""
        return self._api.radio.identity.public_key

    @property
    def firmware(self) -> str:
        """The firmware version it plays."""
        return self._api.radio.identity.firmware

    @property
    def long_name(self) -> str:
        """The node's own long name."""
        return self._api.radio.identity.long_name

    @property
    def text_listeners(self) -> list[Callable[[AirText], None]]:
        """Called in the node's thread with each text that goes on the air; append to it."""
        return self._radio.text_listeners

    def peer(self, index: int) -> SimulatedPeer:
        """Return one of the peers."""
        return self._mesh.peers[index]

    # -- the radio's database ---------------------------------------------------------------

    def evict(self, peer: SimulatedPeer | int) -> None:
        """Make the radio forget a node, and its key as well unless it keeps keys (2.8 does)."""
        num = peer if isinstance(peer, int) else peer.num
        keeps_key = self._traits.warm_keys
        if keeps_key is None:
            keeps_key = self._api.radio.identity.profile.is_2_8
        self._loop.call(lambda: self._mesh.db.evict(num, keeps_key=keeps_key))

    def learn(self, peer: SimulatedPeer) -> None:
        """Make the radio know a peer, without the client hearing of it."""
        self._loop.call(lambda: self._mesh.learn(peer))

    def set_reachable(self, peer: SimulatedPeer | int, reachable: bool) -> None:
        """Decide whether packets reach a peer: an unreachable one answers and confirms nothing."""
        num = peer if isinstance(peer, int) else peer.num
        with self._loop.changed:
            if reachable:
                self._mesh.unreachable.discard(num)
            else:
                self._mesh.unreachable.add(num)

    # -- what the mesh is heard to say ------------------------------------------------------

    def hear_text(
        self,
        peer: SimulatedPeer,
        text: str | bytes,
        *,
        to: int | None = None,
        channel: int = 0,
        reply_id: int | None = None,
        packet_id: int | None = None,
        via_channel: bool = False,
        **shape: Unpack[PacketShape],
    ) -> int:
        """Hear a text from a peer, to this node unless ``to`` says otherwise; return its id.

        Bytes need not be a valid text; ``via_channel`` makes a direct message use the channel key;
        ``shape`` is what else is special about the packet.
        """
        payload = text if isinstance(text, bytes) else text.encode()

        def hear() -> int:
            packet = packets.packet_from_peer(
                peer,
                to=self.num if to is None else to,
                packet_id=self._radio.new_id() if packet_id is None else packet_id,
                channel=channel,
                rx_time=self._mesh.now(),
                want_ack=to != packets.BROADCAST_NUM,
            )
            packet.decoded.CopyFrom(packets.text_data(payload, reply_id))
            apply_shape(packet, shape)
            self._reception.hear_text(peer, packet, via_channel=via_channel)
            return packet.id

        return self._loop.call(hear)

    def hear_node_info(
        self,
        peer: SimulatedPeer,
        *,
        public_key: bytes | EllipsisType | None = ...,
        long_name: str | None = None,
        payload: bytes | None = None,
    ) -> int:
        """Hear a peer's NodeInfo; return its id.

        ``public_key`` is the peer's own by default, None leaves it out; ``payload`` replaces all.
        """
        user = peer.user()
        if public_key is not ...:
            user.public_key = public_key or b""
        if long_name is not None:
            user.long_name = long_name
        content = user.SerializeToString() if payload is None else payload
        return self._loop.call(
            lambda: self._reception.hear_data(
                peer, packets.node_info_data(content), packets.BROADCAST_NUM
            )
        )

    def hear_telemetry(self, peer: SimulatedPeer) -> int:
        """Hear a peer's device metrics; return the packet's id."""
        return self._loop.call(
            lambda: self._reception.hear_data(
                peer, packets.telemetry_data(self._rng), packets.BROADCAST_NUM
            )
        )

    def hear_position(self, peer: SimulatedPeer) -> int:
        """Hear a peer's position; return the packet's id."""
        return self._loop.call(
            lambda: self._reception.hear_data(
                peer, packets.position_data(peer), packets.BROADCAST_NUM
            )
        )

    def hear_routing(
        self,
        source: SimulatedPeer | None,
        request_id: int,
        error: mesh_pb2.Routing.Error.ValueType = _Error.NONE,
    ) -> int:
        """Hear an acknowledgement or a failure from a peer, or (None) from this node itself."""
        return self._loop.call(lambda: self._reception.hear_routing(source, request_id, error))

    def hear(self, packet: mesh_pb2.MeshPacket) -> None:
        """Deliver a packet as it is, now or once a client has its configuration."""
        self._loop.call(lambda: self._api.deliver(packet))

    def hear_all(self, heard: Iterable[mesh_pb2.MeshPacket]) -> None:
        """Deliver many packets at once, as :meth:`hear` does one."""
        self._loop.call(lambda: self._api.deliver_all(heard))

    # -- straight to the client -------------------------------------------------------------

    def notify(
        self,
        text: str,
        level: mesh_pb2.LogRecord.Level.ValueType = mesh_pb2.LogRecord.Level.WARNING,
    ) -> None:
        """Tell the client something in words, as the firmware's ClientNotification."""
        self._loop.call(lambda: self._api.notify(packets.notification(text, level)))

    def send_from_radio(self, message: mesh_pb2.FromRadio) -> bool:
        """Send a frame at once, whatever the state; say whether there was a client."""
        return self.send_raw(packets.frame(message), frames=1)

    def send_raw(self, data: bytes, *, frames: int = 0) -> bool:
        """Send bytes as they are; say whether there was a client."""
        return self._loop.call(lambda: self._api.send_raw(data, frames))

    # -- life on the mesh -------------------------------------------------------------------

    def start_traffic(self, interval_s: float = 2.5) -> None:
        """Let random peers send NodeInfos, telemetry, positions and texts without end."""
        self._loop.call(lambda: self._life.start_traffic(interval_s))

    def stop_traffic(self) -> None:
        """End the random traffic."""
        self._loop.call(self._life.stop_traffic)

    def start_demo(
        self,
        *,
        first_ping_s: float = 5.0,
        ping_every_s: float = 60.0,
        reboot_after_s: float | None = 30.0,
        reboot_for_s: float = 5.0,
    ) -> None:
        """Let people talk to the bot, and the node crash once (None: never)."""
        self.send_delay_s = REAL_SEND_DELAY_S
        self._loop.call(
            lambda: self._life.start_demo(
                first_ping_s=first_ping_s,
                ping_every_s=ping_every_s,
                reboot_after_s=reboot_after_s,
                reboot_for_s=reboot_for_s,
            )
        )

    def stop_demo(self) -> None:
        """End the demo, its traffic included."""
        self._loop.call(self._life.stop)

    # -- faults -----------------------------------------------------------------------------

    def close_by_fin(self) -> bool:
        """Close the client's connection in good order; say whether there was one."""
        return self._loop.call(self._server.close_by_fin)

    def close_by_rst(self) -> bool:
        """Reset the client's connection; say whether there was one."""
        return self._loop.call(self._server.close_by_rst)

    def rst_mid_frame(self) -> bool:
        """Send half a frame, then reset; say whether there was a client."""
        return self._loop.call(self._api.rst_mid_frame)

    def go_silent(self, *, next_connections: bool = False) -> None:
        """Neither read nor send any more on the current connection, which stays open.

        What should be sent waits for :meth:`wake_up`, as in the buffers of a dead WiFi link.
        """
        self._loop.call(lambda: self._api.set_silent(True, next_connections))

    def wake_up(self) -> None:
        """End the silence."""
        self._loop.call(lambda: self._api.set_silent(False, False))

    def refuse_for(self, duration_s: float | None) -> None:
        """Close the client and refuse connections for so long, or until :meth:`accept_again`."""
        self._loop.call(lambda: self._server.refuse(duration_s))

    def accept_again(self) -> None:
        """Listen again on the same port."""
        self._loop.call(self._server.accept_again)

    def reboot(self, down_s: float) -> None:
        """Reset the client, be away for ``down_s``, come back with the same database.

        What waited for a client is lost; what is heard while it is away is kept all the same.
        """
        self._loop.call(lambda: self._api.reboot(down_s))

    def crash(self, down_s: float) -> None:
        """Die without a FIN, be away for ``down_s``, come back with the same database.

        The client learns of it by a RST to the next thing it sends.
        """
        self._loop.call(lambda: self._api.crash(down_s))

    def kill(self, down_s: float) -> None:
        """End as a process that is killed: a FIN, then nobody listens for ``down_s``."""
        self._loop.call(lambda: self._api.kill(down_s))

    def cut_link(self, losses: int = 2) -> None:
        """Cut the network to the client unnoticed: what the node sends next is lost.

        After so many packets it notices, closes its side, and keeps the rest for the next client.
        """
        self._loop.call(lambda: self._server.cut(losses))

    def change_key(self, private_key: bytes) -> None:
        """Have another private key from now on, after a short restart.

        From 2.8 on it is another number as well.
        """
        traits = replace(self._traits, private_key=private_key)
        self._loop.call(lambda: self._api.become(traits.identity(self.firmware)))

    def update_firmware(self, firmware: str) -> None:
        """Have another version from now on, after a short restart; its key stays the same.

        2.8 takes another number, that of the key.
        """
        self._loop.call(lambda: self._api.become(self._traits.identity(firmware)))

    def move_to_2_8(self, peer: SimulatedPeer) -> SimulatedPeer:
        """Have a peer updated to 2.8, and return who it is then: the radio still knows the old."""
        moved = peer.moved_to_2_8()
        self._loop.call(lambda: self._mesh.meet(moved))
        self.set_reachable(peer, False)
        return moved

    def drop_on_accept(self, count: int | None) -> None:
        """Close the next ``count`` connections (None: all) as soon as they are accepted."""
        self._loop.call(lambda: setattr(self._server, "drop_next", count))

    def stop_reading(self) -> None:
        """Read nothing more, on this connection and the next ones, but go on sending."""
        self._loop.call(lambda: self._server.set_reads(False))

    def resume_reading(self) -> None:
        """Read again."""
        self._loop.call(lambda: self._server.set_reads(True))

    def fill_queue(self) -> None:
        """Report a full transmit queue, and take no packet any more."""
        self._loop.call(lambda: self._api.set_queue_full(True))

    def free_queue(self) -> None:
        """Report a free transmit queue."""
        self._loop.call(lambda: self._api.set_queue_full(False))

    def send_half_frame(self) -> bool:
        """Send the header and half of a valid frame, and never the rest."""
        return self.send_raw(self._api.half_frame())

    def send_garbage(self, count: int) -> bool:
        """Send bytes that start no frame."""
        return self._loop.call(lambda: self._api.send_raw(self._api.garbage(count), 0))

    def send_oversized_frame(self) -> bool:
        """Send the header of a frame longer than any can be."""
        return self.send_raw(bytes((START1, START2, 0x7F, 0xFF)))

    def send_unparseable_frame(self) -> bool:
        """Send a well framed payload that is no FromRadio."""
        # Field 2 announces more bytes than there are.
        return self.send_raw(encode_frame(b"\x12\x7f\x01"), frames=1)

    def clear_faults(self) -> None:
        """End every fault: the next connection is served as by a healthy node."""
        self._loop.call(self._api.clear_faults)

    # -- for the life on the mesh, in the loop's thread -------------------------------------

    def later(self, delay_s: float, action: Callable[[], None]) -> LoopTimer:
        """Run ``action`` in the node's thread after ``delay_s``; its result can be cancelled."""
        return self._loop.call(lambda: self._loop.later(delay_s, action))
