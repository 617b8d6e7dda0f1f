"""What a client asks the node and its peers for, as other tools than a bot do."""

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, telemetry_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.simulation.packets import BROADCAST_NUM, sender_of
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import LIMIT_S, Client, NodeMaker, Port, ready_client, routing_error

Error = mesh_pb2.Routing.Error
VERSIONS = ["2.5.20", "2.7.26", "2.8.0"]


def ask_admin(
    client: Client, packet_id: int, request: admin_pb2.AdminMessage, *, wants_answer: bool = True
) -> None:
    data = mesh_pb2.Data(
        portnum=Port.ADMIN_APP,
        payload=request.SerializeToString(),
        want_response=wants_answer,
    )
    client.send_data(client.node.num, packet_id, data)


def answer(client: Client) -> admin_pb2.AdminMessage:
    """Read the answer to an admin request, and the two reports before it."""
    for _ in range(2):
        client.read_status()
    return admin_pb2.AdminMessage.FromString(client.read_packet().decoded.payload)


@pytest.mark.parametrize("firmware", VERSIONS)
def test_every_section_is_told_by_its_number(make_node: NodeMaker, firmware: str) -> None:
    node = make_node(peers=0, firmware=firmware)
    with ready_client(node) as client:
        sections = []
        for number in range(12):
            # Not by the constructor: an enum of an unknown value is refused there.
            request = admin_pb2.AdminMessage.FromString(bytes([0x28, number]))
            ask_admin(client, 100 + number, request)
            sections.append(answer(client).get_config_response.WhichOneof("payload_variant"))
    assert sections == [
        "device", "position", "power", "network", "display", "lora", "bluetooth", "security",
        "sessionkey", "device_ui", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("firmware", "known"), [("2.5.20", 13), ("2.7.11", 13), ("2.7.26", 14), ("2.8.0", 16)]
)
def test_modules_are_told_by_their_numbers(make_node: NodeMaker, firmware: str, known: int) -> None:
    node = make_node(peers=0, firmware=firmware)
    told = []
    with ready_client(node) as client:
        for number in range(20):
            request = admin_pb2.AdminMessage.FromString(bytes([0x38, number]))
            ask_admin(client, 100 + number, request)
            module = answer(client).get_module_config_response
            told.append(module.WhichOneof("payload_variant") is not None)
    assert told == [True] * known + [False] * (20 - known)


