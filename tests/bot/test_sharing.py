"""The bot's node, shared: clients on real sockets, the bot on a simulated node."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2

from main_bot import MeshBot
from meshbot.link.frame_decoder import encode_frame
from meshbot.sharing.guest_queue import SPARE
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import QUICK_SILENCE, BotFactory
from tests.support.raw_client import ADMIN, BROADCAST, ROUTING, TEXT, RawClient
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

NOT_AUTHORIZED = mesh_pb2.Routing.Error.NOT_AUTHORIZED
ONLY_CONFIG, ONLY_NODES = 69420, 69421
Connect = Callable[[], RawClient]


@pytest.fixture
def port() -> int:
    return unused_port()


@pytest.fixture
def share(
    node: SimulatedNode, quick_bot: BotFactory, port: int, journal: Journal
) -> Callable[..., MeshBot]:
    """Start a bot that shares its node, and wait until both are there."""

    def start(*, waits: bool = True, **changes: Any) -> MeshBot:
        settings = {
            f"MESHBOT_{name}": changes.pop(name) for name in list(changes) if "SHARE" in name
        }
        environment = {"MESHBOT_SHARE_PORT": str(port), **settings}
        bot = quick_bot(node, environment=environment, **changes)
        journal.wait_for("🔗 Nœud partagé")
        if waits:
            journal.wait_for("✅ SYNC COMPLETE")
        return bot

    return start


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    clients: list[RawClient] = []

    def open_one() -> RawClient:
        clients.append(RawClient(port))
        return clients[-1]

    yield open_one
    for client in clients:
        client.sock.close()


def ready(connect: Connect) -> RawClient:
    client = connect()
    client.ask(ONLY_CONFIG)
    return client


def admin(client: RawClient, to: int, packet_id: int, **message: Any) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=to, id=packet_id)
    packet.decoded.portnum = ADMIN
    packet.decoded.payload = admin_pb2.AdminMessage(**message).SerializeToString()
    packet.decoded.want_response = True
    client.send(packet)
    return packet


def kinds(frames: list[mesh_pb2.FromRadio]) -> list[str]:
    """Return the kinds of frames in their order, each once in a row."""
    found: list[str] = []
    for frame in frames:
        kind = str(frame.WhichOneof("payload_variant"))
        if not found or found[-1] != kind:
            found.append(kind)
    return found


# -- Configuration ---------------------------------------------------------------------------------


def test_a_client_is_given_what_the_node_gave(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    node.wait_until(lambda seen: seen.configs_completed >= 1, WAIT_S)
    asked = len(node.config_requests)
    client = connect()
    full = client.ask(4711)
    light, nodes = client.ask(ONLY_CONFIG), client.ask(ONLY_NODES)
    assert [frame.my_info.my_node_num for frame in full[:1]] == [node.num]
    assert kinds(full)[-1] == "config_complete_id"
    assert "node_info" not in kinds(light)[4:]
    assert len([frame for frame in full if frame.HasField("channel")]) == 8
    infos = [frame.node_info for frame in nodes if frame.HasField("node_info")]
    assert infos[0].num == node.num
    assert len(infos) == 13
    assert len(node.config_requests) == asked, "the node is not asked again"


def test_a_client_has_no_private_key_of_the_node(
    share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    (security,) = [
        frame.config.security for frame in connect().ask(1) if frame.config.HasField("security")
    ]
    assert security.public_key
    assert not security.private_key


def test_a_frame_that_hides_the_private_key_reaches_no_client(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    """Two variants in one message: a parser keeps the last, and the bytes are passed on."""
    bot = share()
    client = ready(connect)
    assert bot.interface is not None
    key = bot.interface.own_private_key
    assert len(key) == 32
    config = config_pb2.Config(security=config_pb2.Config.SecurityConfig(private_key=key))
    hiding = mesh_pb2.FromRadio(config=config).SerializeToString()
    log = mesh_pb2.FromRadio(log_record=mesh_pb2.LogRecord(message="x")).SerializeToString()
    assert mesh_pb2.FromRadio.FromString(hiding + log).HasField("log_record")
    node.send_raw(encode_frame(hiding + log), frames=1)
    node.hear_text(node.peers[0], "ensuite", to=BROADCAST)
    client.wait_text("ensuite")
    assert not [payload for payload in client.payloads if key in payload]


def test_a_configuration_is_there_while_the_node_is_not(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share()
    node.refuse_for(None)
    journal.wait_for("Liaison TCP perdue")
    begin_s = time.monotonic()
    frames = connect().ask(7)
    assert frames[-1].config_complete_id == 7
    assert time.monotonic() - begin_s < WAIT_S


def test_who_comes_before_the_node_is_served_when_it_is_there(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    node.refuse_for(None)
    share(waits=False)
    client = connect()
    client.say(mesh_pb2.ToRadio(want_config_id=5))
    client.settle()
    assert [frame.WhichOneof("payload_variant") for frame in client.frames] == ["queueStatus"]
    node.accept_again()
    client.wait_for(lambda frame: frame.config_complete_id == 5)


def test_a_reboot_of_the_node_shows_nowhere(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share()
    client = ready(connect)
    heard = len(client.frames)
    node.reboot(0.1)
    journal.wait_for("Reconnexion TCP réussie")
    client.settle()
    told = {frame.WhichOneof("payload_variant") for frame in client.frames[heard:]}
    assert told <= {"queueStatus", "packet"}, told
    assert not client.closed
    client.text("encore là")
    assert node.wait_until(
        lambda seen: any(sent.text == "encore là" for sent in seen.texts_on_air), WAIT_S
    )


# -- Packets ---------------------------------------------------------------------------------------


def test_each_text_of_many_clients_is_on_the_air_once(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    clients = [ready(connect) for _ in range(4)]
    texts = [f"{name}{num}" for name in "abcd" for num in range(3)]
    for num in range(3):
        for name, client in zip("abcd", clients, strict=True):
            client.text(f"{name}{num}")
    assert node.wait_until(lambda seen: len(seen.texts_on_air) >= len(texts), WAIT_S)
    assert sorted(sent.text for sent in node.texts_on_air) == sorted(texts)
    assert not node.texts_dropped


def test_an_acknowledgement_goes_to_whom_it_belongs_under_his_own_id(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = ready(connect), ready(connect)
    peer = node.peers[0]
    one.text("un", peer.num, packet_id=77, want_ack=True)
    other.text("deux", peer.num, packet_id=77, want_ack=True)
    assert one.routing_of(77) == 0
    assert other.routing_of(77) == 0
    for client in (one, other):
        client.settle()
        acks = [frame for frame in client.frames if frame.packet.decoded.portnum == ROUTING]
        assert len(acks) == 1
    ids = {sent.packet_id for sent in node.texts_on_air}
    assert len(ids) == 2, "two packets on the air have two ids"


def test_clients_see_what_the_others_and_the_bot_say(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = ready(connect), ready(connect)
    one.text("bonjour")
    shown = other.wait_text("bonjour")
    assert getattr(shown, "from") == node.num
    assert shown.rx_time
    node.hear_text(node.peers[0], "/ping")
    for client in (one, other):
        client.wait_text("/ping")
        client.wait_for(lambda frame: frame.packet.decoded.payload.startswith(b"pong"))
    one.settle()
    own = [frame for frame in one.frames if frame.packet.decoded.payload == b"bonjour"]
    assert not own, "nobody is told his own words"


def test_a_message_that_only_the_bot_can_open_comes_opened(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    client = ready(connect)
    peer = node.peers[0]
    node.evict(peer)
    node.hear_text(peer, "/ping secret")
    packet = client.wait_text("/ping secret")
    assert packet.pki_encrypted
    assert packet.public_key == peer.public_key
    client.settle()
    assert not [frame for frame in client.frames if frame.packet.encrypted]


def test_a_text_for_whom_the_radio_has_no_key_is_sealed_by_the_bot(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    client = ready(connect)
    peer = node.peers[0]
    node.evict(peer)
    client.text("pour toi", peer.num, packet_id=99, want_ack=True)
    assert client.routing_of(99) == 0
    assert [(sent.text, sent.pki) for sent in node.texts_on_air] == [("pour toi", True)]


def test_a_heartbeat_is_answered_and_never_reaches_the_node(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    client = connect()
    before = node.heartbeats_received
    client.say(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=1)))
    status = client.wait_for(lambda frame: frame.HasField("queueStatus")).queueStatus
    assert (status.res, status.free, status.mesh_packet_id) == (0, 16, 0)
    assert node.heartbeats_received == before


def test_a_farewell_ends_one_connection_only(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = ready(connect), ready(connect)
    one.say(mesh_pb2.ToRadio(disconnect=True))
    one.wait_closed()
    other.settle()
    assert node.connections_total == 1


def test_packets_wait_while_the_node_is_away_and_go_out_once(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share()
    client = ready(connect)
    node.refuse_for(None)
    journal.wait_for("Liaison TCP perdue")
    client.text("plus tard", packet_id=55)
    assert client.status_of(55).res == 0
    node.accept_again()
    assert node.wait_until(lambda seen: len(seen.texts_on_air) == 1, WAIT_S)
    assert node.texts_on_air[0].text == "plus tard"


def test_what_waits_too_long_is_told_to_be_dropped(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share(MESSAGE_MAX_AGE=0.3)
    client = ready(connect)
    node.refuse_for(None)
    journal.wait_for("Liaison TCP perdue")
    client.text("trop tard", packet_id=56)
    assert client.routing_of(56) == mesh_pb2.Routing.Error.NO_INTERFACE
    told = client.wait_for(lambda frame: frame.HasField("clientNotification")).clientNotification
    assert told.reply_id == 56


def test_a_client_that_filled_its_queue_is_told_when_there_is_room(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share()
    client = ready(connect)
    node.refuse_for(None)
    journal.wait_for("Liaison TCP perdue")
    ids = [client.text(f"texte {num}") for num in range(16 + SPARE + 1)]
    frees = [client.status_of(packet_id).free for packet_id in ids]
    assert frees == [*range(15, 0, -1), *[1] * (SPARE + 1), 0]
    assert client.status_of(ids[-1]).res == 32
    begin = len(client.frames)
    node.accept_again()
    told = client.wait_for(
        lambda frame: frame.queueStatus.free > 0 and not frame.queueStatus.mesh_packet_id, begin
    )
    assert told.queueStatus.res == 0


def test_a_client_whose_last_place_is_taken_is_told_when_there_is_room(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    """The stock library sends nothing more once it was told that there is no place free."""
    share()
    client = ready(connect)
    node.refuse_for(None)
    journal.wait_for("Liaison TCP perdue")
    ids = [client.text(f"texte {num}") for num in range(16)]
    client.status_of(ids[-1])
    client.wait_for(lambda frame: frame.HasField("queueStatus") and not frame.queueStatus.free)
    begin = len(client.frames)
    node.accept_again()
    client.wait_for(
        lambda frame: frame.queueStatus.free > 0 and not frame.queueStatus.mesh_packet_id, begin
    )


# -- Orders ----------------------------------------------------------------------------------------


def test_settings_are_read(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    one, other = ready(connect), ready(connect)
    admin(one, node.num, 61, get_owner_request=True)
    frame = one.wait_for(
        lambda frame: (
            frame.packet.decoded.portnum == ADMIN and frame.packet.decoded.request_id == 61
        )
    )
    answer = admin_pb2.AdminMessage.FromString(frame.packet.decoded.payload)
    assert answer.get_owner_response.long_name
    other.settle()
    assert not [frame for frame in other.frames if frame.packet.decoded.portnum == ADMIN]


@pytest.mark.parametrize("to", ["own", "everybody", "everybody not by radio"])
def test_settings_are_not_written(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, to: str
) -> None:
    share()
    client = ready(connect)
    nums = {"own": node.num, "everybody": BROADCAST, "everybody not by radio": 1}
    before = node.admin_requests_received
    admin(client, nums[to], 62, reboot_seconds=1)
    assert client.routing_of(62) == NOT_AUTHORIZED
    client.settle()
    assert node.admin_requests_received == before
    assert node.connections_total == 1


def test_settings_are_written_where_the_operator_says_so(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    node.restart_after_change_s = node.restart_takes_s = 0.1
    share(SHARE_ALLOW_ADMIN="True")
    client = ready(connect)
    owner = mesh_pb2.User(long_name="Nouveau nom", short_name="NN")
    admin(client, node.num, 63, set_owner=owner)
    journal.wait_for("Reconnexion TCP réussie")
    client.settle()
    assert not client.closed


def test_no_client_speaks_for_another_node(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect
) -> None:
    share()
    client = ready(connect)
    forged = mesh_pb2.MeshPacket(to=BROADCAST, id=64)
    setattr(forged, "from", node.peers[0].num)
    forged.decoded.portnum = TEXT
    forged.decoded.payload = b"c'est moi"
    client.send(forged)
    assert client.routing_of(64) != 0
    client.settle()
    assert not node.texts_on_air


# -- The end ---------------------------------------------------------------------------------------


def test_it_ends_with_the_bot(share: Callable[..., MeshBot], connect: Connect) -> None:
    bot = share()
    client = ready(connect)
    bot.stop()
    client.wait_closed()
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith("share-")}


def test_nothing_listens_where_nothing_is_shared(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for("✅ SYNC COMPLETE")
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith("share-")}


def test_clients_do_not_hide_that_the_node_is_silent(
    node: SimulatedNode, share: Callable[..., MeshBot], connect: Connect, journal: Journal
) -> None:
    share(**QUICK_SILENCE)
    client = ready(connect)
    node.go_silent()
    client.text("dans le vide")
    journal.wait_for("SILENCE TCP")
    assert not client.closed
