"""What the simulated radio answers, gives up, refuses and reports, beside the recordings."""

import contextlib
from collections.abc import Iterator

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation.packets import BROADCAST_NUM, sender_of
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import LIMIT_S, Client, NodeMaker, ready_client, routing_error

Port = portnums_pb2.PortNum
Error = mesh_pb2.Routing.Error


def answers_to(node: SimulatedNode, peer: SimulatedPeer) -> list[tuple[int, int]]:
    """Return what the node acknowledged or refused of a peer: request ids and errors."""
    return [
        (packet.decoded.request_id, routing_error(packet))
        for packet in node.own_packets_on_air
        if packet.to == peer.num
    ]


def forged(peer: SimulatedPeer) -> mesh_pb2.User:
    user = peer.user()
    user.public_key = direct_messages.public_key_of(private_key_from("forger"))
    return user


# -- answers of the radio itself ------------------------------------------------------------


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.26", "2.8.0"])
def test_a_direct_text_that_was_opened_is_acknowledged(make_node: NodeMaker, firmware: str) -> None:
    node = make_node(peers=1, firmware=firmware)
    sent = node.hear_text(node.peer(0), "hello")
    assert answers_to(node, node.peer(0)) == [(sent, Error.NONE)]


@pytest.mark.parametrize(("firmware", "refuses"), [("2.5.20", 1), ("2.7.26", 1), ("2.8.0", 0)])
def test_what_it_lacks_the_key_for_is_refused_with_35(
    make_node: NodeMaker, firmware: str, refuses: int
) -> None:
    node = make_node(peers=1, firmware=firmware, traits=SimulatedTraits(warm_keys=False))
    node.evict(node.peer(0))
    sent = node.hear_text(node.peer(0), "sealed")
    assert answers_to(node, node.peer(0)) == [(sent, Error.PKI_UNKNOWN_PUBKEY)] * refuses
    assert node.packets_kept == refuses


def test_what_the_wrong_key_does_not_open_is_refused_with_no_channel(node: SimulatedNode) -> None:
    peer = node.peer(0)
    node.evict(peer)
    node.hear_node_info(peer, public_key=forged(peer).public_key)
    sent = node.hear_text(peer, "sealed")
    assert answers_to(node, peer) == [(sent, Error.NO_CHANNEL)]


@pytest.mark.parametrize(
    ("firmware", "answers"),
    [("2.5.20", [Error.NONE]), ("2.7.26", [Error.NO_CHANNEL]), ("2.8.0", [])],
)
def test_a_direct_text_under_the_channel_key_is_answered_by_version(
    make_node: NodeMaker, firmware: str, answers: list[int]
) -> None:
    node = make_node(peers=1, firmware=firmware)
    node.hear_text(node.peer(0), "open", via_channel=True)
    assert [error for _, error in answers_to(node, node.peer(0))] == answers


def test_a_peer_that_is_refused_for_its_key_can_announce_it(node: SimulatedNode) -> None:
    node.peers_answer_refusals = True
    node.ack_delay_s = 0.01
    node.evict(node.peer(0))
    node.hear_text(node.peer(0), "sealed")
    assert node.wait_until(lambda n: n.has_key_of(n.peers[0]), LIMIT_S)


@pytest.mark.parametrize("why", ["unreachable", "lost"])
def test_its_own_acknowledgement_fails_under_an_id_nobody_knows(
    node: SimulatedNode, why: str
) -> None:
    node.retransmit_s = 0.05
    node.loses_own_acks = why == "lost"
    node.set_reachable(node.peer(0), why == "lost")
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "hello")
        assert client.read_packet().decoded.payload == b"hello"
        failure = client.read_packet()
    (acknowledgement,) = node.own_packets_on_air
    assert routing_error(failure) == Error.MAX_RETRANSMIT
    assert failure.decoded.request_id == acknowledgement.id


