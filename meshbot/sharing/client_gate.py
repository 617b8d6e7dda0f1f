"""What a client may send to the node, and the packet as the node is to get it. Pure.

The node trusts who is connected: a packet of its client has no sender, and one for the node itself
or for everybody is dealt with there as if it had been heard, before it is sent
(``Router::sendLocal``). So an order to everybody is obeyed as one to the node is, also on the
number that stays off the air, and also one that comes encrypted. What the node's parser rejects is
dropped without a word (``PhoneAPI::handleToRadio``), so that is refused here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.tolerant_parse import parse_tolerantly
from meshbot.sharing.admin_rules import is_for_this_node, only_reads
from meshbot.sharing.refusal import Refusal, RefusalKind, refusal
from meshbot.sharing.security_write import KEY_BYTES, MAX_PAYLOAD_BYTES, with_keys

NO_LORA_NUM = 1
"""``NODENUM_BROADCAST_NO_LORA``: everybody, but not by radio."""
MAX_ENCRYPTED_BYTES = 239
"""255 of a LoRa packet without the 16 of its header; above that ``beginSending`` stops the node."""
MAX_BYTE = 255

_Port = portnums_pb2.PortNum
_ONE_BYTE_FIELDS = ("channel", "hop_limit", "hop_start", "next_hop", "relay_node")
"""What the node keeps in a byte each (``mesh.options``): its parser rejects larger values."""
_ONE_BYTE_ENUMS = ("priority", "delayed", "transport_mechanism")
"""The same of kinds, which it keeps in as few bytes as they need: there is no negative one."""
MAX_PORT = 0xFFFF
_SKIPPED_WIRE_TYPES = frozenset((0, 1, 2, 5))
"""Those that the node's parser passes over in a field that it does not know; it has no groups."""
_HARDWARE_PORTS = frozenset(
    (
        _Port.REMOTE_HARDWARE_APP,
        _Port.POWERSTRESS_APP,
        _Port.REMOTE_SHELL_APP,
        _Port.KEY_VERIFICATION_APP,
    )
)
"""Orders that are no admin messages: pins, the power supply, a shell, whose keys are believed."""
_MQTT_FRAME, _FILE_FRAME = "mqttClientProxyMessage", "xmodemPacket"


@dataclass(frozen=True, slots=True)
class OwnNode:
    """Our node, as far as it is known; what is unknown is empty."""

    num: int
    public_key: bytes = b""
    private_key: bytes = field(default=b"", repr=False)
    long_name: str = ""
    short_name: str = ""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What becomes of a packet."""

    refusal: Refusal | None
    """Why it does not go to the node; None if it does."""
    packet: mesh_pb2.MeshPacket
    """As the node is to get it: a copy, of which the caller is the owner."""
    writes: bool = False
    """Whether it changes the node."""


class ClientGate:
    """Judges the packets of all clients; keeps nothing."""

    def __init__(self, *, allow_admin: bool, private_key: bool) -> None:
        """Say what the operator allows: to change the node, and to be told its private key."""
        self._allow_admin = allow_admin
        self._private_key = private_key
        self._rules: dict[int, Callable[[mesh_pb2.MeshPacket, OwnNode], RefusalKind | None]] = {
            _Port.ADMIN_APP: self._judge_admin,
            _Port.NODEINFO_APP: self._judge_names,
            _Port.ROUTING_APP: _judge_routing,
            _Port.SIMULATOR_APP: lambda packet, own: RefusalKind.INJECTED,
        }
        self._rules.update(dict.fromkeys(_HARDWARE_PORTS, self._judge_hardware))

    def judge(self, packet: mesh_pb2.MeshPacket, own: OwnNode) -> GateVerdict:
        """Say whether a packet goes to the node, and as what; the packet given stays as it is."""
        passed = mesh_pb2.MeshPacket()
        passed.CopyFrom(packet)
        kind = _sender_refusal(packet, own) or _shape_refusal(packet)
        if kind is None and packet.HasField("encrypted"):
            kind = self._judge_encrypted(packet, own)
        elif kind is None:
            rule = self._rules.get(packet.decoded.portnum)
            kind = rule(packet, own) if rule is not None else None
        if kind is not None:
            return GateVerdict(refusal(kind), passed)
        _set_as_node_does(passed)
        verdict = GateVerdict(None, passed, _writes(passed, own))
        return self._with_our_keys(verdict, own) if verdict.writes else verdict

    def judge_frame(self, kind: str) -> Refusal | None:
        """Say whether a frame that is no packet goes to the node; ``kind``: as in ``ToRadio``."""
        if kind == _MQTT_FRAME:
            return None
        if kind == _FILE_FRAME and self._allow_admin and self._private_key:
            return None
        return refusal(RefusalKind.FILES)

    def _judge_admin(self, packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
        payload = packet.decoded.payload
        is_ours = _is_heard_here(packet, own) or is_for_this_node(payload)
        if self._allow_admin or not is_ours or only_reads(payload):
            return None
        return RefusalKind.SETTINGS

    def _judge_encrypted(self, packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
        if self._allow_admin or not _is_heard_here(packet, own):
            return None
        return RefusalKind.SEALED

    def _judge_hardware(self, packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
        if self._allow_admin or not _is_heard_here(packet, own):
            return None
        return RefusalKind.HARDWARE

    def _judge_names(self, packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
        """Judge a NodeInfo: whoever gets it takes it for our node's own, the node too."""
        try:
            user = parse_tolerantly(mesh_pb2.User, packet.decoded.payload)
        except DecodeError:
            user = mesh_pb2.User()
        if user.public_key and own.public_key and user.public_key != own.public_key:
            return RefusalKind.NAMES
        names, own_names = (user.long_name, user.short_name), (own.long_name, own.short_name)
        is_known = any(own_names)
        if self._allow_admin or (is_known and names == own_names):
            return None
        # One told them, each node of the mesh would believe them as well as one told everybody.
        is_harmless = not (is_known and any(names)) and not _is_heard_here(packet, own)
        return None if is_harmless else RefusalKind.NAMES

    def _with_our_keys(self, verdict: GateVerdict, own: OwnNode) -> GateVerdict:
        """Fill in our keys where a client leaves them out, as it was never told them."""
        data = verdict.packet.decoded
        if self._private_key or data.portnum != _Port.ADMIN_APP:
            return verdict
        payload = with_keys(data.payload, own.public_key, own.private_key)
        if isinstance(payload, RefusalKind):
            return replace(verdict, refusal=refusal(payload), writes=False)
        if payload != data.payload:
            data.payload = payload
        return verdict


