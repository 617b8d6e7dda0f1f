"""What the node's own settings and state do to a client: licence, duty cycle, region, crash."""

import socket

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation.packets import BROADCAST_NUM
from meshbot.simulation.peer import private_key_from
from meshbot.simulation.settings import UNSET
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import (
    LIMIT_S,
    Client,
    NodeMaker,
    ready_client,
    routing_error,
)

Port = portnums_pb2.PortNum
Error = mesh_pb2.Routing.Error
Transport = mesh_pb2.MeshPacket.TransportMechanism


def configs(frames: list[mesh_pb2.FromRadio], name: str) -> config_pb2.Config:
    (found,) = [f.config for f in frames if f.config.WhichOneof("payload_variant") == name]
    return found


def test_the_hop_limit_is_told(node: SimulatedNode) -> None:
    node.hop_limit = 0
    with Client(node) as client:
        assert configs(client.handshake(), "lora").lora.hop_limit == 0


def test_a_licensed_station_sends_in_clear_and_what_is_sealed_is_noted(
    node: SimulatedNode,
) -> None:
    node.licensed = True
    peer = node.peer(0)
    with Client(node) as client:
        frames = client.handshake()
        assert frames[2].node_info.user.is_licensed
        channel = next(f.channel for f in frames if f.HasField("channel"))
        assert channel.settings.psk == b""
        client.send_text("clear", peer.num, packet_id=1, want_ack=True)
        assert client.read_status().res == 0
        assert routing_error(client.read_packet()) == Error.NONE
        assert not node.texts_on_air[0].pki
        assert node.illegal_on_air == []
        client.send_packet(mesh_pb2.MeshPacket(to=peer.num, id=2, encrypted=bytes(40)))
        client.read_status()
    assert [packet.id for packet in node.illegal_on_air] == [2]


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.26", "2.8.0"])
def test_a_licensed_station_hands_over_what_is_sealed_for_it(
    make_node: NodeMaker, firmware: str
) -> None:
    """It has no key, so that 2.8 does not even try to open it, and does not withhold it either."""
    node = make_node(peers=1, firmware=firmware)
    node.licensed = True
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "sealed for the key it had before")
        assert client.read_packet().encrypted


def test_a_managed_node_ignores_its_clients_administration(node: SimulatedNode) -> None:
    node.managed = True
    request = admin_pb2.AdminMessage(get_device_metadata_request=True)
    data = mesh_pb2.Data(portnum=Port.ADMIN_APP, payload=request.SerializeToString())
    with Client(node) as client:
        security = configs(client.handshake(), "security").security
        # PhoneAPI.cpp sends it all the same: only a locked-down 2.8 withholds it.
        assert security.is_managed
        assert security.private_key
        client.send_data(node.num, 7, data)
        assert client.read_status().mesh_packet_id == 7
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0


def test_a_node_whose_share_of_air_time_is_used_up(node: SimulatedNode) -> None:
    node.duty_cycle_reached = True
    with ready_client(node) as client:
        client.send_text("too much", BROADCAST_NUM, packet_id=9)
        status = client.read_status()
        assert (status.res, status.mesh_packet_id) == (Error.DUTY_CYCLE_LIMIT, 9)
        told = client.read().clientNotification
        assert told.message == "Duty cycle limit exceeded. You can send again in 7 mins"
        assert (told.reply_id, told.level) == (9, mesh_pb2.LogRecord.Level.WARNING)
        packet = client.read_packet()
        assert (routing_error(packet), packet.decoded.request_id) == (Error.DUTY_CYCLE_LIMIT, 9)
    assert node.packets_on_air == []


@pytest.mark.parametrize("sealed", [False, True])
def test_a_radio_that_is_off_says_34_and_nothing_more(node: SimulatedNode, sealed: bool) -> None:
    node.transmits = False
    packet = mesh_pb2.MeshPacket(to=node.peer(0).num, id=5, want_ack=True)
    if sealed:
        packet.encrypted = bytes(40)
    else:
        packet.decoded.CopyFrom(mesh_pb2.Data(portnum=Port.TEXT_MESSAGE_APP, payload=b"x"))
    with ready_client(node) as client:
        client.send_packet(packet)
        assert client.read_status().res == 34
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0
    assert node.packets_on_air == []


def test_a_fresh_node_without_a_region_has_no_key_yet(node: SimulatedNode) -> None:
    node.region = UNSET
    with Client(node) as client:
        frames = client.handshake()
    security = configs(frames, "security").security
    assert (security.private_key, security.public_key) == (b"", b"")
    assert frames[2].node_info.user.public_key == b""