@pytest.mark.parametrize(("port", "told"), [(Port.TRACEROUTE_APP, 1), (Port.POSITION_APP, 0)])
def test_other_packets_too_soon_are_dropped(node: SimulatedNode, port: int, told: int) -> None:
    data = mesh_pb2.Data(portnum=port)  # type: ignore[arg-type]
    with ready_client(node) as client:
        client.send_data(node.peer(0).num, 1, data)
        client.send_data(node.peer(0).num, 2, data)
        client.heartbeat()
        assert [client.read_status().free for _ in range(2)] == [15, 16]
        words = [client.read().clientNotification for _ in range(told)]
        assert client.read_status().mesh_packet_id == 0
    assert [word.reply_id for word in words] == [2] * told
    assert len(node.packets_on_air) == 1


@pytest.mark.parametrize(("length", "res"), [(200, 0), (220, 0), (221, 7), (228, 7)])
def test_a_direct_text_that_is_too_long(node: SimulatedNode, length: int, res: int) -> None:
    with ready_client(node) as client:
        client.send_text("x" * length, node.peer(0).num, packet_id=5)
        assert client.read_status().res == res
        if res:
            assert routing_error(client.read_packet()) == Error.TOO_LARGE
    assert len(node.texts_on_air) == (0 if res else 1)


def test_a_relay_that_is_heard_acknowledges_in_the_nodes_own_name(node: SimulatedNode) -> None:
    node.hears_relays = True
    peer = node.peer(0)
    with ready_client(node) as client:
        client.send_text("to all", packet_id=1, want_ack=True)
        client.read_status()
        implicit = client.read_packet()
        assert sender_of(implicit) == node.num
        assert (implicit.decoded.request_id, routing_error(implicit)) == (1, Error.NONE)
        client.send_text("to one", peer.num, packet_id=2, want_ack=True)
        client.read_status()
        senders = [sender_of(client.read_packet()) for _ in range(2)]
        assert senders == [node.num, peer.num]


def test_after_a_relay_was_heard_no_failure_follows(node: SimulatedNode) -> None:
    node.hears_relays, node.retransmit_s = True, 0.0
    node.set_reachable(node.peer(0), False)
    with ready_client(node) as client:
        client.send_text("lost behind the relay", node.peer(0).num, packet_id=1, want_ack=True)
        client.read_status()
        assert routing_error(client.read_packet()) == Error.NONE
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0


def test_a_text_too_soon_sends_error_38_to_nobody(make_node: NodeMaker) -> None:
    node = make_node(peers=0, text_spacing_s=60.0)
    with ready_client(node) as client:
        client.send_text("one", packet_id=1)
        client.send_text("two", packet_id=2)
        assert [client.read_status().free for _ in range(2)] == [15, 16]
    (error,) = node.own_packets_on_air
    assert (error.to, routing_error(error)) == (0, Error.RATE_LIMIT_EXCEEDED)
    assert error.decoded.request_id == 2


# -- reports --------------------------------------------------------------------------------


def test_the_queue_fills_and_overflows(node: SimulatedNode) -> None:
    node.send_delay_s = 60.0
    with ready_client(node) as client:
        for number in range(1, 18):
            client.send_text("x", packet_id=number)
        reports = [client.read_status() for _ in range(17)]
    assert [report.free for report in reports] == [*range(15, -1, -1), 0]
    assert [report.res for report in reports] == [0] * 16 + [32]
    assert node.texts_on_air == []


def test_packets_go_out_one_after_another(node: SimulatedNode) -> None:
    node.send_delay_s = 0.01
    with ready_client(node) as client:
        client.send_text("one", packet_id=1)
        client.send_text("two", packet_id=2)
        assert node.wait_until(lambda n: len(n.texts_on_air) == 2, LIMIT_S)
    assert [text.text for text in node.texts_on_air] == ["one", "two"]


def test_a_restart_forgets_what_waits_for_the_air(node: SimulatedNode) -> None:
    node.send_delay_s = LIMIT_S
    with ready_client(node) as client:
        client.send_text("lost", packet_id=1)
        client.read_status()
        node.reboot(0.0)
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    node.send_delay_s = 0.05
    with ready_client(node) as client:
        client.send_text("sent", packet_id=2)
        assert client.read_status().free == 15
        assert node.wait_until(lambda n: len(n.texts_on_air) == 1, LIMIT_S)
    assert [text.text for text in node.texts_on_air] == ["sent"]