def _sender_refusal(packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
    return None if getattr(packet, "from") in (0, own.num) else RefusalKind.SENDER


def _shape_refusal(packet: mesh_pb2.MeshPacket) -> RefusalKind | None:
    """Refuse what the node's parser rejects, and what stops the node."""
    if packet.WhichOneof("payload_variant") is None:
        return RefusalKind.EMPTY
    lengths = (
        len(packet.decoded.payload) > MAX_PAYLOAD_BYTES,
        len(packet.encrypted) > MAX_ENCRYPTED_BYTES,
    )
    if any(lengths):
        return RefusalKind.TOO_LONG
    numbers = [getattr(packet, name) for name in (*_ONE_BYTE_FIELDS, *_ONE_BYTE_ENUMS)]
    malformed = (
        min(numbers) < 0 or max(*numbers, packet.decoded.bitfield) > MAX_BYTE,
        not 0 <= packet.decoded.portnum <= MAX_PORT,
        len(packet.public_key) > KEY_BYTES,
        _has_broken_fields(packet) or _has_broken_fields(packet.decoded),
    )
    return RefusalKind.MALFORMED if any(malformed) else None


def _has_broken_fields(message: Message) -> bool:
    """Say whether our parser kept something as unknown at which the node's stops.

    That is a field it knows with a value of another type, and groups.
    """
    known = message.DESCRIPTOR.fields_by_number
    unknown = UnknownFieldSet(message)
    fields = (unknown[index] for index in range(len(unknown)))
    return any(
        field.field_number in known or field.wire_type not in _SKIPPED_WIRE_TYPES
        for field in fields
    )


def _is_heard_here(packet: mesh_pb2.MeshPacket, own: OwnNode) -> bool:
    """Say whether the node deals with a packet itself. Before it is known, any might be for it."""
    return not own.num or packet.to in (own.num, BROADCAST_NUM, NO_LORA_NUM)


def _judge_routing(packet: mesh_pb2.MeshPacket, own: OwnNode) -> RefusalKind | None:
    """Judge an acknowledgement: one to the node itself ends what it sends for another client."""
    return RefusalKind.ROUTING if _is_heard_here(packet, own) else None


def _writes(packet: mesh_pb2.MeshPacket, own: OwnNode) -> bool:
    """Say whether a packet that is allowed changes what the node says of itself."""
    if packet.HasField("encrypted"):
        return _is_heard_here(packet, own)
    payload = packet.decoded.payload
    if packet.decoded.portnum == _Port.ADMIN_APP and not only_reads(payload):
        return _is_heard_here(packet, own) or is_for_this_node(payload)
    return packet.decoded.portnum == _Port.NODEINFO_APP and _is_heard_here(packet, own)


def _set_as_node_does(packet: mesh_pb2.MeshPacket) -> None:
    """Set what the node overwrites anyway (``MeshService::handleToRadio``)."""
    for name in ("from", "next_hop", "relay_node", "rx_time"):
        packet.ClearField(name)
