"""Who is answered, and when, while made-up numbers ask for as much as they may, over real sockets.

The attackers stay below the flood limit of each number, as was seen on a real mesh. They write
under the channel key, which firmware 2.5 hands over; so who they are is proved by nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
ATTACKERS = 21
TWO_HOURS_S = 7_200.0
ANSWERED_S = 10.0
"""So soon a regular has his answer, whatever others ask."""
MOST_BETWEEN = 3
"""So many texts may go to others meanwhile: one under way, one of a lower rank, one to spare."""


def made_up(count: int) -> list[SimulatedPeer]:
    """Return so many numbers of one radio, within reach."""
    return [replace(peer, hops_away=0) for peer in make_peers(count, seed=66)]


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    with SimulatedNode(firmware="2.5.20") as simulated:
        yield simulated


def known_for_two_hours(node: SimulatedNode, start: BotFactory, journal: Journal) -> None:
    """Have a bot meet everybody on the mesh two hours ago."""
    bot = start(node, wall_clock=lambda: time.time() - TWO_HOURS_S)
    journal.wait_for(COMPLETE)
    bot.stop()
    journal.forget()


def attack(node: SimulatedNode, numbers: list[SimulatedPeer], *commands: str) -> None:
    for command in commands:
        for peer in numbers:
            node.hear_text(peer, command, via_channel=True)


def texts_before(node: SimulatedNode, num: int, already: int) -> int:
    """Return how many texts went to others since ``already``, until the first to ``num``."""
    since = node.read(lambda n: [text.to for text in n.texts_on_air][already:])
    return since.index(num)


def test_a_regular_has_his_answer_in_the_midst_of_an_attack(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    known_for_two_hours(node, quick_bot, journal)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    numbers, regular = made_up(ATTACKERS), node.peers[0]
    attack(node, numbers, "/nodes", "/help", "/keys", "/my", "/sys")
    for times in range(1, 4):
        assert node.wait_until(lambda n: len(n.texts_on_air) >= 3, WAIT_S)
        already = node.read(lambda n: len(n.texts_on_air))
        node.hear_text(regular, "/ping")
        wait_text(node, regular.num, times=times)
        assert texts_before(node, regular.num, already) <= MOST_BETWEEN


def test_an_honest_stranger_comes_before_those_who_ask_for_much(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    *numbers, honest = made_up(ATTACKERS + 1)
    attack(node, numbers, "/nodes")
    assert node.wait_until(lambda n: len(n.texts_on_air) >= 2, WAIT_S)
    already = node.read(lambda n: len(n.texts_on_air))
    node.hear_text(honest, "/ping", via_channel=True)
    wait_text(node, honest.num)
    assert texts_before(node, honest.num, already) <= MOST_BETWEEN


def test_made_up_numbers_take_no_more_of_the_air_than_they_may(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """Their share of the hour is gone soon; who is known goes on being answered."""
    known_for_two_hours(node, quick_bot, journal)
    quick_bot(node, AIR_BUDGET=5.0, AIR_BUDGET_STRANGERS=0.4, TEXT_INTERVAL=0.11)
    journal.wait_for(COMPLETE)
    attack(node, made_up(ATTACKERS), "/nodes", "/help")
    journal.wait_for("🐢 Temps d'antenne des inconnus sans preuve épuisé (0,2 % de l'heure)")
    already = node.read(lambda n: len(n.texts_on_air))
    assert already <= 8
    for times, regular in enumerate(node.peers[:3], start=1):
        node.hear_text(regular, "/ping")
        wait_text(node, regular.num)
        assert node.read(lambda n: len(n.texts_on_air)) == already + times


def test_the_same_command_sent_twice_is_answered_once(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.fill_queue()
    for text in ("/ping", "/PING", "／ping\ufe0f"):
        node.hear_text(first, text)
    node.hear_text(second, "/ping")
    journal.wait_for("📩", times=2)
    node.free_queue()
    wait_text(node, second.num)
    node.hear_text(first, "/my")
    wait_text(node, first.num, lambda text: "clé" in text)
    assert len(texts_to(node, first.num)) == 2


@pytest.mark.slow
def test_a_regular_has_his_answer_within_ten_seconds_at_the_true_pace(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    known_for_two_hours(node, start_bot, journal)
    start_bot(node, TEXT_INTERVAL=2.5)
    journal.wait_for(COMPLETE)
    numbers, regular = made_up(ATTACKERS), node.peers[0]
    attack(node, numbers, "/nodes", "/help", "/keys", "/my", "/sys")
    assert node.wait_until(lambda n: bool(n.texts_on_air), WAIT_S)
    for times in range(1, 3):
        heard_s = time.monotonic()
        node.hear_text(regular, "/ping")
        wait_text(node, regular.num, times=times)
        assert time.monotonic() - heard_s < ANSWERED_S
    assert not node.read(lambda n: n.texts_dropped)


def test_a_program_that_asks_on_and_on_leaves_half_of_the_air_to_others(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """A regular one, which no flood limit stops: ten texts are all that the hour holds here."""
    known_for_two_hours(node, quick_bot, journal)
    quick_bot(node, AIR_BUDGET=0.2, AIR_BUDGET_STRANGERS=0.2, FLOOD_BURST=50)
    journal.wait_for(COMPLETE)
    program, other = node.peers[:2]
    for number in range(6):
        node.hear_text(program, f"/keys x{number}")
    journal.wait_for("🐢 La réponse à ‹Alice› (!e80e97e8) attend que l'antenne soit libre")
    assert len(texts_to(node, program.num)) == 5
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    assert len(texts_to(node, program.num)) == 5