def test_only_a_simulated_radio_shows_what_goes_out(make_node: NodeMaker) -> None:
    """``RadioLibInterface`` reports a packet once, ``SimRadio`` again when it is sent."""
    node = make_node(peers=1, firmware="2.7.26", traits=SimulatedTraits(platform="native"))
    with ready_client(node) as client:
        client.send_text("sealed", node.peer(0).num, packet_id=7)
        assert [client.read_status().free for _ in range(2)] == [15, 16]
        shown = client.read_packet()
        assert (shown.id, shown.pki_encrypted, len(shown.encrypted)) == (7, True, 69)
    roof = make_node(peers=1, firmware="2.7.26")
    with ready_client(roof) as client:
        client.send_text("sealed", roof.peer(0).num, packet_id=7)
        assert client.read_status().free == 15
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0


def test_the_last_two_reports_wait_for_a_client(make_node: NodeMaker) -> None:
    node = make_node(peers=1, firmware="2.7.26", traits=SimulatedTraits(platform="native"))
    for _ in range(3):
        node.hear_text(node.peer(0), "hello")
    with Client(node) as client:
        client.ask_config(1)
        while client.read().config_complete_id != 1:
            pass
        told = [client.read_status().mesh_packet_id for _ in range(2)]
    assert told == [packet.id for packet in node.own_packets_on_air[1:]]


def test_the_node_announces_itself_after_its_start_and_when_asked(make_node: NodeMaker) -> None:
    now_s = [100.0]
    node = make_node(peers=0, firmware="2.7.26", clock=lambda: now_s[0])
    with ready_client(node) as client:
        now_s[0] += 31.0
        assert client.read_status().free == 15
        now_s[0] += 61.0
        # The minute's telemetry.
        client.read_packet(), client.read_packet()
        client.send(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=1)))
        asked = client.read_status()
        assert asked.mesh_packet_id == node.own_packets_on_air[-1].id
        client.send(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=1)))
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0, "not again within a minute"
    assert [packet.decoded.portnum for packet in node.own_packets_on_air] == [Port.NODEINFO_APP] * 2
    user = mesh_pb2.User.FromString(node.own_packets_on_air[0].decoded.payload)
    assert user.public_key == node.public_key


# -- hops -----------------------------------------------------------------------------------


def peer_at(hops: int) -> SimulatedPeer:
    return SimulatedPeer(0x5000 + hops, f"hop {hops}", "hop", private_key_from(str(hops)),
                         hops_away=hops)  # fmt: skip


@pytest.mark.parametrize(("hop_limit", "error"), [(1, Error.MAX_RETRANSMIT), (3, Error.NONE)])
def test_a_packet_reaches_only_whom_its_hops_reach(
    make_node: NodeMaker, hop_limit: int, error: int
) -> None:
    node = make_node(peers=[peer_at(2)])
    node.retransmit_s = node.ack_delay_s = 0.02
    data = mesh_pb2.Data(portnum=Port.TEXT_MESSAGE_APP, payload=b"x")
    packet = mesh_pb2.MeshPacket(
        to=node.peer(0).num, id=3, want_ack=True, hop_limit=hop_limit, decoded=data
    )
    with ready_client(node) as client:
        client.send_packet(packet)
        client.read_status()
        assert routing_error(client.read_packet()) == error


def test_who_wants_an_acknowledgement_gets_the_nodes_hop_limit(make_node: NodeMaker) -> None:
    node = make_node(peers=[peer_at(2)])
    node.hop_limit = 1
    node.retransmit_s = 0.02
    with ready_client(node) as client:
        client.send_text("x", node.peer(0).num, packet_id=3, want_ack=True)
        client.read_status()
        assert routing_error(client.read_packet()) == Error.MAX_RETRANSMIT