def test_who_wants_no_answer_gets_none_but_of_the_metadata(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        owner = admin_pb2.AdminMessage(get_owner_request=True)
        ask_admin(client, 1, owner, wants_answer=False)
        metadata = admin_pb2.AdminMessage(get_device_metadata_request=True)
        ask_admin(client, 2, metadata, wants_answer=False)
        assert client.read_status().mesh_packet_id == 1
        assert answer(client).HasField("get_device_metadata_response")


def ask_peer(node: SimulatedNode, client: Client, data: mesh_pb2.Data) -> mesh_pb2.MeshPacket:
    data.want_response = True
    number, packet_id = node.peer(0).num, int(data.portnum)
    packet = mesh_pb2.MeshPacket(to=number, id=packet_id, hop_limit=7, want_ack=True, decoded=data)
    client.send_packet(packet)
    client.read_status()
    heard = client.read_packet()
    assert (sender_of(heard), heard.decoded.request_id) == (number, packet_id)
    client.heartbeat()
    # The answer is the acknowledgement.
    client.read_status()
    return heard


def test_peers_tell_their_position_and_their_telemetry(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        data = mesh_pb2.Data(portnum=Port.POSITION_APP)
        position = mesh_pb2.Position.FromString(ask_peer(node, client, data).decoded.payload)
        assert position.latitude_i
        asked = telemetry_pb2.Telemetry()
        asked.device_metrics.SetInParent()
        data = mesh_pb2.Data(portnum=Port.TELEMETRY_APP, payload=asked.SerializeToString())
        told = telemetry_pb2.Telemetry.FromString(ask_peer(node, client, data).decoded.payload)
        assert told.device_metrics.battery_level


def test_peers_say_that_they_have_no_answer(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        data = mesh_pb2.Data(portnum=Port.PRIVATE_APP)
        assert routing_error(ask_peer(node, client, data)) == Error.NO_RESPONSE


def test_a_traceroute_shows_the_way_there_and_back(node: SimulatedNode) -> None:
    hops = node.peer(0).hops_away
    with ready_client(node) as client:
        data = mesh_pb2.Data(portnum=Port.TRACEROUTE_APP)
        route = mesh_pb2.RouteDiscovery.FromString(ask_peer(node, client, data).decoded.payload)
    assert len(route.route) == len(route.route_back) == hops
    assert len(route.snr_towards) == len(route.snr_back) == hops + 1


def test_a_traceroute_to_all_is_refused_in_words(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        data = mesh_pb2.Data(portnum=Port.TRACEROUTE_APP, want_response=True)
        packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=7, hop_limit=3, decoded=data)
        client.send_packet(packet)
        assert client.read_status().free == 16
        assert client.read().clientNotification.reply_id == 7
    assert not node.packets_on_air


@pytest.mark.parametrize(("firmware", "sent"), [("2.5.20", 2), ("2.6.6", 2), ("2.6.7", 1)])
def test_old_firmware_spaces_positions_only(make_node: NodeMaker, firmware: str, sent: int) -> None:
    node = make_node(peers=1, firmware=firmware)
    with ready_client(node) as client:
        for packet_id in (1, 2):
            client.send_data(node.peer(0).num, packet_id, mesh_pb2.Data(portnum=Port.WAYPOINT_APP))
            client.read_status()
    assert len(node.packets_on_air) == sent


@pytest.mark.parametrize(("platform", "sent"), [("esp32", 1), ("native", 2)])
def test_a_simulated_radio_takes_an_id_twice(
    make_node: NodeMaker, platform: str, sent: int
) -> None:
    """``PhoneAPI::handleToRadioPacket``: duplicates are ignored where ``SimRadio`` is not."""
    traits = SimulatedTraits(platform=platform)  # type: ignore[arg-type]
    node = make_node(peers=1, firmware="2.5.20", traits=traits)
    with ready_client(node) as client:
        for _ in range(2):
            client.send_text("again", packet_id=5)
        client.send_text("last", packet_id=6)
        assert node.wait_until(lambda n: "last" in [text.text for text in n.texts_on_air], LIMIT_S)
    assert len(node.texts_on_air) == sent + 1


@pytest.mark.parametrize("platform", ["esp32", "native"])
def test_a_client_that_filled_the_queue_is_told_when_there_is_room(
    make_node: NodeMaker, platform: str
) -> None:
    """``MeshService::loop``; a simulated radio reports each packet it sends anyway."""
    traits = SimulatedTraits(platform=platform)  # type: ignore[arg-type]
    node = make_node(peers=0, firmware="2.5.20", traits=traits)
    node.send_delay_s = 0.2
    with ready_client(node) as client:
        for packet_id in range(1, 18):
            client.send_text("one more", packet_id=packet_id)
        told = [client.read_status() for _ in range(18)]
    assert [(one.res, one.free) for one in told[15:17]] == [(0, 0), (32, 0)]
    assert told[17].free == 1
    assert told[17].mesh_packet_id == (0 if platform == "esp32" else 1)


def test_of_two_requests_that_come_together_the_second_is_answered(node: SimulatedNode) -> None:
    asked = [mesh_pb2.ToRadio(want_config_id=number) for number in (5, 6)]
    with Client(node) as client:
        client.sock.sendall(b"".join(encode_frame(one.SerializeToString()) for one in asked))
        frames = client.read_handshake(6)
    names = [frame.WhichOneof("payload_variant") for frame in frames]
    assert names.count("my_info") == names.count("config_complete_id") == 1
