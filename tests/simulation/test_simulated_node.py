"""The simulated node on real sockets: the firmware's behaviour by version, and every fault."""

import contextlib
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.mesh import direct_messages
from meshbot.simulation import __main__ as program
from meshbot.simulation import node_db, packets
from meshbot.simulation.link import SimulatedLink
from meshbot.simulation.packets import BROADCAST_NUM, sender_of
from meshbot.simulation.peer import SimulatedPeer, make_peers, number_from_key
from meshbot.simulation.server import SimulatedServer
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import (
    Client,
    NodeMaker,
    ready_client,
    routing_error,
    variants,
)
from tests.support.limits import PROGRAM_S, WAIT_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = WAIT_S
Port = portnums_pb2.PortNum
Error = mesh_pb2.Routing.Error
Region = config_pb2.Config.LoRaConfig.RegionCode


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def waits_for_connection(node: SimulatedNode, total: int = 1) -> None:
    assert node.wait_until(lambda n: n.connections_total == total, LIMIT_S)


# -- peers ----------------------------------------------------------------------------------


def test_peers_are_the_same_for_the_same_seed_and_have_matching_keys() -> None:
    peers = make_peers(30, 5)
    assert peers == make_peers(30, 5)
    assert peers != make_peers(30, 6)
    assert len({peer.num for peer in peers}) == 30
    assert len({peer.long_name for peer in peers}) == 30
    for peer in peers:
        assert peer.public_key == direct_messages.public_key_of(peer.private_key)
        assert len(peer.short_name) <= 4
        assert peer.user().id == peer.node_id


def test_firmware_2_8_numbers_nodes_by_their_keys() -> None:
    node = SimulatedNode(peers=1, firmware="2.8.0")
    assert node.num == number_from_key(node.public_key)
    assert node.peer(0).num == number_from_key(node.peer(0).public_key)


@pytest.mark.parametrize("firmware", ["", "2", "two.seven", "2.x.1"])
def test_firmware_that_is_no_version_is_refused(firmware: str) -> None:
    with pytest.raises(ValueError, match="firmware"):
        SimulatedNode(firmware=firmware)


# -- start and stop -------------------------------------------------------------------------


def test_start_and_stop_leave_no_socket_and_the_port_free() -> None:
    node = SimulatedNode(peers=0).start()
    port = node.port
    with Client(node) as client:
        waits_for_connection(node)
        node.stop()
        node.stop()
        assert client.read_end() == (b"", "fin")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node.host, port), LIMIT_S).close()
    with SimulatedNode(peers=0, port=port) as again:
        assert again.port == port


def test_port_in_use_is_an_os_error_that_names_it(node: SimulatedNode) -> None:
    other = SimulatedNode(port=node.port)
    with pytest.raises(OSError, match=f"127.0.0.1:{node.port}"):
        other.start()
    other.stop()


def test_stop_before_start_is_harmless() -> None:
    SimulatedNode().stop()


def test_wait_until_gives_up_in_time(node: SimulatedNode) -> None:
    assert not node.wait_until(lambda n: n.connections_total > 0, 0.01)


def test_a_call_that_fails_raises_where_it_was_made(node: SimulatedNode) -> None:
    with pytest.raises(ValueError, match="range"):
        node.hear_text(node.peer(0), "hello", packet_id=-1)
    assert node.is_listening


# -- handshake ------------------------------------------------------------------------------


def test_handshake_comes_in_the_firmwares_order(node: SimulatedNode) -> None:
    with Client(node) as client:
        client.sock.sendall(b"\xc3" * 32)
        frames = client.handshake(77)
    names = variants(frames)
    assert names[:4] == ["my_info", "deviceuiConfig", "node_info", "metadata"]
    assert names[4:12] == ["channel"] * 8
    assert names[12:22] == ["config"] * 10
    assert names[22:35] == ["moduleConfig"] * 13
    assert names[35:] == ["node_info"] * 4 + ["fileInfo"] * 5 + ["config_complete_id"]
    assert frames[0].my_info.my_node_num == node.num == frames[2].node_info.num
    assert frames[3].metadata.firmware_version == "2.7.11"
    assert frames[4].channel.settings.psk == b"\x01"
    sections = [frame.config.WhichOneof("payload_variant") for frame in frames[12:22]]
    assert sections == [
        "device", "position", "power", "network", "display", "lora", "bluetooth", "security",
        "sessionkey", "device_ui",
    ]  # fmt: skip
    assert frames[17].config.lora.hop_limit == 3
    security = frames[19].config.security
    assert security.public_key == node.public_key
    assert direct_messages.public_key_of(security.private_key) == node.public_key
    assert [frame.node_info.num for frame in frames[35:39]] == [p.num for p in node.peers]
    assert frames[35].node_info.user.public_key == node.peer(0).public_key
    assert node.config_requests == [77]
    assert node.junk_bytes_received == 32
    assert node.frames_sent == node.frames_sent_this_connection == len(frames) + 1
    assert node.bytes_sent == node.bytes_sent_this_connection > 900
    assert node.bytes_received == node.bytes_received_this_connection == 32 + 4 + 2
    assert [message.want_config_id for message in node.frames_received] == [77]


def test_handshake_without_the_other_nodes(node: SimulatedNode) -> None:
    with Client(node) as client:
        names = variants(client.handshake(69420))
    assert names.count("node_info") == 1
    assert names.count("moduleConfig") == 13


def test_handshake_of_the_nodes_only(node: SimulatedNode) -> None:
    with Client(node) as client:
        assert variants(client.handshake(69421)) == ["node_info"] * 5 + ["config_complete_id"]


