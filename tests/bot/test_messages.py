"""What the bot answers over a real socket: commands, sealed messages, bad input, spacing."""

import itertools
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.simulation.peer import make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.quick_bot import QUICK_SILENCE, BotFactory

BROADCAST_NUM = 0xFFFFFFFF
COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
PortNum = portnums_pb2.PortNum


def test_ping_is_answered_with_how_it_was_heard(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    packet_id = node.hear_text(peer, "/ping")
    reply = wait_text(node, peer.num)
    assert reply.startswith("pong SNR ")
    assert f"RSSI {peer.rssi_dbm} dBm" in reply
    sent = node.read(lambda n: n.texts_on_air[-1])
    assert sent.reply_id == packet_id
    assert sent.want_ack
    assert sent.pki


@pytest.mark.parametrize(
    ("command", "beginning"),
    [
        ("/help", "Commandes (avec / devant) :\nhelp"),
        ("/ping", "pong SNR"),
        ("/my", "Alice [ALIC] !"),
        ("/nodes", "13 nœuds connus"),
        ("/keys", "12 clés publiques connues, 12 en place"),
        ("/keys bruno", "Bruno !"),
        ("/tcp", "Liaison établie depuis"),
        ("/sys", "Bot 0.1.0, en marche depuis"),
        ("/PING", "pong SNR"),
        ("/foo", "Commande inconnue : foo."),
        ("/keys " + "x" * 200, "Aucun nœud de ce nom."),
        ("/keys %s';--\x00\n", "Aucun nœud de ce nom."),
        ("/ping\x07", "pong SNR"),
        ("\u2003／Ping\ufe0f\u200d\x00", "pong SNR"),
    ],
)
def test_each_command_is_answered(
    command: str, beginning: str, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(node.peers[0], command)
    assert wait_text(node, node.peers[0].num).startswith(beginning)


@pytest.mark.slow
def test_five_peers_who_ask_at_once_all_get_their_answer(
    start_bot: BotFactory, journal: Journal
) -> None:
    """With the firmware's real rule, that a text within 2 s of another is dropped silently."""
    with SimulatedNode() as node:
        start_bot(node, TCP_SILENT_TIMEOUT=30)
        journal.wait_for(COMPLETE)
        for peer in node.peers[:5]:
            node.hear_text(peer, "/ping")
        assert node.wait_until(lambda n: len(n.texts_on_air) >= 5, 15.0)
        texts = node.read(lambda n: list(n.texts_on_air))
        assert sorted(text.to for text in texts) == sorted(peer.num for peer in node.peers[:5])
        assert not node.read(lambda n: n.texts_dropped)
        times_s = [text.at_s for text in texts]
        gaps_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
        assert all(2.0 < gap_s < 3.0 for gap_s in gaps_s), gaps_s


def test_a_long_reply_is_split_at_200_bytes(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    node.hear_text(peer, "/help")
    wait_text(node, peer.num, times=2)
    parts = texts_to(node, peer.num)
    assert all(len(part.encode()) <= 200 for part in parts)
    assert "sys : " in parts[-1]


@pytest.mark.parametrize("when", ["at once", "after the sync", "skip flag", "restart"])
@pytest.mark.slow
def test_a_message_that_only_a_stored_key_opens_is_answered(
    when: str, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The node has forgotten the sender: it passes the message on sealed, and could not reply."""
    peer = node.peers[3]
    bot = quick_bot(node, TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=when == "skip flag")
    journal.wait_for(COMPLETE)
    node.evict(peer)
    if when == "restart":
        bot.stop()
        quick_bot(node)
        journal.wait_for(COMPLETE, times=2)
    else:
        node.close_by_fin()
        journal.wait_for(RECONNECTED)
    if when == "after the sync":
        journal.wait_for(COMPLETE, times=2)
    node.hear_text(peer, "/ping")
    assert wait_text(node, peer.num).startswith("pong")
    sent = node.read(lambda n: n.texts_on_air[-1])
    assert sent.sealed_by_client
    node.hear_text(peer, "/my")
    assert "message authentifié" in wait_text(node, peer.num, lambda text: "clé" in text)


@pytest.mark.slow
def test_a_reply_to_an_evicted_peer_who_was_heard_before_is_sealed_by_the_bot(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The radio opens the question, forgets the key, and refuses the answer with code 39."""
    quick_bot(node, TEXT_INTERVAL=0.3)
    journal.wait_for(COMPLETE)
    first, second = node.peers[0], node.peers[1]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)  # the next answer waits for its turn, and its key goes meanwhile
    node.hear_text(second, "/ping")
    node.evict(second)
    assert wait_text(node, second.num).startswith("pong")
    journal.wait_for("La radio n'a pas la clé")


def test_the_sync_sends_not_one_byte(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node, TCP_SILENT_TIMEOUT=60, TCP_HEARTBEAT_INTERVAL=60, TCP_PROBE_TIMEOUT=10)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    interface = bot.interface
    assert interface is not None and interface.nodesByNum is not None
    # A round trip before and after, so that nothing is still on its way.
    interface.ask_heartbeat()
    assert node.wait_until(lambda n: n.heartbeats_received == 1, WAIT_S)
    before = node.bytes_received
    interface.nodesByNum.clear()
    assert bot.node_manager.sync_pubkeys_to_interface(interface, force=True) == 12
    assert bot.node_manager.sync_pubkeys_to_interface(interface, force=True) == 0
    assert node.bytes_received == before
    interface.ask_heartbeat()
    assert node.wait_until(lambda n: n.heartbeats_received == 2, WAIT_S)
    assert node.bytes_received - before == 6  # one heartbeat frame


def test_the_same_packet_twice_is_answered_once(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping", packet_id=77)
    node.hear_text(first, "/ping", packet_id=77)
    node.hear_text(second, "/ping")
    wait_text(node, second.num)
    assert len(texts_to(node, first.num)) == 1


def test_what_the_node_kept_while_the_bot_was_away_is_answered_in_order(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.refuse_for(None)
    journal.wait_for("reconnexion")
    for peer in node.peers[:3]:
        node.hear_text(peer, "/ping")
    node.accept_again()
    for peer in node.peers[:3]:
        wait_text(node, peer.num)
    order = node.read(lambda n: [text.to for text in n.texts_on_air])
    assert order == [peer.num for peer in node.peers[:3]]


def test_a_kept_command_older_than_ten_minutes_is_not_answered(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    old = text_packet(node, peer.num, b"/ping")
    old.rx_time = 1_000_000_000
    node.hear(old)
    journal.wait_for("ignorée")
    assert texts_to(node, peer.num) == []


@pytest.mark.slow
def test_a_reply_queued_during_an_outage_is_sent_once_after_it(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, TEXT_INTERVAL=1.0, **QUICK_SILENCE)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)
    node.hear_text(second, "/ping")  # waits for its turn
    journal.wait_for("📩", times=2)
    node.refuse_for(None)
    journal.wait_for("reconnexion", times=3)
    node.accept_again()
    wait_text(node, second.num)
    node.hear_text(first, "/tcp")
    wait_text(node, first.num, lambda text: "Liaison" in text)
    assert len(texts_to(node, second.num)) == 1


@pytest.mark.slow
def test_a_reply_written_into_a_link_that_has_just_died_is_sent_again(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The socket took it, the node never did: only the end of the link tells."""
    quick_bot(node, TEXT_INTERVAL=1.0, **QUICK_SILENCE)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)
    node.hear_text(second, "/ping")  # its answer waits for its turn
    journal.wait_for("📩", times=2)
    node.go_silent()
    journal.wait_for("SILENCE TCP")
    wait_text(node, second.num)
    assert len(texts_to(node, second.num)) == 1


@pytest.mark.slow
def test_a_text_waits_for_the_word_on_the_one_before_while_the_node_talks_of_other_things(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The node takes our bytes late: two texts in its buffer would arrive together."""
    node.text_spacing_s = 0.5
    bot = quick_bot(node, TEXT_INTERVAL=0.6, TCP_SILENT_TIMEOUT=30)
    delivery = bot._conversation._sender._delivery
    delivery._settings = replace(delivery._settings, confirm_timeout_s=0.1)
    journal.wait_for(COMPLETE)
    first, second, third = node.peers[:3]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)
    node.stop_reading()
    for peer in (second, third):
        node.hear_text(peer, "/ping")
    node.start_traffic(0.05)
    journal.wait_for("📩", times=3)
    node.wait_until(lambda n: False, 1.5)
    node.stop_traffic()
    node.resume_reading()
    wait_text(node, second.num)
    wait_text(node, third.num)
    assert not node.read(lambda n: n.texts_dropped)


def test_the_nodes_clock_need_not_agree_with_ours(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Two hours apart: what comes right after a reconnection is no older than the absence."""
    start_bot(node, TEXT_INTERVAL=0.15, wall_clock=lambda: time.time() + 7_200)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    node.hear_text(node.peers[0], "/ping")
    wait_text(node, node.peers[0].num)


@pytest.mark.slow
def test_a_reply_older_than_its_limit_is_dropped_with_a_line(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, TEXT_INTERVAL=0.5, MESSAGE_MAX_AGE=0.6)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)
    node.hear_text(second, "/ping")
    journal.wait_for("📩", times=2)
    node.refuse_for(None)
    journal.wait_for("jetée")
    assert texts_to(node, second.num) == []


@pytest.mark.slow
def test_a_full_transmit_queue_delays_an_answer_and_does_not_lose_it(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, TEXT_QUEUE_WAIT=0.2)
    journal.wait_for(COMPLETE)
    node.fill_queue()
    peer = node.peers[0]
    node.hear_text(peer, "/ping")
    journal.wait_for("📩")
    assert not node.wait_until(lambda n: bool(n.texts_on_air), 0.6)
    node.free_queue()
    wait_text(node, peer.num)
    assert len(texts_to(node, peer.num)) == 1
    assert node.connections_total == 1


def test_a_broadcast_command_is_answered_only_where_the_operator_allows(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, environment={"MESHBOT_ANSWER_CHANNELS": "1"})
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    node.hear_text(peer, "/ping", to=BROADCAST_NUM, channel=0)
    node.hear_text(peer, "/unknown", to=BROADCAST_NUM, channel=1)
    node.hear_text(peer, "/ping", to=BROADCAST_NUM, channel=1)
    wait_text(node, BROADCAST_NUM)
    sent = node.read(lambda n: list(n.texts_on_air))
    assert [(text.to, text.channel) for text in sent] == [(BROADCAST_NUM, 1)]


def test_conversation_and_other_bots_get_no_answer(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    for text in ("pong SNR 3.0 dB", "bonjour", "Commande inconnue : x. Envoyez /help", "/", ""):
        node.hear_text(peer, text)
    node.hear_text(peer, "/meteo pour la météo", reply_id=1234)
    own = text_packet(node, node.num, b"/ping")
    node.hear(own)
    node.hear_text(node.peers[1], "/ping")
    wait_text(node, node.peers[1].num)
    assert texts_to(node, peer.num) == []
    assert len(node.read(lambda n: list(n.texts_on_air))) == 1


def test_a_flooding_sender_is_told_once_and_then_slowed_down(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, FLOOD_BURST=2, FLOOD_REFILL_INTERVAL=60, TEXT_INTERVAL=0.12)
    journal.wait_for(COMPLETE)
    flooder, other = node.peers[:2]
    for command in ("/ping", "/my", "/tcp", "/keys", "/sys", "/help", "/foo", "/keys a", "/nodes"):
        node.hear_text(flooder, command)
    wait_text(node, flooder.num, times=3)
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    replies = texts_to(node, flooder.num)
    assert [text[:9] for text in replies] == ["pong SNR ", "Alice [AL", "Trop de c"]


def text_packet(node: SimulatedNode, sender: int, payload: bytes) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=node.num, id=4242, rx_snr=5.0, rx_rssi=-80)
    setattr(packet, "from", sender)
    packet.decoded.portnum = PortNum.TEXT_MESSAGE_APP
    packet.decoded.payload = payload
    return packet


def with_port(packet: mesh_pb2.MeshPacket, portnum: int) -> mesh_pb2.MeshPacket:
    packet.decoded.portnum = portnum  # type: ignore[assignment]
    return packet


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda n: n.send_unparseable_frame(), id="malformed protobuf"),
        pytest.param(lambda n: n.send_garbage(300), id="garbage"),
        pytest.param(lambda n: n.send_oversized_frame(), id="oversized"),
        pytest.param(lambda n: n.hear(with_port(text_packet(n, 7, b"x"), 499)), id="portnum"),
        pytest.param(lambda n: n.hear(with_port(text_packet(n, 7, b"x"), 0)), id="no portnum"),
        pytest.param(lambda n: n.hear(text_packet(n, 7, b"\xff\xfe/ping")), id="not UTF-8"),
        pytest.param(lambda n: n.hear(text_packet(n, 0, b"/ping")), id="from 0"),
        pytest.param(lambda n: n.hear(text_packet(n, BROADCAST_NUM, b"/ping")), id="from all"),
        pytest.param(
            lambda n: n.hear_node_info(n.peers[0], payload=b"\xff\xff\xff"), id="NodeInfo"
        ),
        pytest.param(
            lambda n: n.hear_node_info(n.peers[0], public_key=b"short"), id="key of 5 bytes"
        ),
        pytest.param(
            lambda n: n.hear_node_info(n.peers[0], public_key=b"\x01" * 32), id="another key"
        ),
        pytest.param(lambda n: n.send_from_radio(mesh_pb2.FromRadio()), id="empty FromRadio"),
        pytest.param(
            lambda n: n.send_from_radio(
                mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=0xABCDEF))
            ),
            id="node without a name",
        ),
        pytest.param(
            lambda n: n.send_from_radio(
                mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=BROADCAST_NUM))
            ),
            id="broadcast as a node",
        ),
    ],
)
def test_bad_input_changes_nothing(
    bad: Callable[[SimulatedNode], object],
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    bad(node)
    peer = node.peers[0]
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert node.connections_total == 1
    known = bot.node_manager.node(peer.num)
    assert known is not None
    assert known.public_key == peer.public_key
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err


def test_a_name_that_imitates_the_journal_is_not_counted(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    node.hear_node_info(peer, long_name="X\n✅ Reconnexion TCP réussie")
    node.hear_text(peer, "/ping")
    journal.wait_for("📩")
    assert journal.count("Reconnexion TCP") == 0
    assert all("\n" not in line for line in journal.lines)


def test_names_and_keys_are_back_after_a_restart_before_anything_is_heard(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    first = quick_bot(node)
    journal.wait_for(COMPLETE)
    first.stop()
    node.refuse_for(None)
    second = quick_bot(node)
    known = second.node_manager.node(node.peers[0].num)
    assert known is not None
    assert (known.long_name, known.public_key) == ("Alice", node.peers[0].public_key)
    assert journal.count("13 clés publiques connues") == 1


def test_a_failing_disk_costs_a_line_and_no_answer(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    quick_bot(node, HEARD_SAVE_INTERVAL=0.1)
    journal.wait_for(COMPLETE)
    with sqlite3.connect(tmp_path / "bot.db") as saboteur:
        saboteur.execute("DROP TABLE nodes")
    saboteur.close()
    peer = node.peers[0]
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    journal.wait_for("Écriture impossible")
    node.hear_text(peer, "/my")
    wait_text(node, peer.num, lambda text: "Alice" in text)
    assert journal.count("Écriture impossible") == 1


def test_a_database_deleted_while_the_bot_runs_is_made_again(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    late = node.peers[11]
    node.evict(late)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    for file in tmp_path.glob("bot.db*"):
        file.unlink()
    node.hear_node_info(late)
    journal.wait_for("a disparu")
    journal.wait_for("apprise et enregistrée")
    with sqlite3.connect(tmp_path / "bot.db") as stored:
        (keys,) = stored.execute("SELECT count(*) FROM nodes WHERE public_key != ''").fetchone()
    stored.close()
    assert keys == 13


@pytest.mark.slow
def test_a_locked_database_delays_no_answer_and_no_stop(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    locker = sqlite3.connect(tmp_path / "bot.db")
    locker.execute("BEGIN IMMEDIATE")
    stranger = make_peers(1, seed=99)[0]
    node.hear_node_info(stranger)
    peer = node.peers[0]
    asked_s = time.monotonic()
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert time.monotonic() - asked_s < 2.0 + LATE_S
    stopping_s = time.monotonic()
    bot.stop()
    assert time.monotonic() - stopping_s < 5.0
    locker.close()