@pytest.mark.parametrize("bitfield", [None, 0])
def test_a_sealed_packet_without_hops_needs_a_bitfield(
    make_node: NodeMaker, bitfield: int | None
) -> None:
    own_key = private_key_from("own")
    node = make_node(peers=[peer_at(0)], traits=SimulatedTraits(private_key=own_key))
    data = mesh_pb2.Data(portnum=Port.TEXT_MESSAGE_APP, payload=b"x")
    if bitfield is not None:
        data.bitfield = bitfield
    sealed = direct_messages.seal(
        direct_messages.message_key(own_key, node.peer(0).public_key),
        3,
        node.num,
        data.SerializeToString(),
        bytes(4),
    )
    with ready_client(node) as client:
        client.send_packet(mesh_pb2.MeshPacket(to=node.peer(0).num, id=3, encrypted=sealed))
        client.read_status()
    assert node.hopless_dropped == (1 if bitfield is None else 0)
    assert len(node.texts_on_air) == (0 if bitfield is None else 1)


# -- links that end -------------------------------------------------------------------------


@contextlib.contextmanager
def a_client_that_gets_nothing(node: SimulatedNode) -> Iterator[Client]:
    with ready_client(node) as client:
        yield client
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)


def test_two_packets_are_lost_on_a_link_that_was_cut_unnoticed(node: SimulatedNode) -> None:
    with a_client_that_gets_nothing(node):
        node.cut_link()
        heard = [node.hear_telemetry(node.peer(0)) for _ in range(5)]
        assert node.packets_kept == 3
    with ready_client(node) as client:
        assert [client.read_packet().id for _ in range(3)] == heard[2:]


def test_nothing_is_lost_after_a_clean_end(node: SimulatedNode) -> None:
    with ready_client(node):
        pass
    assert node.wait_until(lambda n: not n.is_client_ready, LIMIT_S)
    heard = [node.hear_telemetry(node.peer(0)) for _ in range(5)]
    with ready_client(node) as client:
        assert [client.read_packet().id for _ in range(5)] == heard


def test_a_killed_node_closes_in_order_and_then_refuses(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.kill(60.0)
        assert client.read_end() == (b"", "fin")
        with pytest.raises(ConnectionRefusedError):
            Client(node)
    assert node.reboot_count == 1


# -- what is told again -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("firmware", "config_id", "told"),
    [("2.8.0", 7, True), ("2.8.0", 69421, True), ("2.8.0", 69420, False), ("2.7.26", 7, False)],
)
def test_2_8_tells_positions_and_telemetry_again_after_a_configuration(
    make_node: NodeMaker, firmware: str, config_id: int, told: bool
) -> None:
    node = make_node(peers=2, firmware=firmware)
    with ready_client(node) as client:
        node.hear_telemetry(node.peer(0))
        node.hear_position(node.peer(1))
        node.hear_node_info(node.peer(1))
        first = [client.read_packet() for _ in range(3)]
        client.handshake(config_id)
        again = [client.read_packet() for _ in range(2)] if told else []
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0
        client.handshake(config_id)
        assert [client.read_packet().id for _ in again] == [packet.id for packet in again]
    if told:
        assert [packet.decoded.payload for packet in again] == [
            first[1].decoded.payload,
            first[0].decoded.payload,
        ]
        assert {packet.id for packet in again}.isdisjoint(packet.id for packet in first)


@pytest.mark.parametrize(
    ("firmware", "fields"),
    [
        ("2.5.20", ["num", "user", "position", "snr", "last_heard", "device_metrics", "hops_away"]),
        ("2.7.26", ["num", "user", "position", "snr", "last_heard", "device_metrics", "hops_away"]),
        ("2.8.0", ["num", "user", "snr", "last_heard", "hops_away"]),
    ],
)
def test_the_entry_of_a_node_is_whole_before_2_8(
    make_node: NodeMaker, firmware: str, fields: list[str]
) -> None:
    """As ``TypeConversions.cpp`` of these tags makes it of what was heard."""
    node = make_node(peers=1, firmware=firmware)
    with ready_client(node) as client:
        (entry,) = [
            frame.node_info
            for frame in client.handshake()
            if frame.node_info.num == node.peer(0).num
        ]
    assert [field.name for field, _value in entry.ListFields()] == fields


