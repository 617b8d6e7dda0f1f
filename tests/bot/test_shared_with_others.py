"""The shared node with clients that others wrote, and what only few clients do."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2
from meshtastic.tcp_interface import TCPInterface
from pubsub import pub

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.cable import Cable
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory
from tests.support.raw_client import ADMIN, TEXT, RawClient
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

ONLY_CONFIG = 69420


def sharing(port: int, **settings: str) -> dict[str, str]:
    return {"MESHBOT_SHARE_PORT": str(port), **{f"MESHBOT_{k}": v for k, v in settings.items()}}


@pytest.fixture
def port() -> int:
    return unused_port()


@pytest.fixture
def share(
    node: SimulatedNode, quick_bot: BotFactory, port: int, journal: Journal
) -> Callable[..., MeshBot]:
    def start(settings: dict[str, str] | None = None, **changes: Any) -> MeshBot:
        bot = quick_bot(node, environment=sharing(port, **(settings or {})), **changes)
        journal.wait_for("🔗 Nœud partagé")
        journal.wait_for("✅ SYNC COMPLETE")
        return bot

    return start


@pytest.fixture
def connect(port: int) -> Iterator[Callable[[], RawClient]]:
    clients: list[RawClient] = []

    def open_one() -> RawClient:
        clients.append(RawClient(port))
        clients[-1].ask(ONLY_CONFIG)
        return clients[-1]

    yield open_one
    for client in clients:
        client.sock.close()


Connect = Callable[[], RawClient]


def test_the_stock_library_is_a_client_that_survives_a_reboot(
    node: SimulatedNode, share: Callable[..., MeshBot], port: int, journal: Journal
) -> None:
    share()
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def on_text(packet: dict[str, Any], interface: object) -> None:
        heard.put(packet["decoded"]["text"])

    interface = TCPInterface("127.0.0.1", portNumber=port)
    try:
        pub.subscribe(on_text, "meshtastic.receive.text")
        assert interface.nodes is not None
        assert len(interface.nodes) == 13
        node.reboot(0.1)
        journal.wait_for("Reconnexion TCP réussie")
        node.hear_text(node.peer(0), "après le redémarrage", to=0xFFFFFFFF)
        assert heard.get(timeout=WAIT_S) == "après le redémarrage"
        interface.sendText("un")
        interface.sendText("deux")
        assert node.wait_until(lambda seen: len(seen.texts_on_air) == 2, WAIT_S)
        assert [sent.text for sent in node.texts_on_air] == ["un", "deux"]
        assert not node.texts_dropped
    finally:
        pub.unsubscribe(on_text, "meshtastic.receive.text")
        interface.close()


def test_twenty_quick_texts_of_the_stock_library_all_go_out(
    node: SimulatedNode, share: Callable[..., MeshBot], port: int
) -> None:
    """More than wait in a queue; the node itself drops all but the first (measured)."""
    share()
    interface = TCPInterface("127.0.0.1", portNumber=port)
    try:
        texts = [f"texte {num}" for num in range(20)]
        for text in texts:
            interface.sendText(text)
        assert node.wait_until(lambda seen: len(seen.texts_on_air) == 20, WAIT_S)
        assert [sent.text for sent in node.texts_on_air] == texts
    finally:
        interface.close()


def test_another_bot_of_ours_is_a_client(
    node: SimulatedNode,
    share: Callable[..., MeshBot],
    start_bot: BotFactory,
    port: int,
    journal: Journal,
    tmp_path: Path,
) -> None:
    share()
    start_bot(
        environment={
            "MESHBOT_TCP_PORT": str(port),
            "MESHBOT_DATABASE_PATH": str(tmp_path / "other.db"),
        }
    )
    journal.wait_for("✅ SYNC COMPLETE", times=2)
    node.hear_text(node.peer(1), "/ping")
    # Both are asked and both answer: two bots on one node do, shared or not.
    assert node.wait_until(lambda seen: len(seen.texts_on_air) == 2, WAIT_S)
    assert node.connections_total == 1


@pytest.fixture
def cable(node: SimulatedNode) -> Iterator[Cable]:
    """A wire, which is unplugged once its bot has ended: the next one may have the same name."""
    plugged = Cable(node)
    yield plugged
    plugged.unplug()


def test_a_node_on_a_serial_port_is_shared(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, port: int, journal: Journal
) -> None:
    serial = {"MESHBOT_CONNECTION_MODE": "serial", "MESHBOT_SERIAL_PORT": cable.path}
    start_bot(environment={**serial, **sharing(port)})
    journal.wait_for("✅ SYNC COMPLETE")
    with RawClient(port) as client:
        assert client.ask(1)[0].my_info.my_node_num == node.num
        client.text("par le câble")
        assert node.wait_until(lambda seen: len(seen.texts_on_air) == 1, WAIT_S)


def test_what_was_missed_is_told_where_the_operator_wants_it(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share({"SHARE_REPLAY": "True"})
    first = connect()
    other = connect()  # of the same machine: it is not gone while one of it is there
    first.sock.close()
    other.say(mesh_pb2.ToRadio(disconnect=True))
    other.wait_closed()
    node.hear_text(node.peer(0), "pendant ton absence", to=0xFFFFFFFF)
    back = connect()
    back.wait_text("pendant ton absence")
    back.say(mesh_pb2.ToRadio(disconnect=True))
    back.wait_closed()
    again = connect()
    again.settle()
    assert not [frame for frame in again.frames if frame.packet.decoded.portnum == TEXT]


def test_by_default_nothing_is_told_twice(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    first = connect()
    node.hear_text(node.peer(0), "une fois", to=0xFFFFFFFF)
    first.wait_text("une fois")
    first.say(mesh_pb2.ToRadio(disconnect=True))
    first.wait_closed()
    back = connect()
    back.settle()
    assert not [frame for frame in back.frames if frame.packet.decoded.portnum == TEXT]


def test_frames_for_a_broker_go_to_one_client(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = connect(), connect()
    frame = mesh_pb2.ToRadio(
        mqttClientProxyMessage=mesh_pb2.MqttClientProxyMessage(topic="from one")
    )
    # Beside it, what a newer node may take for something else, and we know nothing of.
    one.say(mesh_pb2.ToRadio.FromString(frame.SerializeToString() + b"\xc2\x3e\x01x"))
    one.settle()
    told = mesh_pb2.MqttClientProxyMessage(topic="msh/EU_868", data=b"x")
    assert node.send_from_radio(mesh_pb2.FromRadio(mqttClientProxyMessage=told))
    one.wait_for(lambda frame: frame.mqttClientProxyMessage.topic == "msh/EU_868")
    other.settle()
    assert not [frame for frame in other.frames if frame.HasField("mqttClientProxyMessage")]
    assert node.wait_until(
        lambda seen: (
            [
                frame.mqttClientProxyMessage.topic
                for frame in seen.frames_received
                if frame.HasField("mqttClientProxyMessage")
            ]
            == ["from one"]
        ),
        WAIT_S,
    )
    assert not [frame for frame in node.frames_received if b"\xc2\x3e" in frame.SerializeToString()]


def test_files_of_the_node_are_nobodys_business(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share({"SHARE_ALLOW_ADMIN": "True"})
    client = connect()
    client.say(mesh_pb2.ToRadio(xmodemPacket={"control": 1, "buffer": b"/prefs/config.proto"}))  # type: ignore[arg-type]
    client.wait_for(lambda frame: frame.HasField("clientNotification"))
    assert not [frame for frame in node.frames_received if frame.HasField("xmodemPacket")]


def test_a_notification_about_a_packet_is_for_who_sent_it(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = connect(), connect()
    other.text("deux", packet_id=7)
    one.text("un", packet_id=7)
    assert node.wait_until(lambda seen: len(seen.texts_on_air) == 2, WAIT_S)
    ids = {sent.text: sent.packet_id for sent in node.texts_on_air}
    about = mesh_pb2.ClientNotification(message="trop souvent", reply_id=ids["un"])
    node.send_from_radio(mesh_pb2.FromRadio(clientNotification=about))
    told = one.wait_for(lambda frame: frame.HasField("clientNotification")).clientNotification
    assert (told.message, told.reply_id) == ("trop souvent", 7)
    other.settle()
    assert not [frame for frame in other.frames if frame.HasField("clientNotification")]


def admin(client: RawClient, to: int, packet_id: int, message: admin_pb2.AdminMessage) -> None:
    packet = mesh_pb2.MeshPacket(to=to, id=packet_id, want_ack=True)
    packet.decoded.portnum = ADMIN
    packet.decoded.payload = message.SerializeToString()
    client.send(packet)


def test_two_clients_do_not_change_settings_at_a_time(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    node.restart_after_change_s = node.restart_takes_s = 0.1
    share({"SHARE_ALLOW_ADMIN": "True"})
    one, other = connect(), connect()
    admin(one, node.num, 1, admin_pb2.AdminMessage(begin_edit_settings=True))
    assert one.routing_of(1) == 0
    admin(other, node.num, 2, admin_pb2.AdminMessage(begin_edit_settings=True))
    assert other.routing_of(2) == mesh_pb2.Routing.Error.BAD_REQUEST
    one.sock.close()  # and says no more: it is committed in its place, and the node restarts
    journal.wait_for("Reconnexion TCP réussie")
    other.settle()


def test_security_settings_written_back_do_not_cost_the_node_its_key(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share({"SHARE_ALLOW_ADMIN": "True"})
    client = connect()
    (security,) = [
        frame.config.security for frame in client.frames if frame.config.HasField("security")
    ]
    assert not security.private_key
    written = config_pb2.Config(security=security)
    admin(client, node.num, 3, admin_pb2.AdminMessage(set_config=written))

    def writes(seen: SimulatedNode) -> list[config_pb2.Config]:
        messages = [
            admin_pb2.AdminMessage.FromString(frame.packet.decoded.payload)
            for frame in seen.frames_received
            if frame.packet.decoded.portnum == ADMIN
        ]
        return [m.set_config for m in messages if m.HasField("set_config")]

    assert node.wait_until(lambda seen: bool(writes(seen)), WAIT_S)
    (config,) = writes(node)
    assert len(config.security.private_key) == 32
    assert config.security.public_key == security.public_key


def test_eight_clients_are_given_a_large_mesh(
    quick_bot: BotFactory, port: int, journal: Journal
) -> None:
    with SimulatedNode(peers=250) as node:
        quick_bot(node, environment=sharing(port))
        journal.wait_for("✅ SYNC COMPLETE")
        results: queue.SimpleQueue[int] = queue.SimpleQueue()

        def ask() -> None:
            with RawClient(port) as client:
                frames = client.ask(9)
                results.put(sum(frame.HasField("node_info") for frame in frames))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        assert [results.get(timeout=WAIT_S) for _ in range(8)] == [251] * 8
        assert node.connections_total == 1


@pytest.mark.parametrize("firmware", ["2.5.20", "2.6.11", "2.7.15"])
def test_no_direct_text_goes_out_for_everybody_to_read(
    quick_bot: BotFactory, port: int, journal: Journal, firmware: str
) -> None:
    """This firmware sends one whose key it forgot under the channel's key, and says nothing."""
    with SimulatedNode(firmware=firmware, text_spacing_s=0.1) as node:
        quick_bot(node, environment=sharing(port))
        journal.wait_for("✅ SYNC COMPLETE")
        peer = node.peer(0)
        with RawClient(port) as client:
            client.ask(ONLY_CONFIG)
            node.evict(peer)
            client.text("entre nous", peer.num, packet_id=5, want_ack=True)
            assert client.routing_of(5) == 0
        assert [(sent.text, sent.pki) for sent in node.texts_on_air] == [("entre nous", True)]


def _hang(node: SimulatedNode) -> None:
    node.hang_handshake_after = 5
    node.close_by_rst()


STATES: dict[str, Callable[[SimulatedNode], object]] = {
    "up": lambda node: None,
    "away": lambda node: node.refuse_for(None),
    "silent": lambda node: node.go_silent(next_connections=True),
    "not reading": lambda node: node.stop_reading(),
    "full": lambda node: node.fill_queue(),
    "slow to configure": _hang,
}


@pytest.mark.parametrize("state", STATES)
def test_the_bot_ends_in_time_with_all_its_clients(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, state: str
) -> None:
    bot = share()
    clients = [connect() for _ in range(8)]
    STATES[state](node)
    for client in clients:
        for num in range(20):
            client.text(f"texte {num}", node.peer(num % 12).num, want_ack=True)
    clients[0].settle()
    began_s = time.monotonic()
    bot.stop()
    assert time.monotonic() - began_s < 5.0
    for client in clients:
        client.wait_closed()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("share-")]
