"""What the page is told of a whole bot, on a node on a real socket."""

import threading
from collections.abc import Iterator

import pytest

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.status.bot_live_view import BotLiveView
from meshbot.status.page.live_view import Fate, KeyState
from tests.support.eventually import eventually
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow


@pytest.fixture
def bot(quick_bot: BotFactory, node: SimulatedNode, journal: Journal) -> MeshBot:
    started = quick_bot(node)
    journal.wait_for("SYNC COMPLETE")
    return started


@pytest.fixture
def view(bot: MeshBot) -> Iterator[BotLiveView]:
    live = bot.new_live_view()
    live.start()
    yield live
    assert live.stop(WAIT_S)
    assert "live-reading" not in {thread.name for thread in threading.enumerate()}


def test_the_link_is_told_with_its_outage(
    view: BotLiveView, node: SimulatedNode, journal: Journal
) -> None:
    link = view.link()
    assert (link.is_up, link.cause, link.attempts) == (True, "", 0)
    assert link.where == f"127.0.0.1:{node.port}"
    assert abs(view.now_s() - link.since_s) < WAIT_S
    assert view.link() == link, "nothing ticks"
    node.refuse_for(None)
    node.close_by_rst()
    eventually(lambda: view.link().attempts >= 2)
    down = view.link()
    assert not down.is_up
    assert "refusée" in down.cause
    assert down.since_s > link.since_s
    assert abs(view.link().since_s - down.since_s) < 2
    node.accept_again()
    eventually(lambda: view.link().is_up)
    journal.wait_for("Reconnexion TCP réussie")
    assert view.link().reconnections_hour == 1


def test_the_day_and_the_verdict_are_read_by_a_thread_of_its_own(
    view: BotLiveView, node: SimulatedNode, journal: Journal
) -> None:
    assert view.verdict() is None
    day = view.day()
    assert day.pieces == ()
    eventually(view.verdict)
    verdict = view.verdict()
    assert verdict is not None
    assert verdict.headline
    assert verdict.to_do
    node.close_by_rst()
    journal.wait_for("Reconnexion TCP réussie")
    eventually(lambda: len(view.day().outages) > len(day.outages))
    eventually(lambda: any("RST" in piece.cause for piece in view.day().outages))
    assert view.day() is view.day(), "made once while nothing changes"


def test_nodes_are_told_with_their_keys(
    bot: MeshBot, view: BotLiveView, node: SimulatedNode
) -> None:
    bot.node_manager.sync_pubkeys_to_interface(bot.interface, force=True)
    nodes = view.nodes()
    assert nodes.known == bot.node_manager.count()
    rows = {row.id: row for row in nodes.rows}
    assert f"!{node.num:08x}" not in rows
    peer = node.peer(0)
    assert rows[f"!{peer.num:08x}"].name == peer.long_name
    assert rows[f"!{peer.num:08x}"].key is KeyState.IN_PLACE
    node.hear_node_info(peer, public_key=bytes(range(32)))
    eventually(view.waiting_keys)
    (key,) = view.waiting_keys()
    assert (key.name, key.id) == (peer.long_name, f"!{peer.num:08x}")
    assert key.offered == "AAECAwQFBgcI"
    assert len(key.known) == 12
    assert next(row for row in view.nodes().rows if row.id == key.id).key is KeyState.WAITING
    assert view.nodes() == view.nodes(), "nothing ticks"


def test_messages_are_told_with_what_became_of_them(view: BotLiveView, node: SimulatedNode) -> None:
    node.hear_text(node.peer(1), "/ping")
    eventually(lambda: any(row.fate is Fate.DELIVERED for row in view.messages()))
    answer, question = view.messages()
    assert (question.text, question.fate) == ("/ping", Fate.HEARD)
    assert question.name == node.peer(1).long_name
    assert answer.text.startswith("pong")
    node.set_reachable(node.peer(2), False)
    node.hear_text(node.peer(2), "/ping")
    eventually(lambda: any(row.fate is Fate.FAILED for row in view.messages()))
    failed = next(row for row in view.messages() if row.fate is Fate.FAILED)
    assert failed.why


def test_the_rest_is_told(bot: MeshBot, view: BotLiveView, node: SimulatedNode) -> None:
    bot.log_state()
    assert "État : liaison établie" in view.log_lines()[-1]
    assert view.clients() is None
    own = view.own_node()
    assert (own.id, own.firmware) == (f"!{node.num:08x}", "2.7.11")
    assert own.name == node.long_name


def test_a_held_database_and_a_busy_worker_hold_up_no_answer(
    bot: MeshBot, view: BotLiveView
) -> None:
    """Each answer comes while the worker stands still and the database's lock is taken."""
    goes_on, stands = threading.Event(), threading.Event()

    def stand() -> None:
        stands.set()
        goes_on.wait(2 * WAIT_S)

    told: list[object] = []
    bot._worker.post(stand)
    assert stands.wait(WAIT_S)
    try:
        with bot._store.database._lock:
            asking = threading.Thread(
                target=lambda: told.extend(
                    [
                        *(view.link(), view.day(), view.nodes(), view.waiting_keys()),
                        *(view.messages(), view.log_lines(), view.clients(), view.own_node()),
                    ]
                )
            )
            asking.start()
            asking.join(WAIT_S)
            assert not asking.is_alive()
            eventually(view.verdict)  # read on a connection of its own
    finally:
        goes_on.set()
    assert len(told) == 8


def test_clients_of_the_shared_node_are_told(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    bot = quick_bot(node, environment={"MESHBOT_SHARE_PORT": "1"})
    view = bot.new_live_view()
    assert view.clients() == ()
