"""What the node's own settings and words lead to, over a real socket."""

import pytest
from meshtastic.protobuf import config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.node_facts import DEFAULT_HOPS
from meshbot.messages import node_uptime
from meshbot.messages.air_limit import AirLimit
from meshbot.model.known_node import node_id
from meshbot.model.link_event import EventKind
from meshbot.model.node_metrics import NodeMetrics
from meshbot.simulation.peer import make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
PortNum = portnums_pb2.PortNum
UNSET = config_pb2.Config.LoRaConfig.RegionCode.UNSET
OTHER_KEY = b"\x42" * 32
LATE_FIRMWARE = ("2.5.20", "2.7.26", "2.8.0")


def requests_for_keys(node: SimulatedNode) -> int:
    return node.read(
        lambda n: sum(packet.decoded.portnum == PortNum.NODEINFO_APP for packet in n.packets_on_air)
    )


def sent_packets(node: SimulatedNode) -> list[mesh_pb2.MeshPacket]:
    """Return the packets that the client gave the node."""
    return node.read(
        lambda n: [message.packet for message in n.frames_received if message.HasField("packet")]
    )


# -- A licensed station ----------------------------------------------------------------------------


def test_a_licensed_station_answers_a_sealed_message_in_clear(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The radio lacks the sender's key, so that the bot opens the message; it must not seal."""
    node.licensed = True
    peer = node.peers[3]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.evict(peer)
    node.hear_text(peer, "/ping")
    assert wait_text(node, peer.num).startswith("pong")
    sent = node.read(lambda n: n.texts_on_air[-1])
    assert not sent.pki
    assert not node.read(lambda n: list(n.illegal_on_air))
    assert journal.count("📻 Station radioamateur (licence)") == 1


def test_a_licensed_station_asks_nobody_for_a_key(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.licensed = True
    stranger = make_peers(1, seed=99)[0]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(stranger, "/ping")
    journal.wait_for("🔒 Message scellé")
    node.hear_text(node.peers[0], "/ping")
    wait_text(node, node.peers[0].num)
    assert requests_for_keys(node) == 0
    assert journal.count("elle lui est demandée") == 0


@pytest.mark.parametrize("told_by", ["reconnection", "entry", "packet"])
def test_a_licence_that_comes_later_is_obeyed_from_then_on(
    told_by: str, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    peer = node.peers[3]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.evict(peer)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert node.read(lambda n: n.texts_on_air[-1]).sealed_by_client

    node.licensed = True
    user = mesh_pb2.User(id=node_id(node.num), long_name=node.long_name, is_licensed=True)
    if told_by == "reconnection":
        node.close_by_fin()
        journal.wait_for(RECONNECTED)
    elif told_by == "entry":
        entry = mesh_pb2.NodeInfo(num=node.num, user=user)
        node.send_from_radio(mesh_pb2.FromRadio(node_info=entry))
    else:
        packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=77)
        setattr(packet, "from", node.num)
        packet.decoded.portnum = PortNum.NODEINFO_APP
        packet.decoded.payload = user.SerializeToString()
        node.hear(packet)
    journal.wait_for("📻 Station radioamateur (licence)")
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num, times=2)
    assert not node.read(lambda n: n.texts_on_air[-1]).pki
    assert not node.read(lambda n: list(n.illegal_on_air))


def test_a_stranger_cannot_take_the_licence_away(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.licensed = True
    peer = node.peers[3]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.evict(peer)
    for path in ({"rx_rssi": -90}, {"via_mqtt": True}, {"transport_mechanism": 6}):
        packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=77, **path)
        setattr(packet, "from", node.num)
        packet.decoded.portnum = PortNum.NODEINFO_APP
        packet.decoded.payload = mesh_pb2.User(id=node_id(node.num)).SerializeToString()
        node.hear(packet)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert not node.read(lambda n: list(n.illegal_on_air))


# -- A radio that is mute --------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["region", "transmitter"])
def test_a_reply_that_a_mute_radio_refuses_is_told_as_that(
    why: str, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    if why == "region":
        node.region = UNSET
    else:
        node.transmits = False
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(node.peers[0], "/ping")
    journal.wait_for("⚠️ Le nœud refuse la réponse à ")
    refusal = next(line for line in journal.messages if "refuse la réponse" in line)
    assert "(ERRNO_DISABLED)" in refusal
    assert "lora.region" in refusal
    assert journal.count("scelle lui-même") == 0
    assert journal.count("PKI_FAILED") == 0
    assert journal.count("ℹ️ Le nœud n'a pas encore de clé : ") == int(why == "region")
    assert journal.count("géré") == 0
    assert journal.count("--set lora." + ("region" if why == "region" else "tx_enabled")) == 1


def test_a_node_without_a_radio_has_no_full_queue(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """It tells zeros of its queue, as the firmware does that found no radio."""
    quick_bot(node)
    journal.wait_for(COMPLETE)
    for status in (mesh_pb2.QueueStatus(free=0, maxlen=16), mesh_pb2.QueueStatus()):
        node.send_from_radio(mesh_pb2.FromRadio(queueStatus=status))
    node.hear_text(node.peers[0], "/ping")
    wait_text(node, node.peers[0].num)


def test_an_exhausted_duty_cycle_is_told_with_the_time_that_is_left(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.duty_cycle_reached = True
    node.telemetry_interval_s = 0.2  # so that something goes on at the node
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(node.peers[0], "/ping")
    journal.wait_for("⚠️ Le nœud a épuisé son temps d'émission légal : sa radio se tait encore ")
    budget = bot._conversation._air
    assert node.wait_until(lambda _: budget.limit_on(1.0, stranger=False) is AirLimit.NODE, WAIT_S)
    assert 360 < budget.wait_s(1.0, stranger=False) <= 420  # seven minutes, as the node says
    assert journal.count("a épuisé son temps d'émission") == 1


# -- What the node says ----------------------------------------------------------------------------


def test_what_the_node_says_is_said_in_words_once(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    for _ in range(3):
        node.notify("Compromised keys were detected and regenerated.")
        node.notify("Settings\x1b[2J saved")
        node.notify(
            "Remote device Eve has advertised your public key. This may indicate a compromised "
            "key. You may need to regenerate your public keys."
        )
    node.notify("Something else")
    journal.wait_for("📟 Le nœud signale : ‹Something\u00a0else›")
    assert journal.count("et le nœud les a refaites") == 1
    assert journal.count("annonce la clé publique de notre nœud") == 1
    assert journal.count("📟 Le nœud signale : ‹Settings") == 1
    assert not any("\x1b" in line for line in journal.lines)


def test_a_lock_is_said(node: SimulatedNode, quick_bot: BotFactory, journal: Journal) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    state = mesh_pb2.LockdownStatus.State
    for status in (
        mesh_pb2.LockdownStatus(state=state.UNLOCKED),
        mesh_pb2.LockdownStatus(state=state.LOCKED, lock_reason="needs_auth"),
    ):
        node.send_from_radio(mesh_pb2.FromRadio(lockdown_status=status))
    journal.wait_for("🔒 Le nœud ne donne au bot ni messages ni clés : il est verrouillé (‹needs_")
    assert journal.count("🔒 Le nœud") == 1


# -- Another key, another node ---------------------------------------------------------------------


@pytest.mark.parametrize("firmware", LATE_FIRMWARE)
def test_a_new_key_of_our_node_is_said_and_its_database_asked_for_once(
    firmware: str, quick_bot: BotFactory, journal: Journal
) -> None:
    """From 2.8 on it is another number as well, so another node."""
    with SimulatedNode(firmware=firmware) as node:
        quick_bot(node)
        journal.wait_for(COMPLETE)
        node.change_key(OTHER_KEY)
        journal.wait_for(RECONNECTED)
        if firmware.startswith("2.8"):
            journal.wait_for("⚠️ Un autre nœud répond à cette adresse")
        else:
            journal.wait_for("⚠️ La clé de notre nœud a changé (")
        assert node.wait_until(lambda n: list(n.config_requests)[-1] == 69421, WAIT_S)
        node.close_by_fin()
        journal.wait_for(RECONNECTED, times=2)
        node.hear_text(node.peers[0], "/ping")
        wait_text(node, node.peers[0].num)
        assert node.read(lambda n: list(n.config_requests)).count(69421) == 1
        assert journal.count("La clé de notre nœud a changé") <= 1


def test_a_new_key_of_our_node_is_said_after_a_restart_too(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    bot.stop()
    node.change_key(OTHER_KEY)
    quick_bot(node)
    journal.wait_for(COMPLETE, times=2)
    assert journal.count("⚠️ La clé de notre nœud a changé (") == 1
    assert 69421 not in node.read(lambda n: list(n.config_requests)), "it was a full session"


# -- How far, and by what way ----------------------------------------------------------------------


@pytest.mark.parametrize(("configured", "hops"), [(0, DEFAULT_HOPS), (2, 2), (9, 7)])
def test_what_the_bot_sends_goes_as_far_as_the_settings_say(
    configured: int, hops: int, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.hop_limit = configured
    peer, evicted = node.peers[0], node.peers[3]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.evict(evicted)
    for asking in (peer, evicted):
        node.hear_text(asking, "/ping")
        wait_text(node, asking.num)
    texts = [packet for packet in sent_packets(node) if packet.to != node.num]
    assert {packet.hop_limit for packet in texts} == {hops}
    assert texts[0].decoded.HasField("bitfield")
    assert texts[-1].encrypted


def own_telemetry(node: SimulatedNode, air_util_tx: float) -> mesh_pb2.MeshPacket:
    """Return what a node says of itself."""
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=round(1_000 * air_util_tx))
    setattr(packet, "from", node.num)
    packet.decoded.portnum = PortNum.TELEMETRY_APP
    packet.decoded.payload = telemetry_pb2.Telemetry(
        device_metrics=telemetry_pb2.DeviceMetrics(
            battery_level=87, voltage=3.98, channel_utilization=12.34, air_util_tx=air_util_tx
        )
    ).SerializeToString()
    return packet


# -- How the node is -------------------------------------------------------------------------------


def test_the_nodes_battery_and_channel_are_in_the_answer_to_sys(
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_uptime, "BACKLOG_S", 0.0)
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear(own_telemetry(node, air_util_tx=1.23))
    node.hear_text(node.peers[0], "/sys")
    reply = wait_text(node, node.peers[0].num)
    assert reply.endswith(
        "\nNœud : batterie 87 %, canal occupé 12,3 %, émission 1,2 %, dont bot 0,0 %"
    )
    assert len(reply.encode()) <= 200
    # An hour of EU_868 allows a tenth of it.
    node.hear(own_telemetry(node, air_util_tx=10.5))
    journal.wait_for("⚠️ Le nœud a épuisé son temps d'émission légal : sa radio se tait encore un")
    assert bot._conversation.node_metrics.battery_percent == 87
    bot.link_journal.flush()
    (noted,) = (one for one in bot.link_journal.events(100) if one.kind is EventKind.METRICS)
    assert NodeMetrics.from_json(noted.text) == NodeMetrics(87, 3.98, 12.34, 1.23)


def test_a_key_once_given_opens_messages_when_it_is_withheld_later(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    peer = node.peers[3]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    withheld = SimulatedTraits(withholds_private_key=True).identity(node.firmware)
    assert withheld.num == node.num
    node._loop.call(lambda: node._api.become(withheld))
    journal.wait_for("ℹ️ Le nœud ne donne plus sa clé privée : celle qu'il avait donnée sert encore")
    journal.wait_for(RECONNECTED)
    node.evict(peer)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert node.read(lambda n: n.texts_on_air[-1]).sealed_by_client
