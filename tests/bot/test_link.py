"""The bot's link over real sockets: the success criteria, the log lines, what must not happen."""

import contextlib
import itertools
import logging
import re
import socket
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from freezegun import freeze_time
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.descriptors import open_descriptors
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.quick_bot import QUICK_SILENCE, BotFactory

CONNECTED = "✅ Connexion TCP établie"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
COMPLETE = "✅ SYNC COMPLETE"


def in_order(journal: Journal, *texts: str) -> None:
    """Fail unless lines beginning with these texts stand in the journal, in this order."""
    messages = iter(journal.messages)
    for text in texts:
        assert any(message.startswith(text) for message in messages), (
            f"{text!r} missing or out of order in:\n" + "\n".join(journal.lines)
        )


def test_first_connection_is_followed_by_one_forced_sync(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node)
    journal.wait_for(COMPLETE)
    in_order(
        journal,
        CONNECTED,
        "🔄 Starting public key synchronization to interface.nodes...",
        "✅ SYNC COMPLETE: 12 public keys synchronized",
    )
    assert journal.count("Reconnexion TCP") == 0


def test_every_line_has_the_journals_layout(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node)
    journal.wait_for(COMPLETE)
    node.close_by_rst()
    journal.wait_for(COMPLETE, times=2)
    for line in journal.lines:
        assert re.fullmatch(r"\d\d:\d\d:\d\d \[(INFO|WARNING)\] .+", line)