@pytest.mark.parametrize(
    ("firmware", "ui", "modules"),
    [("2.5.17", 0, 13), ("2.5.20", 1, 13), ("2.7.26", 1, 16), ("2.8.0", 1, 17)],
)
def test_handshake_sections_depend_on_the_version(
    make_node: NodeMaker, firmware: str, ui: int, modules: int
) -> None:
    with Client(make_node(peers=0, firmware=firmware)) as client:
        names = variants(client.handshake())
    assert names.count("deviceuiConfig") == ui
    assert names.count("moduleConfig") == modules


def test_private_key_can_be_withheld(make_node: NodeMaker) -> None:
    node = make_node(traits=SimulatedTraits(withholds_private_key=True))
    with Client(node) as client:
        frames = client.handshake()
    security = next(f.config.security for f in frames if f.config.HasField("security"))
    assert security.public_key == node.public_key
    assert not security.private_key


def test_a_given_private_key_is_used() -> None:
    key = bytes(range(32))
    assert SimulatedNode(
        traits=SimulatedTraits(private_key=key)
    ).public_key == direct_messages.public_key_of(key)


def test_a_new_request_restarts_a_trickling_handshake(node: SimulatedNode) -> None:
    node.frame_interval_s = 0.05
    with Client(node) as client:
        client.ask_config(1)
        assert client.read().HasField("my_info")
        node.frame_interval_s = 0.0
        frames = client.handshake(2)
        restart = max(i for i, name in enumerate(variants(frames)) if name == "my_info")
        assert len(frames) - restart == 45
        # Nothing more comes of the first one.
        node.start_traffic(interval_s=0.02)
        assert {client.read().WhichOneof("payload_variant") for _ in range(5)} == {"packet"}
    assert node.config_requests == [1, 2]
    assert node.configs_completed == 1


@pytest.mark.slow
def test_five_thousand_nodes_are_sent_in_few_pieces_and_serialized_once(
    make_node: NodeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    framed: list[mesh_pb2.FromRadio] = []
    pieces: list[int] = []
    send = SimulatedServer.send

    def counted_frame(message: mesh_pb2.FromRadio) -> bytes:
        framed.append(message)
        return packets.frame(message)

    def counted_send(
        server: SimulatedServer, link: SimulatedLink, data: bytes, frames: int
    ) -> None:
        pieces.append(frames)
        send(server, link, data, frames)

    monkeypatch.setattr(node_db, "frame", counted_frame)
    monkeypatch.setattr(SimulatedServer, "send", counted_send)
    node = make_node(peers=5000)
    last = encode_frame(mesh_pb2.FromRadio(config_complete_id=1).SerializeToString())
    for _ in range(2):
        with Client(node) as client:
            client.ask_config(1)
            data = b""
            while last not in data[-64:]:
                data += client.sock.recv(1 << 20)
    assert len(framed) == 5000
    assert [frames for frames in pieces if frames > 5000] == [pieces[0]] * 2
    assert len(pieces) <= 4


# -- what is kept ---------------------------------------------------------------------------


def test_packets_wait_for_a_complete_configuration(make_node: NodeMaker) -> None:
    node = make_node(peers=2, traits=SimulatedTraits(kept_packets=3))
    ids = [node.hear_telemetry(node.peer(0)) for _ in range(5)]
    with Client(node) as client:
        waits_for_connection(node)
        ids.append(node.hear_position(node.peer(1)))
        assert node.packets_kept == 3
        client.handshake()
        assert [client.read_packet().id for _ in range(3)] == ids[3:]
        assert node.packets_kept == 0
        live = node.hear_telemetry(node.peer(0))
        assert client.read_packet().id == live
    assert node.wait_until(lambda n: n.connections_open == 0, LIMIT_S)
    node.hear_telemetry(node.peer(0))
    assert node.packets_kept == 1


def test_after_a_disconnect_message_the_node_closes_and_packets_are_kept(
    node: SimulatedNode,
) -> None:
    with ready_client(node) as client:
        client.send(mesh_pb2.ToRadio(disconnect=True))
        assert client.read_end() == (b"", "fin")
        node.hear_telemetry(node.peer(0))
        assert node.packets_kept == 1
    with ready_client(node) as client:
        assert client.read_packet().decoded.portnum == Port.TELEMETRY_APP


# -- liveness and ourselves -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("firmware", "forced", "answers"),
    [
        ("2.7.5", None, True),
        ("2.7.4", None, False),
        ("2.5.20", None, False),
        ("2.8.0", None, True),
        ("2.5.20", True, True),
        ("2.7.11", False, False),
    ],
)
def test_heartbeats_are_answered_by_version(
    make_node: NodeMaker, firmware: str, forced: bool | None, answers: bool
) -> None:
    node = make_node(peers=0, firmware=firmware, traits=SimulatedTraits(answers_heartbeats=forced))
    with ready_client(node) as client:
        client.heartbeat()
        assert node.wait_until(lambda n: n.heartbeats_received == 1, LIMIT_S)
        client.send_text("after", packet_id=9)
        status = client.read_status()
        if answers:
            assert (status.res, status.free, status.maxlen, status.mesh_packet_id) == (0, 16, 16, 0)
            status = client.read_status()
        assert status.mesh_packet_id == 9


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.11", "2.8.0"])
def test_device_metadata_request_is_answered_by_every_version(
    make_node: NodeMaker, firmware: str
) -> None:
    node = make_node(peers=0, firmware=firmware)
    request = admin_pb2.AdminMessage(get_device_metadata_request=True)
    data = mesh_pb2.Data(
        portnum=Port.ADMIN_APP, payload=request.SerializeToString(), want_response=True
    )
    with ready_client(node) as client:
        client.send_data(node.num, 321, data)
        about = [client.read_status(), client.read_status()]
        answer = client.read_packet()
    if firmware.startswith("2.8"):
        about.reverse()
    assert [(status.res, status.mesh_packet_id) for status in about] == [(0, 321), (0, answer.id)]
    assert sender_of(answer) == answer.to == node.num
    assert answer.decoded.portnum == Port.ADMIN_APP
    assert answer.decoded.request_id == 321
    message = admin_pb2.AdminMessage.FromString(answer.decoded.payload)
    assert message.get_device_metadata_response.firmware_version == firmware
    assert node.admin_requests_received == 1
    assert not node.packets_on_air


