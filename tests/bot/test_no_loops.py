"""Programs that answer programs: none keeps ours talking, over real sockets.

What the bot sends is carried to the other one by the test, which so knows when nothing is left to
say: the bot's worker takes what it hears in order, and tells of each command that it answers.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.simulation.air_text import AirText
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

BROADCAST_NUM = 0xFFFFFFFF
COMPLETE = "✅ SYNC COMPLETE"
CHANNEL = 1
MOST_ROUNDS = 8
WITNESS = 2

Repeat = Callable[[SimulatedNode, AirText], object]
"""What the other program does with a text of the bot's."""


def heard(journal: Journal, peer: SimulatedPeer) -> int:
    """Return how many commands of somebody the bot answered or is about to."""
    return journal.count(f"📩 ‹{peer.long_name}› (")


def rounds_until_silence(nodes: list[SimulatedNode], journal: Journal, repeat: Repeat) -> int:
    """Carry what the bots say to the other program until there is nothing more; count that.

    A witness asks each bot something after each round: once that was heard, all before it was.
    """
    carried = dict.fromkeys(nodes, 0)
    answered = 0
    for number in range(MOST_ROUNDS):
        commands = journal.count("📩")
        if commands == answered:
            return number

        def sent() -> int:
            return sum(len({t.reply_id for t in n.read(_texts)}) for n in nodes)

        for node in nodes:
            assert node.wait_until(lambda _: sent() >= commands, WAIT_S)  # noqa: B023
        for node in nodes:
            for text in node.read(_texts)[carried[node] :]:
                carried[node] += 1
                if text.to != node.peers[WITNESS].num:
                    repeat(node, text)
        answered = commands
        for node in nodes:
            witness = node.peers[WITNESS]
            lines = heard(journal, witness)
            node.hear_text(witness, "/ping")
            journal.wait_for(f"📩 ‹{witness.long_name}› (", times=lines + 1)
            answered += 1
    return MOST_ROUNDS


def _texts(node: SimulatedNode) -> list[AirText]:
    return list(node.texts_on_air)


def echo(node: SimulatedNode, text: AirText) -> None:
    """Repeat each text where it came from."""
    to, channel = (BROADCAST_NUM, CHANNEL) if text.to == BROADCAST_NUM else (None, 0)
    node.hear_text(node.peers[0], text.text, to=to, channel=channel)


def echo_with_command(node: SimulatedNode, text: AirText) -> None:
    """Repeat it behind a command of one's own."""
    echo(node, replace(text, text="/echo " + text.text))


def echo_with_count(node: SimulatedNode, text: AirText) -> None:
    """Repeat it behind a command, each time with something else in it."""
    count = node.read(lambda n: len(n.texts_on_air))
    echo(node, replace(text, text=f"/echo ({count}) {text.text}"))


def quote(node: SimulatedNode, text: AirText) -> None:
    """Repeat it as a quotation."""
    echo(node, replace(text, text="> " + text.text))


def relay(node: SimulatedNode, text: AirText) -> None:
    """Bring it back under somebody else's number, to the bot and to everybody."""
    node.hear_text(node.peers[1], text.text)
    node.hear_text(node.peers[1], text.text, to=BROADCAST_NUM, channel=CHANNEL)


@pytest.mark.parametrize("repeat", [echo, echo_with_command, echo_with_count, quote, relay])
@pytest.mark.parametrize("on_channel", [False, True], ids=["direct", "channel"])
def test_a_program_that_repeats_what_we_say_gets_no_conversation(
    repeat: Repeat,
    on_channel: bool,
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    quick_bot(node, environment={"MESHBOT_ANSWER_CHANNELS": str(CHANNEL)})
    journal.wait_for(COMPLETE)
    to, channel = (BROADCAST_NUM, CHANNEL) if on_channel else (None, 0)
    for command in ("/ping", "/nodes", "/foo"):
        node.hear_text(node.peers[0], command, to=to, channel=channel)
    commands = 2 if on_channel else 3  # on a channel "/foo" is somebody else's
    journal.wait_for("📩", times=commands)
    rounds = rounds_until_silence([node], journal, repeat)
    assert rounds <= 3
    assert heard(journal, node.peers[0]) <= commands + 1
    assert heard(journal, node.peers[1]) == 0


def test_two_of_our_bots_do_not_talk_to_each_other(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """Not on a channel that both answer, and not when somebody asks one in the other's name."""
    with SimulatedNode(traits=SimulatedTraits(seed=2)) as other:
        for index, one in enumerate((node, other)):
            environment = {
                "MESHBOT_ANSWER_CHANNELS": str(CHANNEL),
                "MESHBOT_DATABASE_PATH": str(tmp_path / f"{index}.db"),
            }
            quick_bot(one, environment=environment)
        journal.wait_for(COMPLETE, times=2)
        as_heard = {
            one: replace(peer, num=one.num, long_name="Bot", hops_away=0)
            for one, peer in zip((node, other), make_peers(2, seed=77), strict=True)
        }
        node.learn(as_heard[other])
        other.learn(as_heard[node])

        def carry(source: SimulatedNode, text: AirText) -> None:
            target = other if source is node else node
            if text.to == BROADCAST_NUM:
                target.hear_text(as_heard[source], text.text, to=text.to, channel=CHANNEL)
            elif text.to == target.num:
                target.hear_text(as_heard[source], text.text, reply_id=text.reply_id)

        for one in (node, other):
            one.hear_text(one.peers[1], "/ping", to=BROADCAST_NUM, channel=CHANNEL)
        for command in ("/help", "/foo"):
            node.hear_text(as_heard[other], command)
        journal.wait_for("📩", times=4)
        assert rounds_until_silence([node, other], journal, carry) <= 2
        assert journal.count("📩") - heard(journal, node.peers[WITNESS]) == 4