@pytest.mark.slow
def test_a_silent_link_is_replaced_and_the_keys_come_back(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Spec 5, default column: silence to reconnection 18 s at most, keys 30 s later, scaled."""
    cleanup_s, stabilization_s, delay_s = 0.4, 0.2, 0.5
    bot = start_bot(
        node,
        TCP_INTERFACE_CLEANUP_DELAY=cleanup_s,
        TCP_INTERFACE_STABILIZATION_DELAY=stabilization_s,
        TCP_PUBKEY_SYNC_DELAY=delay_s,
        **QUICK_SILENCE,
    )
    journal.wait_for(COMPLETE)
    node.go_silent()
    line = journal.wait_for("SILENCE TCP")
    silent_s = journal.time_of("SILENCE TCP")
    assert re.search(r"\[INFO\] ⚠️ SILENCE TCP: \d+s sans paquet \(max: 0\.9s\)$", line)
    back_s = journal.time_of(RECONNECTED)
    assert cleanup_s + stabilization_s <= back_s - silent_s + 0.05
    assert back_s - silent_s < cleanup_s + stabilization_s + LATE_S
    keys_s = journal.time_of(COMPLETE, times=2)
    assert delay_s - 0.05 <= keys_s - back_s < delay_s + LATE_S
    in_order(
        journal,
        "⚠️ SILENCE TCP: ",
        "🔄 Tentative de reconnexion TCP n°1, après : silence",
        RECONNECTED,
        "🔑 Synchronisation clés publiques programmée dans 0.5s...",
        "🔑 Démarrage synchronisation clés publiques différée...",
        "🔄 Starting public key synchronization to interface.nodes...",
        "✅ SYNC COMPLETE: 12 public keys synchronized (12 injectées, 0 déjà présentes)",
    )
    assert journal.count("Reconnexion TCP") == 1
    assert journal.count("SILENCE TCP") == 1
    assert node.max_connections_open == 1
    interface = bot.interface
    assert interface is not None and interface.nodesByNum is not None
    assert node.peers[0].num in interface.nodesByNum


@pytest.mark.slow
def test_with_the_skip_flag_the_periodic_sync_brings_the_keys(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(
        node,
        TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True,
        TCP_PUBKEY_SYNC_DELAY=0.05,
        PUBKEY_SYNC_INTERVAL=1.0,
    )
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    back_s = journal.time_of(RECONNECTED)
    assert journal.time_of(COMPLETE, times=2) - back_s < 1.0 + LATE_S
    in_order(
        journal,
        RECONNECTED,
        "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)",
        "   Prochaine sync au prochain cycle périodique (1s)",
        "✅ SYNC COMPLETE: 12 public keys synchronized (12 injectées, 0 déjà présentes)",
    )
    assert journal.count("programmée") == 0
    assert journal.count("différée...") == 0


def test_the_skip_line_gives_the_default_interval_in_minutes(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(
        node,
        TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True,
        PUBKEY_SYNC_INTERVAL=MeshBot.PUBKEY_SYNC_INTERVAL,
    )
    journal.wait_for(CONNECTED)
    node.close_by_fin()
    line = journal.wait_for("Prochaine sync")
    assert line.endswith("[INFO]    Prochaine sync au prochain cycle périodique (5min)")


def test_the_default_delay_is_announced_as_30s(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_PUBKEY_SYNC_DELAY=MeshBot.TCP_PUBKEY_SYNC_DELAY)
    journal.wait_for(CONNECTED)
    node.close_by_fin()
    line = journal.wait_for("programmée")
    assert line.endswith("[INFO] 🔑 Synchronisation clés publiques programmée dans 30s...")


@pytest.mark.slow
def test_a_deferred_sync_leaves_a_newer_interface_alone(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_PUBKEY_SYNC_DELAY=3.0)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    node.close_by_fin()
    journal.wait_for(RECONNECTED, times=2)
    journal.wait_for("ℹ️ Interface changée pendant le délai, skip sync")
    journal.wait_for(COMPLETE, times=2)  # the second reconnection's own
    assert journal.count("Démarrage synchronisation") == 1


@pytest.mark.slow
def test_a_deferred_sync_does_not_run_during_a_reconnection(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_PUBKEY_SYNC_DELAY=2.0)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for("programmée")
    node.refuse_for(None)
    journal.wait_for("ℹ️ Reconnexion en cours, skip sync différé")
    assert journal.count(COMPLETE) == 1
    node.accept_again()
    journal.wait_for(COMPLETE, times=2)


def test_the_deferred_sync_uses_the_interface_it_was_scheduled_for(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    calls: list[tuple[object, bool]] = []
    called = threading.Event()

    def sync(interface: object, force: bool = False) -> int:
        calls.append((interface, force))
        called.set()
        return 0

    monkeypatch.setattr(bot.node_manager, "sync_pubkeys_to_interface", sync)
    node.close_by_fin()
    assert called.wait(WAIT_S)
    assert calls[0] == (bot.interface, True)


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.11"])
@pytest.mark.slow
def test_a_quiet_mesh_is_no_dead_link(
    firmware: str, start_bot: BotFactory, journal: Journal
) -> None:
    """Several silent timeouts without a mesh packet, on firmware that answers heartbeats or not."""
    with SimulatedNode(firmware=firmware) as node:
        start_bot(node, TCP_SILENT_TIMEOUT=2.4, TCP_PROBE_TIMEOUT=0.8, TCP_HEARTBEAT_INTERVAL=0.4)
        journal.wait_for(COMPLETE)
        asked = "heartbeats_received" if firmware == "2.7.11" else "admin_requests_received"
        before = node.read(lambda n: getattr(n, asked))
        assert node.wait_until(lambda n: getattr(n, asked) >= before + 6, WAIT_S)
        assert node.connections_total == 1
    assert journal.count("SILENCE") == 0


@pytest.mark.parametrize(
    "sign_of_life",
    [
        mesh_pb2.FromRadio(queueStatus=mesh_pb2.QueueStatus(free=16, maxlen=16)),
        mesh_pb2.FromRadio(log_record=mesh_pb2.LogRecord(message="GPS: no fix")),
    ],
    ids=["queueStatus", "log record"],
)
@pytest.mark.slow
def test_anything_the_node_sends_proves_it_alive(
    sign_of_life: mesh_pb2.FromRadio, start_bot: BotFactory, journal: Journal
) -> None:
    """No question is needed while the node says something, whatever it is."""
    with SimulatedNode() as node:
        start_bot(node, TCP_HEARTBEAT_INTERVAL=2.0)
        journal.wait_for(COMPLETE)
        for _ in range(12):
            node.send_from_radio(sign_of_life)
            node.wait_until(lambda n: n.heartbeats_received > 0, 0.2)
        assert node.read(lambda n: n.heartbeats_received) == 0
        assert node.connections_total == 1
    assert journal.count("SILENCE") == 0


@pytest.mark.slow
def test_a_busy_node_still_hears_from_us(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_KEEPALIVE_INTERVAL=0.3, TCP_HEARTBEAT_INTERVAL=30, TCP_SILENT_TIMEOUT=30)
    journal.wait_for(COMPLETE)
    node.start_traffic(0.02)
    assert node.wait_until(lambda n: n.heartbeats_received >= 3, WAIT_S)


@pytest.mark.parametrize("ending", ["close_by_fin", "close_by_rst", "rst_mid_frame"])
def test_a_link_closed_by_the_node_is_back_at_once(
    ending: str, node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_INTERFACE_CLEANUP_DELAY=60, TCP_INTERFACE_STABILIZATION_DELAY=0.1)
    journal.wait_for(COMPLETE)
    getattr(node, ending)()
    closed_s = time.monotonic()
    line = journal.wait_for("Tentative de reconnexion TCP")
    assert ("FIN" if ending == "close_by_fin" else "RST") in line
    assert journal.time_of(RECONNECTED) - closed_s < LATE_S
    assert node.max_connections_open == 1


def test_each_attempt_is_announced_in_lower_case_with_its_cause(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node)
    journal.wait_for(CONNECTED)
    node.refuse_for(None)
    journal.wait_for("reconnexion", times=4)
    node.accept_again()
    journal.wait_for(RECONNECTED)
    attempts = [line for line in journal.lines if "reconnexion" in line]
    assert all("Reconnexion TCP" not in line for line in attempts)
    assert "fermée par le nœud" in attempts[0] or "RST" in attempts[0]
    assert all("refusée" in line for line in attempts[1:])
    assert journal.count("Reconnexion TCP") == 1


def test_a_node_away_at_start_up_is_said_once_and_waited_for(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    node.refuse_for(None)
    start_bot(node)
    line = journal.wait_for("impossible")
    assert "[WARNING]" in line and "refusée" in line
    node.accept_again()
    journal.wait_for(CONNECTED)
    journal.wait_for("Liaison rétablie après")
    assert journal.count("impossible") == 1
    assert journal.count("Reconnexion TCP") == 0


def test_an_unknown_host_is_said_once_and_tried_again(
    start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(environment={"MESHBOT_TCP_HOST": "no-such-node.invalid"})
    line = journal.wait_for("nom no-such-node.invalid introuvable")
    assert "[WARNING]" in line


@pytest.mark.slow
def test_a_node_that_never_finishes_its_configuration_is_given_up_and_tried_again(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    node.hang_handshake_after = 5
    start_bot(node, TCP_HANDSHAKE_TIMEOUT=0.3)
    journal.wait_for("n'achève pas l'envoi de sa configuration")
    node.hang_handshake_after = None
    journal.wait_for(CONNECTED)
    assert node.max_connections_open == 1


@pytest.mark.slow
def test_a_slow_handshake_is_not_a_dead_one(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    node.frame_interval_s = 0.07
    start_bot(node, TCP_HANDSHAKE_TIMEOUT=2.0)
    journal.wait_for(CONNECTED)
    assert node.connections_total == 1


def test_a_reconnection_downloads_the_configuration_only(
    start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(peers=100) as node:
        start_bot(node)
        journal.wait_for(COMPLETE)
        full_frames = node.frames_sent_this_connection
        node.close_by_fin()
        journal.wait_for(RECONNECTED)
        assert node.frames_sent_this_connection < full_frames - 99
        requests = node.read(lambda n: list(n.config_requests))
        assert requests[0] != 69420
        assert requests[1:] == [69420]
        journal.wait_for("✅ SYNC COMPLETE: 100 public keys", times=2)


def test_without_light_reconnect_every_session_is_a_full_one(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_LIGHT_RECONNECT=False)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    assert 69420 not in node.read(lambda n: list(n.config_requests))


def test_a_node_that_resets_big_dumps_is_used_without_its_database(
    start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(peers=200) as node:
        node.reset_dumps_over = 150
        start_bot(node)
        journal.wait_for(CONNECTED)
        journal.wait_for("pendant l'envoi de la base du nœud")
        journal.wait_for("SYNC COMPLETE: 150 public keys")
        assert node.connections_total == 2


@pytest.mark.slow
def test_a_download_that_stands_still_is_kept_and_not_asked_for_again(
    start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(peers=200) as node:
        node.hang_handshake_after = 150
        bot = start_bot(node, TCP_HANDSHAKE_TIMEOUT=0.4)
        journal.wait_for("pendant l'envoi de la base du nœud")
        node.hang_handshake_after = None
        journal.wait_for(COMPLETE)
        assert node.read(lambda n: list(n.config_requests))[-1] == 69420
        assert bot.node_manager.count() > 100


@pytest.mark.slow
def test_a_node_that_only_chatters_during_the_handshake_is_given_up(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Bytes come all the time, but the configuration stands still."""
    node.hang_handshake_after = 5
    start_bot(node, TCP_HANDSHAKE_TIMEOUT=0.5)
    chatter = mesh_pb2.FromRadio(log_record=mesh_pb2.LogRecord(message="still here"))
    for _ in range(100):
        node.send_from_radio(chatter)
        if node.wait_until(lambda n: n.connections_total > 1, 0.05):
            break
    journal.wait_for("n'achève pas l'envoi de sa configuration")


def test_a_reconnection_that_counts_while_the_bot_stops_is_no_trouble(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    bot._deferred_syncs.cancel()  # as stop() does first of all
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    bot.stop()
    assert journal.count("programmée") == 0


@pytest.mark.slow
def test_another_client_is_named_yielded_to_and_outlived(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """It takes the node each time the bot returns, and goes away in the end."""
    lasting_s, yield_s = 5.0, 3.0
    start_bot(
        node,
        TCP_LASTING_SESSION=lasting_s,
        TCP_YIELD_FIRST=yield_s,
        TCP_YIELD_MAX=2 * yield_s,
    )
    journal.wait_for(COMPLETE)
    with contextlib.ExitStack() as rivals:
        for cuts in range(3):
            if cuts:
                journal.wait_for(RECONNECTED, times=cuts)
            rival = socket.create_connection(("127.0.0.1", node.port), WAIT_S)
            rivals.enter_context(contextlib.closing(rival))
        line = journal.wait_for("un autre client")
        assert "coupé 3 liaisons" in line
        yielded_s = journal.time_of("un autre client")
        assert journal.time_of(RECONNECTED, times=3) - yielded_s >= 0.75 * yield_s
        # Undisturbed for long enough, the next loss is an ordinary one again.
        assert not node.wait_until(lambda n: n.connections_open == 0, lasting_s + 0.2)
        lost_s = time.monotonic()
        node.close_by_fin()
        assert journal.time_of(RECONNECTED, times=4) - lost_s < yield_s
        assert journal.count("un autre client") == 1


@pytest.mark.slow
def test_fifty_reconnections_leave_nothing_behind(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(
        node,
        TCP_INTERFACE_STABILIZATION_DELAY=0.02,
        TCP_LASTING_SESSION=0.001,
        TCP_PUBKEY_SYNC_DELAY=0.01,
    )
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    threads, descriptors = threading.active_count(), len(open_descriptors())
    endings = itertools.cycle((node.close_by_fin, node.close_by_rst))
    for count in range(50):
        next(endings)()
        journal.wait_for(COMPLETE, times=count + 3)
    assert journal.count("Reconnexion TCP") == 51
    assert node.connections_total == 52
    assert node.max_connections_open == 1
    assert threading.active_count() <= threads
    assert len(open_descriptors()) <= descriptors
    assert not bot.reconnecting


def test_ten_requests_at_once_make_one_reconnection(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    start = threading.Barrier(10)

    def ask() -> None:
        start.wait(WAIT_S)
        bot.request_reconnection("le test")

    askers = [threading.Thread(target=ask, name=f"asker-{index}") for index in range(10)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(WAIT_S)
    line = journal.wait_for("reconnexion")
    assert line.endswith("demandée par le test")
    journal.wait_for(COMPLETE, times=2)
    assert journal.count("Reconnexion TCP") == 1
    assert node.connections_total == 2
    assert node.max_connections_open == 1


@pytest.mark.slow
def test_a_wall_clock_that_jumps_a_year_causes_neither_a_silence_nor_a_sync(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    with freeze_time("1970-01-01 00:10:00") as frozen:
        start_bot(node, PUBKEY_SYNC_INTERVAL=300, TCP_HEARTBEAT_INTERVAL=0.2)
        journal.wait_for(COMPLETE)
        lines = len(journal.lines)
        for year in (1, 55, -1):
            frozen.tick(timedelta(days=365 * year))
            asked = node.read(lambda n: n.heartbeats_received)
            assert node.wait_until(partial(heard_more_than, count=asked + 1), WAIT_S)
    assert journal.lines[lines:] == []
    assert node.connections_total == 1


def test_a_packet_of_a_replaced_interface_is_dropped(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    old = bot.interface
    assert old is not None
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    stranger = mesh_pb2.MeshPacket(to=node.num, id=5, rx_snr=1.0)
    setattr(stranger, "from", 0x12345678)
    message = mesh_pb2.FromRadio(packet=stranger)
    old._receiver.dispatch(message, message.SerializeToString())
    node.hear_telemetry(node.peers[0])
    assert _heard(bot, node.peers[0].num)
    assert bot.node_manager.node(0x12345678) is None


def has_connections(node: SimulatedNode, count: int) -> bool:
    return node.connections_total >= count


def heard_more_than(node: SimulatedNode, count: int) -> bool:
    return node.heartbeats_received > count


def _heard(bot: MeshBot, num: int) -> bool:
    """Wait until the bot has noted a packet of ``num``."""
    deadline_s = time.monotonic() + WAIT_S
    idle = threading.Event()
    while time.monotonic() < deadline_s:
        known = bot.node_manager.node(num)
        if known is not None and known.heard_s is not None:
            return True
        idle.wait(0.01)
    return False


def bring_about(state: str, node: SimulatedNode, journal: Journal) -> None:
    """Bring a link that is up into a state."""
    if state == "silent":
        node.go_silent()
    elif state == "refused":
        node.refuse_for(None)
        journal.wait_for("reconnexion", times=2)
    elif state == "not_reading":
        node.stop_reading()


@pytest.mark.parametrize(
    "state", ["before", "connecting", "handshake", "up", "silent", "refused", "not_reading"]
)
def test_the_bot_stops_quickly_in_every_state(
    state: str, node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    if state == "before":
        node.refuse_for(None)
    elif state == "handshake":
        node.hang_handshake_after = 3
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers: list[socket.socket] = []
    environment = {}
    if state == "connecting":  # a full backlog drops our SYNs
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        environment = {"MESHBOT_TCP_PORT": str(listener.getsockname()[1])}
    bot = start_bot(
        node,
        environment=environment,
        TCP_CONNECT_TIMEOUT=30,
        TCP_HANDSHAKE_TIMEOUT=30,
        TCP_SILENT_TIMEOUT=30,
        TCP_PUBKEY_SYNC_DELAY=30,
    )
    if state == "handshake":
        assert node.wait_until(lambda n: len(n.config_requests) > 0, WAIT_S)
    elif state not in ("before", "connecting"):
        journal.wait_for(COMPLETE)
        bring_about(state, node, journal)
    started_s = time.monotonic()
    bot.stop()
    assert time.monotonic() - started_s < 2.0 + LATE_S
    for opened in (*fillers, listener):
        opened.close()
    assert not [t.name for t in threading.enumerate() if t.name in ("link", "bot-worker")]
    assert logging.getLogger().level == logging.INFO
