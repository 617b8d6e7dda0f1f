"""What becomes of what clients say: answered here, given to the node in turn, or refused.

Owned by the loop that serves the clients, and entered by its thread alone. A configuration, a
heartbeat and a farewell never reach the node.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.model.client_status import ClientStatus
from meshbot.sharing.client_frames import (
    RES_FULL,
    RES_NO_NODE,
    echoed,
    notification,
    packet_frame,
    queue_status,
    routing_error,
)
from meshbot.sharing.client_gate import ClientGate, OwnNode
from meshbot.sharing.configuration_pace import ConfigurationPace
from meshbot.sharing.edit_transaction import EditTransaction, commit
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_sender import GuestSender
from meshbot.sharing.guests import Guests
from meshbot.sharing.node_configuration import NodeConfiguration
from meshbot.sharing.node_frames import NodeFrames
from meshbot.sharing.packet_ids import PacketIds
from meshbot.sharing.refusal import Refusal, RefusalKind, refusal
from meshbot.sharing.share_narrator import ShareNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.text.language import tr

_TEXT = portnums_pb2.PortNum.TEXT_MESSAGE_APP
OURS = 0
"""The client that is none: what the bot sends in the place of one that is gone."""
MOST_PENDING = 256 << 10
"""A client that has so many bytes to read is given no further configuration for now."""


@dataclass(frozen=True)
class DeskTools:
    """Who our node is, for the gate; who is told of a new configuration; who is there; and the
    time, in seconds."""

    own_node: Callable[[], OwnNode]
    on_configured: Callable[[NodeConfiguration], object]
    clients: Callable[[], list[ClientStatus]]
    clock: Callable[[], float]
    wall_clock: Callable[[], float]


class ShareDesk:
    """Deals with the frames of clients."""

    def __init__(
        self,
        settings: ShareSettings,
        guests: Guests,
        ids: PacketIds,
        node: NodeFrames,
        sender: GuestSender,
        *,
        narrator: ShareNarrator,
        tools: DeskTools,
    ) -> None:
        """Name the collaborators."""
        self._settings = settings
        self._guests = guests
        self._ids = ids
        self._node = node
        self._sender = sender
        self._gate = ClientGate(allow_admin=settings.allow_admin, private_key=settings.private_key)
        self._narrator = narrator
        self._tools = tools
        self._asked: dict[int, int] = {}
        """Configurations that are owed, by client: there was none yet, or too many were asked.

        Who asked first is first, and asking again loses nobody his place."""
        self._pace = ConfigurationPace()
        self._own_num = 0
        self._transaction = EditTransaction(tools.clock)
        node.on_configured = self._configured

    # -- ClientDesk ------------------------------------------------------------------------------

    def client_came(self, client: int, host: str) -> None:
        """Note that a client is there."""
        self._guests.came(client, host)
        self._sender.welcome(client, host)
        self._pace.came(client, host)

    def client_gone(self, client: int) -> None:
        """Forget a client, and what it left to be sent."""
        host = self._guests.gone(client)
        if host is not None:
            self._node.missed.left(host, self._tools.clock())
        self._node.proxied.gone(client)
        self._asked.pop(client, None)
        self._pace.gone(client)
        self._ids.forget(client)
        self._sender.forget(client)
        if self._transaction.gone(client):
            self._commit()

    def frame_came(self, client: int, message: mesh_pb2.ToRadio) -> None:
        """Deal with what a client says; what nobody knows is passed over, as by a node."""
        match message.WhichOneof("payload_variant"):
            case "packet":
                self._packet_came(client, message.packet)
            case "want_config_id":
                self._asked[client] = message.want_config_id
                self._serve_those_who_asked()
            case "heartbeat":
                self._guests.give(client, queue_status(self._sender.room(client)))
            case "disconnect":
                self._guests.close(client, tr("il a dit au revoir"))
            case "mqttClientProxyMessage" | "xmodemPacket" as kind:
                self._frame_for_node(client, kind, message)

    def _keep_secret(self) -> None:
        """Have no client be told the private key by a frame that hides it from our own parser."""
        configuration = self._node.configuration
        if configuration is not None and not self._settings.private_key:
            known = configuration.private_key or self._tools.own_node().private_key
            self._guests.secret = known

    def tick(self) -> None:
        """Do what is due."""
        self._node.tick()
        self._keep_secret()
        self._narrator.look(self._tools.clients())
        if self._transaction.left_open():
            self._commit()
        self._serve_those_who_asked()

    # -- Configurations --------------------------------------------------------------------------

    def _configured(self, configuration: NodeConfiguration) -> None:
        """Serve those that were here before the node was, and look whether it still is the same."""
        if self._own_num not in (0, configuration.own_num):
            self._guests.close_all(tr("le nœud n'est plus le même"))
        self._own_num = configuration.own_num
        self._keep_secret()
        self._transaction.closed()  # the node restarted, or was asked for what was committed
        self._tools.on_configured(configuration)
        self._serve_those_who_asked()

    def _serve_those_who_asked(self) -> None:
        for client in tuple(self._asked):
            self._serve(client)

    def _serve(self, client: int) -> None:
        configuration = self._node.configuration
        if configuration is None or self._guests.pending_bytes(client) > MOST_PENDING:
            return
        if not self._pace.allows(client, self._tools.clock()):
            return
        config_id = self._asked.pop(client)
        frames = configuration.frames(
            config_id,
            self._node.node_entries(),
            private_key=self._settings.private_key,
            own_entry=self._node.own_entry(),
        )
        self._guests.give(client, *frames)
        self._guests.is_ready(client)
        self._node.proxied.is_ready(client)
        missed = self._node.missed.take(self._guests.host(client), self._tools.clock())
        if self._settings.replay:
            self._guests.give(client, *missed)

    # -- Packets ---------------------------------------------------------------------------------

    def _packet_came(self, client: int, packet: mesh_pb2.MeshPacket) -> None:
        if not self._node.own_num:
            self._guests.give(client, queue_status(0, packet.id, RES_NO_NODE))
            return
        verdict = self._gate.judge(packet, self._tools.own_node())
        refused = verdict.refusal
        if refused is None and verdict.writes and self._transaction.hinders(client):
            refused = refusal(RefusalKind.TRANSACTION)
        if refused is not None:
            self._guests.give(client, queue_status(max(self._sender.room(client), 1), packet.id))
            self._refuse(client, packet.id, refused)
            return
        packet_id = self._ids.enter(client, packet.id)
        if packet_id is None:  # said again, as it did not hear the answer
            self._guests.give(client, queue_status(max(self._sender.room(client), 1), packet.id))
            return
        self._take(client, verdict.packet, packet_id, packet.id or packet_id, verdict.writes)

    def _take(
        self, client: int, packet: mesh_pb2.MeshPacket, packet_id: int, own_id: int, writes: bool
    ) -> None:
        packet.id = packet_id
        self._ids.outgoing(client, packet)
        guest = GuestPacket(client, packet, own_id, self._tools.clock(), writes)
        if not self._sender.put(guest):
            self._guests.give(client, queue_status(0, own_id, RES_FULL))
            self._ids.unsent(packet_id)
            return
        room = self._sender.room(client)
        # Android takes a status without room for none (``handleQueueStatus``), the stock library
        # needs to know: so it is told apart from what became of the packet.
        self._guests.give(client, queue_status(max(room, 1), own_id))
        if not room:
            self._guests.give(client, queue_status(0))
        self._guests.count(client, refused=False)
        if writes:
            self._transaction.wrote(client, packet)
            self._node.wrote(packet)

    def _refuse(self, client: int, own_id: int, refused: Refusal) -> None:
        self._tell_failure(client, own_id, refused.error, refused.text)
        self._guests.count(client, refused=True)
        self._narrator.refused(self._guests.address(client), refused.text, refused.kind.value)

    def _tell_failure(self, client: int, own_id: int, error: int, text: str) -> None:
        """Tell a client in the node's way, and in words, that its packet goes nowhere."""
        own_num, wall_s = self._node.own_num, self._tools.wall_clock()
        if own_id:
            answer_id = secrets.randbits(32) or 1
            self._guests.give(client, routing_error(own_num, own_id, error, answer_id))
        self._guests.give(client, notification(text, own_id, wall_s))

    def _frame_for_node(self, client: int, kind: str, message: mesh_pb2.ToRadio) -> None:
        refused = self._gate.judge_frame(kind)
        if refused is not None:
            self._refuse(client, 0, refused)
        elif self._sender.put_frame(client, _alone(message, kind)):
            self._node.proxied.sent(client, kind)

    def _commit(self) -> None:
        """End the transaction of a client that is gone: else nothing would be saved any more."""
        self._transaction.closed()
        packet = commit(self._node.own_num)
        packet.id = secrets.randbits(32) or 1
        self._ids.note_bot(packet.id)
        now_s = self._tools.clock()
        self._sender.put(GuestPacket(OURS, packet, packet.id, now_s, writes=True))

    # -- From who sends for the clients, on the loop's thread --------------------------------------

    def packet_given(self, guest: GuestPacket) -> None:
        """Show a text that the node has to the other clients."""
        if guest.packet.decoded.portnum == _TEXT:
            self.show_own(guest.packet, but=guest.client)

    def packet_refused(self, guest: GuestPacket, error: int, text: str) -> None:
        """Tell a client that its packet goes nowhere after all; it may try again."""
        self._ids.unsent(guest.packet.id)
        self._tell_failure(guest.client, guest.own_id, error, text)
        self._guests.count(guest.client, refused=True)
        self._narrator.not_sent(self._guests.address(guest.client), text)

    def room_again(self, client: int) -> None:
        """Tell a client, which was told that there is no room, that there is."""
        self._guests.give(client, queue_status(self._sender.room(client)))

    def show_own(self, packet: mesh_pb2.MeshPacket, *, but: int | None = None) -> None:
        """Show a text of our own node to everybody but him who sent it."""
        shown = echoed(packet, self._node.own_num, self._tools.wall_clock())
        payload = packet_frame(shown)
        self._node.missed.heard(payload, self._tools.clock())
        self._node.give(shown, payload, but=but)


def _alone(message: mesh_pb2.ToRadio, kind: str) -> mesh_pb2.ToRadio:
    """Return a frame with nothing but what was judged: a newer node may know more of it than we."""
    alone = mesh_pb2.ToRadio()
    getattr(alone, kind).CopyFrom(getattr(message, kind))
    return alone