def test_the_entry_of_a_node_tells_what_was_heard_last(make_node: NodeMaker) -> None:
    node = make_node(peers=1, firmware="2.7.26")
    with ready_client(node) as client:
        node.hear_position(node.peer(0))
        node.hear_telemetry(node.peer(0))
        heard = [client.read_packet().decoded.payload for _ in range(2)]
        entries = {frame.node_info.num: frame.node_info for frame in client.handshake()}
    entry = entries[node.peer(0).num]
    assert entry.position == mesh_pb2.Position.FromString(heard[0])
    told = telemetry_pb2.Telemetry.FromString(heard[1])
    assert entry.device_metrics == told.device_metrics


@pytest.mark.parametrize(("firmware", "transport"), [("2.7.4", 0), ("2.7.5", 1)])
def test_how_a_packet_came(make_node: NodeMaker, firmware: str, transport: int) -> None:
    node = make_node(peers=1, firmware=firmware)
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "by radio")
        assert client.read_packet().transport_mechanism == transport


# -- administration -------------------------------------------------------------------------


def ask(client: Client, request: admin_pb2.AdminMessage) -> mesh_pb2.MeshPacket | None:
    """Send an admin message; return the answer, if one comes."""
    data = mesh_pb2.Data(
        portnum=Port.ADMIN_APP,
        payload=request.SerializeToString(),
        want_response=str(request.WhichOneof("payload_variant")).startswith("get_"),
    )
    client.send_data(client.node.num, client.node.admin_requests_received + 1, data)
    client.heartbeat()
    answer = None
    while True:
        frame = client.read()
        if frame.HasField("packet"):
            answer = frame.packet
        elif not frame.queueStatus.mesh_packet_id:
            return answer


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"get_owner_request": True}, "get_owner_response"),
        ({"get_config_request": 5}, "get_config_response"),
        ({"get_config_request": 0}, "get_config_response"),
        ({"get_module_config_request": 12}, "get_module_config_response"),
        ({"get_channel_request": 1}, "get_channel_response"),
        ({"get_ringtone_request": True}, "get_ringtone_response"),
    ],
)
def test_questions_of_administration(
    node: SimulatedNode, request_: dict[str, int], answer: str
) -> None:
    with ready_client(node) as client:
        packet = ask(client, admin_pb2.AdminMessage(**request_))  # type: ignore[arg-type]
    assert packet is not None
    message = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
    assert message.WhichOneof("payload_variant") == answer
    assert len(message.session_passkey) == 8
    assert (packet.hop_limit, packet.priority) == (3, mesh_pb2.MeshPacket.Priority.RELIABLE)


def test_a_node_can_be_removed(make_node: NodeMaker) -> None:
    node = make_node(peers=2, firmware="2.8.0")
    with ready_client(node) as client:
        assert ask(client, admin_pb2.AdminMessage(remove_by_nodenum=node.peer(0).num)) is None
    assert not node.knows(node.peer(0))
    assert not node.has_key_of(node.peer(0)), "nor is its key kept"


@pytest.mark.parametrize("edits", [False, True])
def test_a_changed_setting_ends_the_link(node: SimulatedNode, edits: bool) -> None:
    node.restart_after_change_s = node.restart_takes_s = 0.05
    with ready_client(node) as client:
        if edits:
            ask(client, admin_pb2.AdminMessage(begin_edit_settings=True))
        ask(client, admin_pb2.AdminMessage(set_owner=mesh_pb2.User(long_name="New")))
        if edits:
            assert node.reboot_count == 0
            ask(client, admin_pb2.AdminMessage(commit_edit_settings=True))
        assert node.wait_until(lambda n: n.reboot_count == 1, LIMIT_S)
        client.heartbeat()
        assert client.read_end()[1] == "rst"


def test_a_client_sets_the_clock_of_a_node_that_does_not_know_the_time(
    make_node: NodeMaker,
) -> None:
    node = make_node(peers=1, firmware="2.7.26", traits=SimulatedTraits(platform="native"))
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "before", to=BROADCAST_NUM)
        assert client.read_packet().rx_time == 0
        ask(client, admin_pb2.AdminMessage(set_time_only=1_800_000_000))
        node.hear_text(node.peer(0), "after", to=BROADCAST_NUM)
        assert client.read_packet().rx_time > 0