@pytest.mark.parametrize("answer", ["never", "wrong_id"])
def test_a_light_handshake_that_is_not_understood(node: SimulatedNode, answer: str) -> None:
    node.answers_light = answer  # type: ignore[assignment]
    with Client(node) as client:
        client.ask_config(69420)
        if answer == "wrong_id":
            frames = client.read_handshake(1)
            assert frames[0].HasField("my_info")
        client.heartbeat()
        client.read_status()
        assert client.handshake(5)[-1].config_complete_id == 5


def test_words_for_the_client(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.notify("Something is wrong", mesh_pb2.LogRecord.Level.ERROR)
        told = client.read().clientNotification
    assert (told.message, told.level) == ("Something is wrong", mesh_pb2.LogRecord.Level.ERROR)


@pytest.mark.parametrize("firmware", ["2.7.11", "2.8.0"])
def test_another_key(make_node: NodeMaker, firmware: str) -> None:
    node = make_node(firmware=firmware, peers=1)
    before = (node.num, node.public_key)
    with ready_client(node) as client:
        node.change_key(private_key_from("another"))
        assert client.read_end() == (b"", "rst")
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    with Client(node) as client:
        frames = client.handshake()
    security = configs(frames, "security").security
    assert security.private_key == private_key_from("another")
    assert security.public_key == direct_messages.public_key_of(security.private_key)
    assert node.public_key == security.public_key != before[1]
    assert (node.num == before[0]) == (firmware == "2.7.11")


def test_a_crash_is_noticed_by_what_is_sent_next(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        client.heartbeat()
        client.read_status()
        node.crash(60.0)
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
        client.sock.settimeout(LIMIT_S)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((node.host, node.port), LIMIT_S)
        node.accept_again()
        with ready_client(node):
            assert node.max_connections_open == 1
            client.heartbeat()
            assert client.read_end() == (b"", "rst")
            assert node.connections_open == 1
    assert node.reboot_count == 1


def test_what_is_on_its_way_to_a_node_that_crashes_meets_nobody_either(
    node: SimulatedNode,
) -> None:
    with ready_client(node) as client:
        node.stop_reading()
        client.heartbeat()
        client.sock.settimeout(LIMIT_S)
        node.crash(60.0)
        node.resume_reading()
        assert client.read_end() == (b"", "rst")


def test_a_node_that_stops_buries_its_dead(make_node: NodeMaker) -> None:
    node = make_node(peers=0)
    with ready_client(node) as client:
        node.crash(60.0)
        node.stop()
        assert client.read_end() == (b"", "rst")


@pytest.mark.parametrize(("firmware", "keeps"), [("2.7.11", False), ("2.8.0", True)])
def test_keys_of_evicted_nodes_are_kept_from_2_8_on(
    make_node: NodeMaker, firmware: str, keeps: bool
) -> None:
    node = make_node(firmware=firmware, peers=1)
    node.evict(node.peer(0))
    assert node.has_key_of(node.peer(0)) == keeps
    with Client(node) as client:
        assert not [f for f in client.handshake()[3:] if f.HasField("node_info")]
        node.hear_text(node.peer(0), "still there")
        assert client.read_packet().pki_encrypted == keeps


def test_the_warm_store_can_be_left_out(make_node: NodeMaker) -> None:
    node = make_node(firmware="2.8.0", peers=1, traits=SimulatedTraits(warm_keys=False))
    node.evict(node.peer(0))
    assert not node.has_key_of(node.peer(0))


def test_packets_of_any_shape(node: SimulatedNode) -> None:
    peer = node.peer(0)
    with ready_client(node) as client:
        node.hear_text(
            peer,
            "odd",
            hop_start=0,
            hop_limit=0,
            bitfield=1,
            rx_time=0,
            transport=Transport.TRANSPORT_MQTT,
        )
        packet = client.read_packet()
        assert (packet.hop_start, packet.hop_limit, packet.rx_time) == (0, 0, 0)
        assert packet.decoded.bitfield == 1
        assert packet.via_mqtt
        assert packet.transport_mechanism == Transport.TRANSPORT_MQTT
        node.hear_text(peer, "usual")
        packet = client.read_packet()
        assert packet.hop_start == 3
        assert packet.rx_time > 0
        assert not packet.decoded.HasField("bitfield")
