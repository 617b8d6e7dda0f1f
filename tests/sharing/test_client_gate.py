"""What clients may send, by what the firmware does with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.model.known_node import BROADCAST_NUM
from meshbot.sharing.client_gate import (
    MAX_ENCRYPTED_BYTES,
    NO_LORA_NUM,
    ClientGate,
    GateVerdict,
    OwnNode,
)
from meshbot.sharing.refusal import RefusalKind, refusal
from meshbot.simulation.wire import bytes_field, number_field
from tests.support.capture import PATHS, Capture, frames_of

OWN, OTHER = 0x0C0D0E0F, 0x11223344
PUBLIC_KEY, PRIVATE_KEY = b"\x11" * 32, b"\x22" * 32
OWN_NODE = OwnNode(OWN, PUBLIC_KEY, PRIVATE_KEY, "Our node", "own")
HERE = (OWN, BROADCAST_NUM, NO_LORA_NUM)

STRICT = ClientGate(allow_admin=False, private_key=False)
ADMIN = ClientGate(allow_admin=True, private_key=False)
OPEN = ClientGate(allow_admin=True, private_key=True)

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error


def packet_of(
    to: int, port: int, payload: bytes = b"", *, sender: int = 0, **fields: Any
) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=to, id=77, **fields)
    packet.decoded.portnum = port  # type: ignore[assignment] # a number of the enum
    packet.decoded.payload = payload
    setattr(packet, "from", sender)
    return packet


def admin(to: int = OWN, **fields: Any) -> mesh_pb2.MeshPacket:
    return packet_of(to, _Port.ADMIN_APP, admin_pb2.AdminMessage(**fields).SerializeToString())


def refused(verdict: GateVerdict) -> RefusalKind | None:
    return verdict.refusal.kind if verdict.refusal is not None else None


def unlocking(to: int) -> mesh_pb2.MeshPacket:
    message = admin_pb2.AdminMessage()
    message.lockdown_auth.passphrase = b"open"
    return packet_of(to, _Port.ADMIN_APP, message.SerializeToString())


def test_every_kind_has_a_text_and_an_error_of_its_own() -> None:
    refusals = [refusal(kind) for kind in RefusalKind]
    assert len({one.text for one in refusals}) == len(RefusalKind)
    assert all(one.error in _Error.values() and one.error for one in refusals)
    assert all(len(one.text.encode()) < 200 for one in refusals)  # a notification holds 400


# -- Orders to the node ----------------------------------------------------------------------------


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize(
    "order",
    [
        {"set_owner": mesh_pb2.User(long_name="mine")},
        {"set_time_only": 1},
        {"set_favorite_node": 5},
        {"reboot_seconds": 5},
        {"factory_reset_device": 1},
        {"exit_simulator": True},
        {"begin_edit_settings": True},
        {"enter_dfu_mode_request": True},
        {"get_module_config_response": {"mqtt": {}}},  # a forged answer is no question
    ],
    ids=str,
)
def test_an_order_to_the_node_or_to_all_is_refused(to: int, order: dict[str, Any]) -> None:
    verdict = STRICT.judge(admin(to, **order), OWN_NODE)
    assert refused(verdict) is RefusalKind.SETTINGS
    assert verdict.refusal is not None
    assert verdict.refusal.error == _Error.NOT_AUTHORIZED
    allowed = ADMIN.judge(admin(to, **order), OWN_NODE)
    assert allowed.refusal is None
    assert allowed.writes


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize("gate", [STRICT, ADMIN])
def test_a_question_passes_and_changes_nothing(gate: ClientGate, to: int) -> None:
    question = admin(to, get_config_request=admin_pb2.AdminMessage.ConfigType.SECURITY_CONFIG)
    verdict = gate.judge(question, OWN_NODE)
    assert verdict.refusal is None
    assert not verdict.writes
    assert verdict.packet == question


@pytest.mark.parametrize("to", HERE)
def test_an_order_that_nobody_can_read_is_refused(to: int) -> None:
    for payload in (b"", b"\xff", number_field(5, 8) + bytes_field(32, b"\x12\x01x")):
        packet = packet_of(to, _Port.ADMIN_APP, payload)
        assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.SETTINGS


def test_before_the_node_is_known_any_order_might_be_for_it() -> None:
    assert refused(STRICT.judge(admin(OTHER, reboot_seconds=5), OwnNode(0))) is RefusalKind.SETTINGS
    assert STRICT.judge(packet_of(OTHER, _Port.TEXT_MESSAGE_APP, b"hi"), OwnNode(0)).refusal is None


def test_orders_to_other_nodes_pass_as_they_are() -> None:
    order = admin(OTHER, reboot_seconds=5, session_passkey=b"12345678")
    order.pki_encrypted = True
    order.public_key = b"\x33" * 32
    order.decoded.want_response = True
    verdict = STRICT.judge(order, OWN_NODE)
    assert verdict.refusal is None
    assert verdict.packet == order
    assert not verdict.writes


def test_an_unlocking_is_refused_whoever_it_is_addressed_to() -> None:
    for to in (*HERE, OTHER):
        assert refused(STRICT.judge(unlocking(to), OWN_NODE)) is RefusalKind.SETTINGS
        allowed = ADMIN.judge(unlocking(to), OWN_NODE)
        assert allowed.refusal is None
        assert allowed.writes


# -- Orders by other ways --------------------------------------------------------------------------


@pytest.mark.parametrize("to", HERE)
def test_what_the_node_would_open_itself_is_refused(to: int) -> None:
    packet = mesh_pb2.MeshPacket(to=to, id=77, channel=8, encrypted=b"who knows")
    assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.SEALED
    allowed = ADMIN.judge(packet, OWN_NODE)
    assert allowed.refusal is None
    assert allowed.writes  # for all we know


def test_what_is_sealed_for_another_passes() -> None:
    packet = mesh_pb2.MeshPacket(to=OTHER, id=77, encrypted=b"who knows", want_ack=True)
    verdict = STRICT.judge(packet, OWN_NODE)
    assert verdict.refusal is None
    assert verdict.packet == packet
    assert not verdict.writes


@pytest.mark.parametrize("to", [*HERE, OTHER])
@pytest.mark.parametrize("gate", [STRICT, OPEN])
def test_nobody_makes_the_node_hear_what_was_not_on_the_air(gate: ClientGate, to: int) -> None:
    packet = packet_of(to, _Port.SIMULATOR_APP, b"\x08\x01")
    assert refused(gate.judge(packet, OWN_NODE)) is RefusalKind.INJECTED


@pytest.mark.parametrize(
    "port",
    [
        _Port.REMOTE_HARDWARE_APP,
        _Port.POWERSTRESS_APP,
        _Port.REMOTE_SHELL_APP,
        _Port.KEY_VERIFICATION_APP,
    ],
)
def test_the_nodes_hardware_is_not_for_clients(port: int) -> None:
    for to in HERE:
        packet = packet_of(to, port, b"\x08\x01")
        assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.HARDWARE
        assert ADMIN.judge(packet, OWN_NODE).refusal is None
    assert STRICT.judge(packet_of(OTHER, port, b"\x08\x01"), OWN_NODE).refusal is None


@pytest.mark.parametrize("gate", [STRICT, OPEN])
def test_an_acknowledgement_to_the_node_itself_is_forged(gate: ClientGate) -> None:
    for to in HERE:
        packet = packet_of(to, _Port.ROUTING_APP, b"\x18\x00")
        assert refused(gate.judge(packet, OWN_NODE)) is RefusalKind.ROUTING
    assert gate.judge(packet_of(OTHER, _Port.ROUTING_APP, b"\x18\x00"), OWN_NODE).refusal is None


def test_names_of_the_node_are_told_as_they_are() -> None:
    ours = mesh_pb2.User(long_name="Our node", short_name="own", public_key=PUBLIC_KEY)
    renamed = mesh_pb2.User(long_name="Other", short_name="own", public_key=PUBLIC_KEY)
    forged = mesh_pb2.User(long_name="Our node", short_name="own", public_key=b"\x44" * 32)

    def judged(gate: ClientGate, user: mesh_pb2.User, to: int) -> RefusalKind | None:
        packet = packet_of(to, _Port.NODEINFO_APP, user.SerializeToString())
        return refused(gate.judge(packet, OWN_NODE))

    for to in HERE:
        assert judged(STRICT, ours, to) is None
        assert judged(STRICT, renamed, to) is RefusalKind.NAMES
        assert judged(ADMIN, renamed, to) is None
    # An app asks another node for its names with a NodeInfo of its own: with our names, or none.
    assert judged(STRICT, ours, OTHER) is None
    assert judged(STRICT, mesh_pb2.User(), OTHER) is None
    # Each node believes what it alone is told as well as what all are.
    assert judged(STRICT, renamed, OTHER) is RefusalKind.NAMES
    assert judged(ADMIN, renamed, OTHER) is None
    for gate in (STRICT, OPEN):
        for to in (*HERE, OTHER):
            assert judged(gate, forged, to) is RefusalKind.NAMES


def test_as_long_as_our_key_is_unknown_none_is_called_forged() -> None:
    user = mesh_pb2.User(long_name="Our node", short_name="own", public_key=PUBLIC_KEY)
    packet = packet_of(OTHER, _Port.NODEINFO_APP, user.SerializeToString())
    assert STRICT.judge(packet, OwnNode(OWN)).refusal is None


def test_as_long_as_our_names_are_unknown_an_empty_one_is_not_them() -> None:
    packet = packet_of(OWN, _Port.NODEINFO_APP)
    assert refused(STRICT.judge(packet, OwnNode(OWN))) is RefusalKind.NAMES
    packet = packet_of(OTHER, _Port.NODEINFO_APP, mesh_pb2.User(long_name="x").SerializeToString())
    assert STRICT.judge(packet, OwnNode(OWN)).refusal is None


@pytest.mark.parametrize(
    "broken",
    [
        number_field(4, 6),  # decoded, which is a message
        bytes_field(6, b"abcd"),  # id
        bytes_field(4, number_field(2, 5)),  # the payload in decoded
        b"\x9b\x3f\x9c\x3f",  # a group
        number_field(11, 256),  # priority
        number_field(11, 2**64 - 1),
        number_field(21, 300),  # transport_mechanism
        bytes_field(4, number_field(1, 70_000)),  # a port
    ],
)
def test_what_stops_the_nodes_parser_is_refused(broken: bytes) -> None:
    """It answers nothing to such a packet, and who sends for all clients would wait for that."""
    packet = packet_of(OTHER, _Port.TEXT_MESSAGE_APP, b"x").SerializeToString() + broken
    verdict = OPEN.judge(mesh_pb2.MeshPacket.FromString(packet), OWN_NODE)
    assert refused(verdict) is RefusalKind.MALFORMED


def test_fields_that_only_a_newer_node_knows_pass() -> None:
    newer = bytes_field(300, b"x") + number_field(301, 1)
    packet = packet_of(OTHER, _Port.TEXT_MESSAGE_APP, b"x").SerializeToString() + newer
    verdict = STRICT.judge(mesh_pb2.MeshPacket.FromString(packet), OWN_NODE)
    assert verdict.refusal is None
    assert verdict.packet.SerializeToString().endswith(newer)


def test_a_forged_key_behind_a_name_that_is_no_text_is_seen() -> None:
    payload = bytes_field(3, b"\xf0\x9f") + bytes_field(8, b"\x44" * 32)
    packet = packet_of(OTHER, _Port.NODEINFO_APP, payload)
    assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.NAMES


def test_files_are_for_who_may_have_everything() -> None:
    for gate in (STRICT, ADMIN, ClientGate(allow_admin=False, private_key=True)):
        verdict = gate.judge_frame("xmodemPacket")
        assert verdict is not None
        assert verdict.kind is RefusalKind.FILES
    assert OPEN.judge_frame("xmodemPacket") is None
    assert STRICT.judge_frame("mqttClientProxyMessage") is None
    assert OPEN.judge_frame("of a newer kind") is not None


# -- Senders and shapes ----------------------------------------------------------------------------


@pytest.mark.parametrize("gate", [STRICT, OPEN])
def test_a_client_speaks_for_our_node_alone(gate: ClientGate) -> None:
    for sender in (0, OWN):
        verdict = gate.judge(packet_of(OTHER, _Port.TEXT_MESSAGE_APP, sender=sender), OWN_NODE)
        assert verdict.refusal is None
        assert getattr(verdict.packet, "from") == 0
    verdict = gate.judge(packet_of(OTHER, _Port.TEXT_MESSAGE_APP, sender=OTHER), OWN_NODE)
    assert refused(verdict) is RefusalKind.SENDER


def test_only_what_the_node_overwrites_is_changed() -> None:
    packet = packet_of(
        OTHER,
        _Port.TEXT_MESSAGE_APP,
        b"hi",
        channel=3,
        hop_limit=7,
        hop_start=7,
        want_ack=True,
        pki_encrypted=True,
        public_key=b"\x55" * 32,
        priority=mesh_pb2.MeshPacket.Priority.RELIABLE,
        via_mqtt=True,
        tx_after=1,
    )
    packet.decoded.reply_id, packet.decoded.bitfield = 9, 1
    packet.decoded.MergeFromString(bytes_field(10, b"signature"))
    packet.MergeFromString(number_field(22, 1))
    expected = packet.SerializeToString()
    packet.next_hop, packet.relay_node, packet.rx_time = 5, 6, 7
    given_as = packet.SerializeToString()
    verdict = STRICT.judge(packet, OWN_NODE)
    assert verdict.packet.SerializeToString() == expected
    assert packet.SerializeToString() == given_as  # the client's own is left alone


def test_what_the_nodes_parser_rejects_is_refused_in_words() -> None:
    text = _Port.TEXT_MESSAGE_APP
    assert refused(STRICT.judge(mesh_pb2.MeshPacket(to=OTHER), OWN_NODE)) is RefusalKind.EMPTY
    assert STRICT.judge(packet_of(OTHER, text, b"x" * 233), OWN_NODE).refusal is None
    long = STRICT.judge(packet_of(OTHER, text, b"x" * 234), OWN_NODE)
    assert refused(long) is RefusalKind.TOO_LONG
    assert long.refusal is not None
    assert long.refusal.error == _Error.TOO_LARGE
    for name in ("channel", "hop_limit", "hop_start", "next_hop", "relay_node"):
        packet = packet_of(OTHER, text)
        setattr(packet, name, 255)
        assert STRICT.judge(packet, OWN_NODE).refusal is None
        setattr(packet, name, 256)
        assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.MALFORMED
    assert (
        refused(STRICT.judge(packet_of(OTHER, text, public_key=b"x" * 33), OWN_NODE))
        is RefusalKind.MALFORMED
    )
    packet = packet_of(OTHER, text)
    packet.decoded.bitfield = 256
    assert refused(STRICT.judge(packet, OWN_NODE)) is RefusalKind.MALFORMED


@pytest.mark.parametrize("gate", [STRICT, OPEN])
def test_what_would_stop_the_node_is_refused(gate: ClientGate) -> None:
    fits = mesh_pb2.MeshPacket(to=OTHER, encrypted=b"x" * MAX_ENCRYPTED_BYTES)
    assert gate.judge(fits, OWN_NODE).refusal is None
    longer = mesh_pb2.MeshPacket(to=OTHER, encrypted=b"x" * (MAX_ENCRYPTED_BYTES + 1))
    assert refused(gate.judge(longer, OWN_NODE)) is RefusalKind.TOO_LONG


# -- The node's keys -------------------------------------------------------------------------------


def security(**fields: Any) -> mesh_pb2.MeshPacket:
    return admin(OWN, set_config={"security": fields}, session_passkey=b"12345678")


def written_keys(verdict: GateVerdict) -> tuple[bytes, bytes]:
    message = admin_pb2.AdminMessage.FromString(verdict.packet.decoded.payload)
    return message.set_config.security.public_key, message.set_config.security.private_key


@pytest.mark.parametrize("public_key", [b"", PUBLIC_KEY, bytes(32)])
@pytest.mark.parametrize("private_key", [b"", bytes(32), b"cut"])
def test_keys_that_a_client_was_not_told_are_filled_in(
    public_key: bytes, private_key: bytes
) -> None:
    packet = security(
        public_key=public_key,
        private_key=private_key,
        serial_enabled=True,
        admin_key=[b"\x66" * 32],
    )
    verdict = ADMIN.judge(packet, OWN_NODE)
    assert verdict.refusal is None
    assert verdict.writes
    assert written_keys(verdict) == (PUBLIC_KEY, PRIVATE_KEY)
    message = admin_pb2.AdminMessage.FromString(verdict.packet.decoded.payload)
    assert message.set_config.security.serial_enabled
    assert list(message.set_config.security.admin_key) == [b"\x66" * 32]
    assert message.session_passkey == b"12345678"


def test_what_we_do_not_know_stays_in_it() -> None:
    newer = number_field(9, 2)  # packet_signature_policy of 2.8
    payload = bytes_field(34, bytes_field(8, bytes_field(1, PUBLIC_KEY) + newer))
    verdict = ADMIN.judge(packet_of(OWN, _Port.ADMIN_APP, payload), OWN_NODE)
    assert written_keys(verdict) == (PUBLIC_KEY, PRIVATE_KEY)
    assert newer in verdict.packet.decoded.payload


def test_a_new_pair_that_a_client_chose_passes() -> None:
    for public_key in (b"", b"\x77" * 32):
        packet = security(public_key=public_key, private_key=b"\x88" * 32)
        verdict = ADMIN.judge(packet, OWN_NODE)
        assert verdict.refusal is None
        assert written_keys(verdict) == (public_key, b"\x88" * 32)


def test_who_was_told_the_key_decides_itself() -> None:
    packet = security(serial_enabled=True)
    verdict = OPEN.judge(packet, OWN_NODE)
    assert verdict.refusal is None
    assert verdict.packet.decoded.payload == packet.decoded.payload


def test_keys_that_cannot_be_kept_are_refused() -> None:
    left_out = security(serial_enabled=True)
    unknown = ADMIN.judge(left_out, OwnNode(OWN, PUBLIC_KEY))
    assert refused(unknown) is RefusalKind.KEYS_UNKNOWN
    assert not unknown.writes
    half = ADMIN.judge(security(public_key=b"\x77" * 32), OWN_NODE)
    assert refused(half) is RefusalKind.KEYS
    twice = left_out.decoded.payload + left_out.decoded.payload
    hidden = ADMIN.judge(packet_of(OWN, _Port.ADMIN_APP, twice), OWN_NODE)
    assert refused(hidden) is RefusalKind.MALFORMED
    longest = security(admin_key=[b"\x66" * 32] * 5)
    assert refused(ADMIN.judge(longest, OWN_NODE)) is RefusalKind.TOO_LONG


def test_a_private_key_that_is_unknown_with_the_public_one_is_no_other_key() -> None:
    verdict = ADMIN.judge(security(public_key=PUBLIC_KEY), OwnNode(OWN, b"", PRIVATE_KEY))
    assert verdict.refusal is None
    assert written_keys(verdict) == (PUBLIC_KEY, PRIVATE_KEY)


def test_other_settings_are_written_as_they_are() -> None:
    packet = admin(OWN, set_config={"lora": {"hop_limit": 3}})
    verdict = ADMIN.judge(packet, OWN_NODE)
    assert verdict.packet == packet


# -- Whatever comes --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_a_real_client_sent_passes_unchanged(path: Any) -> None:
    own = OwnNode(Capture.read(path).own_num)
    packets = [
        mesh_pb2.ToRadio.FromString(payload).packet
        for _, ours, payload in frames_of(path)
        if ours and mesh_pb2.ToRadio.FromString(payload).HasField("packet")
    ]
    assert len(packets) >= 6
    for packet in packets:
        verdict = STRICT.judge(packet, own)
        assert verdict.refusal is None
        assert verdict.packet == packet


@given(st.binary(max_size=60), st.sampled_from((*HERE, OTHER)), st.integers(0, 300))
def test_bytes_of_any_kind_are_judged_and_never_raise(payload: bytes, to: int, port: int) -> None:
    packet = packet_of(to, port, payload)
    for gate in (STRICT, ADMIN, OPEN):
        verdict = gate.judge(packet, OWN_NODE)
        assert (verdict.refusal is None) or not verdict.writes


def test_the_private_key_is_in_no_representation() -> None:
    assert repr(PRIVATE_KEY) not in repr(OWN_NODE)