def test_add_contact_teaches_the_radio_a_key(node: SimulatedNode) -> None:
    peer = node.peer(0)
    node.evict(peer)
    request = admin_pb2.AdminMessage(
        add_contact=admin_pb2.SharedContact(node_num=peer.num, user=peer.user())
    )
    data = mesh_pb2.Data(portnum=Port.ADMIN_APP, payload=request.SerializeToString())
    packet = mesh_pb2.MeshPacket(to=node.num, id=5, want_ack=True, decoded=data)
    with ready_client(node) as client:
        client.send_packet(packet)
        assert client.read_status().mesh_packet_id == 5
        assert routing_error(client.read_packet()) == Error.NONE
    assert node.has_key_of(peer)


def test_bytes_that_are_no_to_radio_are_ignored(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        client.sock.sendall(b"junk\x94\x94\xc3\x7f\xff" + encode_frame(b"\x0a\x7f\x01"))
        client.heartbeat()
        assert client.read_status().mesh_packet_id == 0
    assert node.unparseable_received == 1
    assert node.junk_bytes_received == 9


# -- texts from the client ------------------------------------------------------------------


def test_a_second_text_within_two_seconds_is_dropped_silently(make_node: NodeMaker) -> None:
    clock = Clock()
    node = make_node(peers=2, clock=clock)
    with ready_client(node) as client:
        for packet_id, text in enumerate(["one", "two", "three"], 1):
            client.send_text(text, packet_id=packet_id)
            status = client.read_status()
            assert (status.res, status.mesh_packet_id) == (0, packet_id)
        clock.now_s += 1.99
        client.send_text("four", to=node.peer(1).num, packet_id=4)
        client.read_status()
        clock.now_s += 0.01
        client.send_text("five", packet_id=5)
        client.read_status()
    assert [text.text for text in node.texts_on_air] == ["one", "five"]
    assert [text.text for text in node.texts_dropped] == ["two", "three", "four"]
    assert node.texts_on_air[1].at_s == 1002.0


def test_the_two_second_rule_belongs_to_the_connection_and_to_2_7(make_node: NodeMaker) -> None:
    node = make_node(peers=0)
    for packet_id in (1, 2):
        with ready_client(node) as client:
            client.send_text("hello", packet_id=packet_id)
            client.read_status()
    assert len(node.texts_on_air) == 2
    old = make_node(peers=0, firmware="2.6.11")
    with ready_client(old) as client:
        for packet_id in (1, 2):
            client.send_text("hello", packet_id=packet_id)
            client.read_status()
    assert len(old.texts_on_air) == 2


def test_a_repeated_packet_id_is_ignored_without_a_word(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        for packet_id in (1, 1, 2):
            client.send_text(f"text {packet_id}", packet_id=packet_id)
        assert client.read_status().mesh_packet_id == 1
        assert client.read_status().mesh_packet_id == 2
        assert node.duplicates_ignored == 1
        for packet_id in range(3, 23):
            client.send_text("more", packet_id=packet_id)
            client.read_status()
        client.send_text("text 1, forgotten by now", packet_id=1)
        assert client.read_status().mesh_packet_id == 1
    assert len(node.texts_on_air) == 23


def test_a_direct_text_is_sealed_by_the_radio_and_acknowledged(node: SimulatedNode) -> None:
    peer = node.peer(1)
    heard: list[str] = []
    node.text_listeners.append(lambda text: heard.append(text.text))
    with ready_client(node) as client:
        client.send_text("pong", to=peer.num, packet_id=7, want_ack=True, reply_id=99)
        assert client.read_status().mesh_packet_id == 7
        ack = client.read_packet()
    assert (sender_of(ack), ack.to, ack.decoded.request_id) == (peer.num, node.num, 7)
    assert routing_error(ack) == Error.NONE
    (text,) = node.texts_on_air
    assert (text.to, text.text, text.packet_id, text.reply_id) == (peer.num, "pong", 7, 99)
    assert text.want_ack and text.pki and not text.sealed_by_client
    assert heard == ["pong"]


def test_a_broadcast_text_is_not_sealed_and_only_a_relay_confirms_it(node: SimulatedNode) -> None:
    node.ack_delay_s = node.retransmit_s = 0.0
    with ready_client(node) as client:
        client.send_text("to all", packet_id=7, want_ack=True)
        assert client.read_status().mesh_packet_id == 7
        failure = client.read_packet()
    assert (failure.decoded.request_id, routing_error(failure)) == (7, Error.MAX_RETRANSMIT)
    assert not node.texts_on_air[0].pki
    assert sender_of(node.packets_on_air[0]) == node.num


def test_an_unreachable_peer_costs_a_max_retransmit(node: SimulatedNode) -> None:
    peer = node.peer(0)
    node.retransmit_s = 0.02
    node.set_reachable(peer, False)
    with ready_client(node) as client:
        client.send_text("anybody?", to=peer.num, packet_id=8, want_ack=True)
        client.read_status()
        failure = client.read_packet()
        assert sender_of(failure) == failure.to == node.num
        assert failure.decoded.request_id == 8
        assert routing_error(failure) == Error.MAX_RETRANSMIT
        node.set_reachable(peer, True)
        client.send_text("now?", to=peer.num, packet_id=9, want_ack=True)
        client.read_status()
        assert routing_error(client.read_packet()) == Error.NONE


def test_without_the_key_a_direct_text_fails_from_2_7_on(node: SimulatedNode) -> None:
    node.evict(node.peer(2))
    with ready_client(node) as client:
        for packet_id, num in ((1, node.peer(2).num), (2, 0x01020304)):
            client.send_text("secret", to=num, packet_id=packet_id)
            status = client.read_status()
            assert (status.res, status.mesh_packet_id) == (39, packet_id)
            failure = client.read_packet()
            assert routing_error(failure) == Error.PKI_SEND_FAIL_PUBLIC_KEY
            assert sender_of(failure) == node.num
            assert failure.decoded.request_id == packet_id
    assert not node.texts_on_air
    assert node.key_failures == 2


def test_without_the_key_2_6_uses_the_channel_key(make_node: NodeMaker) -> None:
    node = make_node(peers=1, firmware="2.6.11")
    node.evict(node.peer(0))
    with ready_client(node) as client:
        client.send_text("open", to=node.peer(0).num, packet_id=1, want_ack=True)
        assert client.read_status().res == 0
        assert routing_error(client.read_packet()) == Error.NONE
    assert not node.texts_on_air[0].pki


def sealed_packet(
    node: SimulatedNode, to: int, private_key: bytes, public_key: bytes, packet_id: int
) -> mesh_pb2.MeshPacket:
    data = mesh_pb2.Data(portnum=Port.TEXT_MESSAGE_APP, payload=b"sealed pong", reply_id=4)
    key = direct_messages.message_key(private_key, public_key)
    sealed = direct_messages.seal(
        key, packet_id, node.num, data.SerializeToString(), b"\x01\x02\x03\x04"
    )
    return mesh_pb2.MeshPacket(to=to, id=packet_id, want_ack=True, encrypted=sealed)


def test_what_the_client_sealed_goes_out_as_it_is(make_node: NodeMaker) -> None:
    own_key = bytes(range(1, 33))
    node = make_node(peers=2, traits=SimulatedTraits(private_key=own_key))
    peer = node.peer(0)
    node.evict(peer)
    with ready_client(node) as client:
        for packet_id in (11, 12):
            client.send_packet(sealed_packet(node, peer.num, own_key, peer.public_key, packet_id))
            assert (client.read_status().res) == 0
            assert routing_error(client.read_packet()) == Error.NONE
    # Two within 2 s: the node cannot see that these are texts.
    assert len(node.texts_on_air) == 2
    text = node.texts_on_air[0]
    assert (text.text, text.reply_id) == ("sealed pong", 4)
    assert text.sealed_by_client and text.pki


def test_what_the_peer_cannot_open_reaches_nobody(make_node: NodeMaker) -> None:
    own_key = bytes(range(1, 33))
    node = make_node(peers=2, traits=SimulatedTraits(private_key=own_key))
    node.retransmit_s = 0.01
    packet = sealed_packet(node, node.peer(0).num, own_key, node.peer(1).public_key, 11)
    with ready_client(node) as client:
        client.send_packet(packet)
        assert client.read_status().res == 0
        assert routing_error(client.read_packet()) == Error.MAX_RETRANSMIT
        packet.id = 12
        packet.to = 0x01020304
        client.send_packet(packet)
        assert client.read_status().res == 0
        assert routing_error(client.read_packet()) == Error.MAX_RETRANSMIT
    assert not node.texts_on_air
    assert node.sealed_unopened == 1
    assert len(node.packets_on_air) == 2


def test_an_evicted_peer_can_be_asked_for_its_node_info(node: SimulatedNode) -> None:
    peer = node.peer(3)
    node.evict(peer)
    assert not node.knows(peer)
    data = mesh_pb2.Data(portnum=Port.NODEINFO_APP, want_response=True)
    with ready_client(node) as client:
        client.send_data(peer.num, 31, data)
        assert client.read_status().res == 0
        answer = client.read_packet()
    assert (sender_of(answer), answer.to) == (peer.num, node.num)
    assert answer.decoded.request_id == 31
    assert mesh_pb2.User.FromString(answer.decoded.payload).public_key == peer.public_key
    assert node.has_key_of(peer)


# -- what is heard --------------------------------------------------------------------------


def test_a_sealed_text_the_radio_can_open_comes_decoded(node: SimulatedNode) -> None:
    peer = node.peer(0)
    with ready_client(node) as client:
        packet_id = node.hear_text(peer, "/ping é", reply_id=55)
        packet = client.read_packet()
    assert packet.id == packet_id != 0
    assert (sender_of(packet), packet.to, packet.want_ack) == (peer.num, node.num, True)
    assert packet.pki_encrypted
    assert packet.public_key == peer.public_key
    assert packet.decoded.payload.decode() == "/ping é"
    assert packet.decoded.reply_id == 55
    assert packet.hop_start == 3
    assert packet.hop_start - packet.hop_limit == peer.hops_away
    assert abs(packet.rx_time - time.time()) < 60
    assert packet.rx_rssi == peer.rssi_dbm


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.11"])
def test_a_sealed_text_from_an_evicted_peer_comes_sealed(
    make_node: NodeMaker, firmware: str
) -> None:
    own_key = bytes(range(1, 33))
    node = make_node(peers=1, firmware=firmware, traits=SimulatedTraits(private_key=own_key))
    peer = node.peer(0)
    node.evict(peer)
    with ready_client(node) as client:
        node.hear_text(peer, "/ping", packet_id=1234)
        packet = client.read_packet()
    assert (packet.id, packet.channel, packet.pki_encrypted) == (1234, 0, False)
    assert not packet.HasField("decoded")
    opened = direct_messages.open_sealed(
        direct_messages.message_key(own_key, peer.public_key), 1234, peer.num, packet.encrypted
    )
    assert mesh_pb2.Data.FromString(opened).payload == b"/ping"


def test_2_8_delivers_nothing_it_cannot_open(make_node: NodeMaker) -> None:
    node = make_node(peers=2, firmware="2.8.0", traits=SimulatedTraits(warm_keys=False))
    node.evict(node.peer(0))
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "lost")
        node.hear_text(node.peer(1), "lost too", via_channel=True)
        node.hear_text(node.peer(1), "seen")
        assert client.read_packet().decoded.payload == b"seen"


def test_a_direct_text_under_the_channel_key(make_node: NodeMaker) -> None:
    old = make_node(peers=1, firmware="2.5.20")
    with ready_client(old) as client:
        old.hear_text(old.peer(0), "open", via_channel=True)
        packet = client.read_packet()
        assert packet.decoded.payload == b"open"
        assert not packet.pki_encrypted
    new = make_node(peers=1)
    with ready_client(new) as client:
        new.hear_text(new.peer(0), "open", via_channel=True)
        packet = client.read_packet()
        assert packet.channel == 8
        assert packet.encrypted
        assert not packet.HasField("decoded")


def test_broadcasts_payloads_and_texts_for_others(node: SimulatedNode) -> None:
    peer = node.peer(0)
    with ready_client(node) as client:
        node.hear_text(peer, "not for us", to=node.peer(1).num)
        node.hear_text(peer, "hello all", to=BROADCAST_NUM, channel=2)
        packet = client.read_packet()
        assert (packet.to, packet.channel, packet.decoded.payload) == (
            BROADCAST_NUM, 2, b"hello all",
        )  # fmt: skip
        node.hear_text(peer, b"\xff\xfe")
        assert client.read_packet().decoded.payload == b"\xff\xfe"


def test_a_stranger_becomes_part_of_the_mesh(node: SimulatedNode) -> None:
    stranger = make_peers(1, 999)[0]
    with ready_client(node) as client:
        node.hear_text(stranger, "hello")
        assert client.read_packet().encrypted
        assert stranger in node.peers
        node.hear_node_info(stranger)
        assert client.read_packet().decoded.portnum == Port.NODEINFO_APP
        client.send_text("welcome", to=stranger.num, want_ack=True)
        client.read_status()
        assert routing_error(client.read_packet()) == Error.NONE


def test_the_radio_keeps_the_first_key_but_the_client_sees_the_other(node: SimulatedNode) -> None:
    peer = node.peer(0)
    forged = b"\x42" * 32
    with ready_client(node) as client:
        node.hear_node_info(peer, public_key=forged, long_name="Mallory")
        user = mesh_pb2.User.FromString(client.read_packet().decoded.payload)
        assert (user.public_key, user.long_name) == (forged, "Mallory")
        node.hear_node_info(peer, public_key=None)
        assert not mesh_pb2.User.FromString(client.read_packet().decoded.payload).public_key
        node.hear_node_info(peer, payload=b"\xff\xff\xff")
        assert client.read_packet().decoded.payload == b"\xff\xff\xff"
        assert node.has_key_of(peer)
        node.evict(peer)
        node.hear_node_info(peer, public_key=forged)
        client.read_packet()
        assert node.knows(peer)
        assert not node.has_key_of(peer)
        node.retransmit_s = 0.01
        client.send_text("sealed for Mallory", to=peer.num, packet_id=5, want_ack=True)
        assert client.read_status().res == 0
        assert routing_error(client.read_packet()) == Error.MAX_RETRANSMIT
        nodes = [frame.node_info for frame in client.handshake(69421)]
        assert forged in [info.user.public_key for info in nodes]
        node.evict(peer)
        node.learn(peer)
        assert node.has_key_of(peer)


def test_routing_and_whole_packets_and_frames(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.hear_routing(None, 17, Error.TOO_LARGE)
        assert routing_error(client.read_packet()) == Error.TOO_LARGE
        node.hear_routing(node.peer(0), 18)
        packet = client.read_packet()
        assert (routing_error(packet), packet.decoded.request_id) == (Error.NONE, 18)
        node.hear(mesh_pb2.MeshPacket(id=3))
        assert client.read_packet().id == 3
        node.hear_all(mesh_pb2.MeshPacket(id=packet_id) for packet_id in (4, 5))
        assert [client.read_packet().id, client.read_packet().id] == [4, 5]
        assert node.send_from_radio(mesh_pb2.FromRadio(rebooted=True))
        assert client.read().rebooted
        assert node.send_raw(b"abc")
        assert client.recv_exactly(3) == b"abc"
    assert node.wait_until(lambda n: n.connections_open == 0, LIMIT_S)
    assert not node.send_raw(b"abc")


def test_traffic_goes_on_until_it_is_stopped(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.start_traffic(interval_s=0.002)
        ports = {client.read_packet().decoded.portnum for _ in range(60)}
        node.stop_traffic()
        node.send_raw(b"END")
        data = b""
        while not data.endswith(b"END"):
            data += client.recv_exactly(1)
    assert ports == {
        Port.TELEMETRY_APP, Port.POSITION_APP, Port.NODEINFO_APP, Port.TEXT_MESSAGE_APP,
    }  # fmt: skip


# -- one client at a time -------------------------------------------------------------------


def test_the_newest_connection_wins(node: SimulatedNode) -> None:
    with ready_client(node) as first, ready_client(node) as second:
        assert first.read_end() == (b"", "fin")
        second.heartbeat()
        assert second.read_status().maxlen == 16
    assert node.connections_total == 2
    assert node.max_connections_open == 2


def close_by(client: Client, how: str) -> None:
    client.reset() if how == "rst" else client.sock.close()


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("state", ["normal", "silent", "not reading"])
def test_a_client_that_left_first_is_no_overlap(node: SimulatedNode, state: str, how: str) -> None:
    for _ in range(5):
        with Client(node) as client:
            client.handshake()
            if state == "silent":
                node.go_silent()
            elif state == "not reading":
                node.stop_reading()
            client.heartbeat()
            close_by(client, how)
        # At once: the end of one and the start of the other may be seen in the same round.
        with Client(node) as after:
            node.resume_reading()
            after.handshake()
    assert node.max_connections_open == 1
    assert node.connections_total == 10


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_the_end_of_the_old_client_and_a_new_one_in_the_same_round(
    node: SimulatedNode, how: str
) -> None:
    with ready_client(node) as client:
        # The node's thread cannot go on while its lock is held here.
        def swap(_: SimulatedNode) -> Client:
            client.heartbeat()
            close_by(client, how)
            return Client(node)

        with node.read(swap) as after:
            after.handshake()
    assert node.max_connections_open == 1
    assert node.connections_total == 2
    if how == "fin":
        assert node.heartbeats_received == 1


@pytest.mark.parametrize("state", ["silent", "not reading"])
def test_a_client_that_stayed_is_an_overlap_whatever_the_fault(
    node: SimulatedNode, state: str
) -> None:
    with ready_client(node):
        if state == "silent":
            node.go_silent()
        else:
            node.stop_reading()
        with Client(node):
            waits_for_connection(node, 2)
    assert node.max_connections_open == 2


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_silent_node_still_notices_that_its_client_left(node: SimulatedNode, how: str) -> None:
    with ready_client(node) as client:
        node.go_silent()
        client.heartbeat()
        assert node.connections_open == 1
        close_by(client, how)
    assert node.wait_until(lambda n: n.connections_open == 0 and not n.is_client_ready, LIMIT_S)
    assert node.heartbeats_received == 0


def test_a_client_that_says_nothing_is_dropped_in_the_end(make_node: NodeMaker) -> None:
    clock = Clock()
    node = make_node(peers=0, clock=clock)
    # Only what the test sends is to come.
    node.telemetry_interval_s = node.first_node_info_s = math.inf
    with ready_client(node) as client:
        clock.now_s += 899
        client.heartbeat()
        client.read_status()
        clock.now_s += 899
        node.send_raw(b"still here")
        assert client.recv_exactly(10) == b"still here"
        clock.now_s += 2
        assert client.read_end() == (b"", "fin")


def test_a_silent_node_does_not_drop_its_client_either(make_node: NodeMaker) -> None:
    clock = Clock()
    node = make_node(peers=0, clock=clock)
    with ready_client(node):
        node.go_silent()
        clock.now_s += 2000
        assert not node.wait_until(lambda n: n.connections_open == 0, 0.1)


# -- faults ---------------------------------------------------------------------------------


@pytest.mark.parametrize("unread", [False, True])
def test_close_by_fin(node: SimulatedNode, unread: bool) -> None:
    with ready_client(node) as client:
        if unread:
            # Unread bytes must not turn the FIN into a RST.
            node.stop_reading()
            client.heartbeat()
        assert node.close_by_fin()
        assert client.read_end() == (b"", "fin")
    assert not node.close_by_fin()
    node.clear_faults()
    with ready_client(node):
        pass


def test_close_by_rst(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        assert node.close_by_rst()
        assert client.read_end() == (b"", "rst")
    assert not node.close_by_rst()
    with ready_client(node):
        pass


def test_rst_mid_frame(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        assert node.rst_mid_frame()
        data, end = client.read_end()
    assert end == "rst"
    assert data[:2] == b"\x94\xc3"
    assert 4 < len(data) < 4 + int.from_bytes(data[2:4], "big")
    assert not node.rst_mid_frame()


def test_a_silent_link_carries_nothing_until_it_wakes_up(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        sent, received = node.bytes_sent, node.bytes_received
        node.go_silent()
        client.heartbeat()
        packet_id = node.hear_telemetry(node.peer(0))
        assert (node.bytes_sent, node.bytes_received) == (sent, received)
        assert node.connections_open == 1
        node.wake_up()
        assert client.read_packet().id == packet_id
        assert client.read_status().maxlen == 16


def test_silence_is_of_one_connection_unless_told_otherwise(node: SimulatedNode) -> None:
    with ready_client(node) as first:
        node.go_silent()
        with ready_client(node):
            assert first.read_end() == (b"", "fin")
        node.go_silent(next_connections=True)
    total = node.connections_total
    with Client(node) as client:
        waits_for_connection(node, total + 1)
        sent = node.bytes_sent
        client.ask_config(6)
        assert not node.wait_until(lambda n: 6 in n.config_requests, 0.05)
        assert node.bytes_sent == sent
        node.wake_up()
        client.read_handshake(6)


def test_connections_are_refused_for_a_time(node: SimulatedNode) -> None:
    port = node.port
    with ready_client(node) as client:
        node.refuse_for(None)
        assert client.read_end() == (b"", "fin")
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            Client(node)
    node.refuse_for(0.05)
    assert not node.is_listening
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    assert node.port == port
    with ready_client(node):
        node.refuse_for(None)
        node.accept_again()
        node.accept_again()
    with ready_client(node):
        pass


def test_reboot(node: SimulatedNode) -> None:
    node.evict(node.peer(0))
    with ready_client(node) as client:
        node.reboot(0.1)
        assert client.read_end() == (b"", "rst")
        with pytest.raises(ConnectionRefusedError):
            Client(node)
    node.hear_telemetry(node.peer(1))
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    with Client(node) as client:
        frames = client.handshake()
        assert client.read_packet().decoded.portnum == Port.TELEMETRY_APP
    assert node.reboot_count == 1
    assert frames[0].my_info.reboot_count == 2, "an ESP32 counts its first start"
    assert variants(frames).count("node_info") == 4


def test_only_an_esp32_counts_its_reboots(make_node: NodeMaker) -> None:
    node = make_node(traits=SimulatedTraits(counts_reboots=False))
    node.reboot(0.0)
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    with Client(node) as client:
        assert client.handshake()[0].my_info.reboot_count == 0


def uptime_in(packet: mesh_pb2.MeshPacket) -> int:
    telemetry = telemetry_pb2.Telemetry.FromString(packet.decoded.payload)
    return telemetry.device_metrics.uptime_seconds


def test_its_own_telemetry_tells_how_long_it_has_run(make_node: NodeMaker) -> None:
    clock = Clock()
    node = make_node(clock=clock, firmware="2.7.26")
    node.first_node_info_s = math.inf
    with ready_client(node) as client:
        clock.now_s += 400.0
        packet = client.read_packet()
        assert (sender_of(packet), packet.to, packet.rx_rssi) == (node.num, BROADCAST_NUM, 0)
        assert uptime_in(packet) == 400
        statistics = telemetry_pb2.Telemetry.FromString(client.read_packet().decoded.payload)
        assert statistics.local_stats.uptime_seconds == 400
        node.reboot(0.0)
        assert client.read_end() == (b"", "rst")
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    with Client(node) as client:
        assert own_entry(client).device_metrics.uptime_seconds == 400, "of before the reboot"
    assert node.wait_until(lambda n: not n.is_client_ready, LIMIT_S)
    clock.now_s += 70.0
    assert node.wait_until(lambda n: n.packets_kept == 2, LIMIT_S)
    clock.now_s += 600.0
    with Client(node) as client:
        assert own_entry(client).device_metrics.uptime_seconds == 70
        assert uptime_in(client.read_packet()) == 70, "kept since before the client came"


def own_entry(client: Client) -> mesh_pb2.NodeInfo:
    """Return what the node says of itself in a handshake."""
    infos = [frame.node_info for frame in client.handshake() if frame.HasField("node_info")]
    assert infos[0].num == client.node.num
    return infos[0]


def test_it_tells_its_radios_settings(node: SimulatedNode) -> None:
    def lora() -> config_pb2.Config.LoRaConfig:
        with Client(node) as client:
            frames = client.handshake()
        return next(f.config.lora for f in frames if f.config.HasField("lora"))

    assert (lora().region, lora().tx_enabled) == (Region.EU_868, True)
    node.region, node.transmits = Region.UNSET, False
    assert (lora().region, lora().tx_enabled) == (Region.UNSET, False)


def test_handshake_that_hangs(node: SimulatedNode) -> None:
    node.hang_handshake_after = 5
    with Client(node) as client:
        client.ask_config(1)
        names = variants([client.read() for _ in range(5)])
        assert names[-1] == "channel"
        client.heartbeat()
        node.hear_telemetry(node.peer(0))
        assert node.wait_until(lambda n: n.heartbeats_received == 1, LIMIT_S)
        assert node.frames_sent == 5
        assert node.connections_open == 1
    node.hang_handshake_after = None
    with ready_client(node) as client:
        assert client.read_packet().decoded.portnum == Port.TELEMETRY_APP


def test_connections_dropped_on_accept(node: SimulatedNode) -> None:
    node.drop_on_accept(2)
    for _ in range(2):
        with Client(node) as client:
            assert client.read_end() == (b"", "fin")
    with ready_client(node):
        pass
    node.drop_on_accept(None)
    for _ in range(3):
        with Client(node) as client:
            assert client.read_end() == (b"", "fin")
    node.clear_faults()
    with ready_client(node):
        pass
    assert node.connections_total == 7
    assert node.max_connections_open == 1


def test_a_node_that_reads_nothing_still_sends(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.stop_reading()
        client.heartbeat()
        packet_id = node.hear_telemetry(node.peer(0))
        assert client.read_packet().id == packet_id
        assert node.heartbeats_received == 0
        node.resume_reading()
        assert client.read_status().maxlen == 16
    assert node.heartbeats_received == 1


def test_a_full_queue_takes_nothing(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.fill_queue()
        assert client.read_status().free == 0
        client.send_text("no", packet_id=1)
        status = client.read_status()
        assert (status.res, status.free, status.mesh_packet_id) == (32, 0, 1)
        node.free_queue()
        assert client.read_status().free == 16
        client.send_text("yes", packet_id=2)
        assert client.read_status().res == 0
    assert [text.text for text in node.texts_on_air] == ["yes"]


def test_broken_frames(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        assert node.send_half_frame()
        header = client.recv_exactly(4)
        length = int.from_bytes(header[2:], "big")
        assert header[:2] == b"\x94\xc3"
        client.recv_exactly(length // 2)
        assert node.send_garbage(100)
        assert b"\x94" not in client.recv_exactly(100)
        assert node.send_oversized_frame()
        assert client.recv_exactly(4) == b"\x94\xc3\x7f\xff"
        assert node.send_unparseable_frame()
        header = client.recv_exactly(4)
        payload = client.recv_exactly(int.from_bytes(header[2:], "big"))
        with pytest.raises(Exception, match="pars"):
            mesh_pb2.FromRadio.FromString(payload)
        client.heartbeat()
        assert client.read_status().maxlen == 16


def test_large_dumps_are_reset(node: SimulatedNode) -> None:
    node.reset_dumps_over = 4
    with ready_client(node):
        pass
    node.reset_dumps_over = 2
    with Client(node) as client:
        client.ask_config(1)
        frames: list[mesh_pb2.FromRadio] = []
        with pytest.raises(ConnectionResetError):
            while True:
                frames.append(client.read())
    assert variants(frames).count("node_info") == 1 + 2
    with Client(node) as client:
        client.handshake(69420)


def test_frames_can_trickle(node: SimulatedNode) -> None:
    node.frame_interval_s = 0.005
    with Client(node) as client:
        began_s = time.monotonic()
        frames = client.handshake()
        assert time.monotonic() - began_s >= 0.005 * (len(frames) - 1) * 0.9


def test_clear_faults_ends_them_all(node: SimulatedNode) -> None:
    node.hang_handshake_after = 1
    node.reset_dumps_over = 0
    node.frame_interval_s = 60.0
    node.drop_on_accept(None)
    node.stop_reading()
    node.fill_queue()
    node.go_silent(next_connections=True)
    node.refuse_for(None)
    node.clear_faults()
    with ready_client(node) as client:
        client.send_text("well", packet_id=1)
        assert client.read_status().free == 16


def test_many_threads_may_act_at_once(node: SimulatedNode) -> None:
    def act() -> None:
        for _ in range(50):
            node.hear_telemetry(node.peer(0))

    threads = [threading.Thread(target=act, name=f"actor-{index}") for index in range(4)]
    with ready_client(node) as client:
        for thread in threads:
            thread.start()
        ids = {client.read_packet().id for _ in range(200)}
        for thread in threads:
            thread.join(LIMIT_S)
    assert len(ids) == 200


# -- the demo -------------------------------------------------------------------------------


def test_the_demo_asks_reboots_and_logs(
    make_node: NodeMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    node = make_node(peers=5, text_spacing_s=0.0)
    node.start_demo(first_ping_s=0.02, ping_every_s=0.2, reboot_after_s=None)
    asked: list[bytes] = []
    sealed = 0
    with ready_client(node) as client:
        while len(asked) + sealed < 4:
            packet = client.read_packet()
            if packet.encrypted:
                sealed += 1
            elif packet.to == node.num and packet.decoded.portnum == Port.TEXT_MESSAGE_APP:
                asked.append(packet.decoded.payload)
        client.send_text("pong\n3 sauts", to=node.peer(0).num, packet_id=3)
        assert node.wait_until(lambda n: len(n.texts_on_air) == 1, LIMIT_S)
        node.start_demo(first_ping_s=LIMIT_S, reboot_after_s=0.0, reboot_for_s=0.05)
        assert node.wait_until(lambda n: n.reboot_count == 1, LIMIT_S)
        client.heartbeat()
        assert client.read_end()[1] == "rst"
    assert asked == [b"/ping", b"/nodes", b"/help"]
    assert sealed == 1
    assert node.wait_until(lambda n: n.is_listening, LIMIT_S)
    with ready_client(node):
        node.stop_demo()
    lines = [record.getMessage() for record in caplog.records]
    assert "📻 [simulation] Alice → bot : /ping" in lines
    assert "📻 [simulation] Alice ← bot : pong ⏎ 3 sauts" in lines
    assert any("redémarre" in line for line in lines)
    for line in lines:
        for word in ("Reconnexion TCP", "reconnexion", "SILENCE TCP", "SYNC COMPLETE"):
            assert word not in line


def test_the_demo_works_on_an_empty_mesh(make_node: NodeMaker) -> None:
    node = make_node(peers=0)
    node.start_demo(first_ping_s=0.0, reboot_after_s=0.0, reboot_for_s=0.0)
    assert node.wait_until(lambda n: n.reboot_count == 1 and n.is_listening, LIMIT_S)


# -- as a program ---------------------------------------------------------------------------


@contextlib.contextmanager
def running_program(*options: str) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    command = [sys.executable, "-u", "-m", "meshbot.simulation", "--port", "0", *options]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, int(line.rstrip().rpartition(":")[2]), line
        finally:
            process.kill()
            process.wait(LIMIT_S)


def run_stock_client(port: int, option: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "meshtastic", "--host", f"127.0.0.1:{port}", option],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expected_peers(count: int) -> list[SimulatedPeer]:
    return make_peers(count, 1)


@pytest.mark.slow
def test_the_stock_client_sees_names_and_keys() -> None:
    own = SimulatedNode()
    with running_program("--nodes", "5") as (process, port, line):
        assert f"!{own.num:08x}" in line
        assert "127.0.0.1" in line
        info = run_stock_client(port, "--info")
        nodes = run_stock_client(port, "--nodes")
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    assert own.long_name in info
    assert b64encode(own.public_key).decode() in info
    for peer in expected_peers(5):
        key = b64encode(peer.public_key).decode()
        assert key in info
        assert peer.node_id in info
        assert key in nodes
        assert peer.long_name in nodes


@pytest.mark.slow
def test_the_program_ends_with_0_on_ctrl_c() -> None:
    with running_program("--demo", "--nodes", "2", "--firmware", "2.8.0") as (process, port, line):
        assert "2.8.0" in line
        socket.create_connection(("127.0.0.1", port), LIMIT_S).close()
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0


def test_the_program_says_that_its_port_is_in_use(
    node: SimulatedNode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--port", str(node.port), "--nodes", "0", "--quiet-mesh"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert f"127.0.0.1:{node.port}" in printed.err


@pytest.mark.parametrize("options", [["--port", "99999"], ["--nodes", "-1"], ["--firmware", "new"]])
def test_the_program_refuses_nonsense(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(options)
    assert ended.value.code == 2
