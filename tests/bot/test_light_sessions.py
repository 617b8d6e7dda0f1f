"""Sessions without the node's database, on a node or a relay that does not understand the request.

Over real sockets; what follows from what is in tests/link/test_download_choice.py.
"""

import threading
import time

import pytest
from meshtastic.protobuf import mesh_pb2

import main_bot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.capture import PATHS, Capture
from tests.support.captured_node import CapturedNode
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

CONNECTED = "✅ Connexion TCP établie"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
COMPLETE = "✅ SYNC COMPLETE"
GIVEN_UP = "redemande la base entière à chaque reconnexion"
LIGHT = 69420
PROBE_S = 0.4


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_bot, "MISANSWERED_S", 0.2)


def lights(node: SimulatedNode) -> list[bool]:
    """Return of each session so far whether it was a light one."""
    return [asked == LIGHT for asked in node.read(lambda n: list(n.config_requests))]


@pytest.mark.parametrize("answer", ["never", "wrong_id"])
def test_two_light_ones_that_fail_are_followed_by_full_ones(
    answer: str, node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_PROBE_TIMEOUT=PROBE_S, TCP_INTERFACE_CLEANUP_DELAY=WAIT_S)
    journal.wait_for(COMPLETE)
    node.answers_light = answer  # type: ignore[assignment]
    lost_s = time.monotonic()
    node.close_by_rst()
    assert journal.time_of(RECONNECTED) - lost_s < 2 * PROBE_S + 1.0 + LATE_S
    assert lights(node) == [False, True, True, False]
    journal.wait_for(GIVEN_UP)
    node.close_by_rst()
    journal.wait_for(RECONNECTED, times=2)
    assert lights(node) == [False, True, True, False, False]
    assert journal.count(GIVEN_UP) == 1
    assert node.max_connections_open == 1
    cause = "n'achève pas" if answer == "never" else "envoie une autre configuration que celle"
    assert journal.count(f"après : le nœud {cause}") == 2
    assert journal.count("SILENCE") == 0


class OlderAnswerFirst(CapturedNode):
    """A relay that passes on what somebody else had asked for, and some time later what we did."""

    LATE_S = 1.2

    def _answer(self, message: mesh_pb2.ToRadio) -> None:
        if message.want_config_id:
            older = mesh_pb2.FromRadio(config_complete_id=message.want_config_id ^ 1)
            self.send([older.SerializeToString()])
            threading.Event().wait(self.LATE_S)  # one client is served, and this is its thread
        super()._answer(message)


def test_a_relay_that_always_passes_on_an_older_answer_first_is_waited_for_in_the_end(
    start_bot: BotFactory, journal: Journal
) -> None:
    with OlderAnswerFirst(Capture.read(PATHS[0])) as relay:
        start_bot(environment={"MESHBOT_TCP_PORT": str(relay.port)})
        journal.wait_for(CONNECTED)


def test_light_ones_that_do_not_work_for_a_moment_are_not_given_up(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, TCP_PROBE_TIMEOUT=PROBE_S)
    journal.wait_for(COMPLETE)
    node.answers_light = "never"
    node.close_by_rst()
    assert node.wait_until(lambda n: len(n.config_requests) == 2, WAIT_S)
    node.answers_light = "right"
    journal.wait_for(RECONNECTED)
    node.close_by_rst()
    journal.wait_for(RECONNECTED, times=2)
    assert lights(node) == [False, True, True, True]
    assert journal.count(GIVEN_UP) == 0


def test_neither_way_is_given_up_where_the_database_is_too_much_as_well(
    start_bot: BotFactory, journal: Journal
) -> None:
    """Light ones are not answered and full ones are cut: what works first is taken."""
    with SimulatedNode(peers=60) as node:
        start_bot(node, TCP_PROBE_TIMEOUT=PROBE_S)
        journal.wait_for(COMPLETE)
        node.answers_light = "never"
        node.reset_dumps_over = 40
        node.close_by_rst()
        assert node.wait_until(lambda n: len(n.config_requests) >= 6, WAIT_S)
        assert lights(node)[:6] == [False, True, True, False, True, True]
        node.answers_light = "right"
        journal.wait_for(RECONNECTED)


def test_a_node_that_hangs_until_it_restarts_is_not_taken_for_one_without_light_sessions(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Its system accepts connections that nothing serves; then it is away, and whole again."""
    start_bot(node, TCP_PROBE_TIMEOUT=PROBE_S)
    journal.wait_for(COMPLETE)
    node.hang_handshake_after = 0
    node.close_by_rst()
    assert node.wait_until(lambda n: len(n.config_requests) == 4, WAIT_S)
    node.hang_handshake_after = None
    node.reboot(0.5)
    journal.wait_for(RECONNECTED)
    assert lights(node) == [False, True, True, False, True]
    assert journal.count(GIVEN_UP) == 0


def test_a_connection_that_is_never_served_is_tried_again_soon_and_without_a_cleanup(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """As one that lies in the backlog of a node that stops or boots."""
    start_bot(
        node,
        TCP_PROBE_TIMEOUT=PROBE_S,
        TCP_HANDSHAKE_TIMEOUT=WAIT_S,
        TCP_INTERFACE_CLEANUP_DELAY=WAIT_S,
    )
    journal.wait_for(COMPLETE)
    node.hang_handshake_after = 0
    node.close_by_rst()
    assert node.wait_until(lambda n: len(n.config_requests) == 2, WAIT_S)
    asked_s = time.monotonic()
    node.hang_handshake_after = None
    assert journal.time_of(RECONNECTED) - asked_s < PROBE_S + 1.0 + LATE_S
    assert lights(node) == [False, True, True]
    assert node.max_connections_open == 1
