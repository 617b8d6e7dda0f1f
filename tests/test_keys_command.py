"""``main_bot.py keys`` on a real database, with a bot that obeys in the same process, or none."""

import argparse
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fakes import Clock
from meshtastic.protobuf import mesh_pb2

from key_trust import base64_text
from keys_command import MAX_LISTED, KeysCommand, add_arguments
from known_node import node_id
from node_manager import NodeManager
from storage import KeyOrder, Storage

ANN, BOB, EVE = 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
FIRST, SECOND, THIRD, FOURTH = (bytes([byte]) * 32 for byte in (1, 2, 3, 4))
NOW = 1_700_000_000
DATE = datetime.fromtimestamp(NOW).strftime("le %d/%m/%Y à %H:%M")

OBEYED = "✅ Pris en compte par le bot"
NOT_OBEYED = "⏳ Le bot ne tourne pas, ou ne répond pas : ce sera fait à son prochain démarrage"


class Bot:
    """The part of the bot that keys are of concern to, on its own connection to the database."""

    def __init__(self, path: Path, simulated: bool = False) -> None:
        self.storage = Storage(path, simulated=simulated)
        self.storage.open()
        self.nodes = NodeManager(self.storage, wall_clock=Clock(float(NOW)))
        self.nodes.load()
        self.slept_s: list[float] = []

    def hear(self, num: int, key: bytes, name: str = "") -> None:
        self.nodes.learn_from_air(num, mesh_pb2.User(long_name=name, public_key=key))

    def obey(self, seconds: float) -> None:
        """Obey while the command sleeps, as the bot does on a thread of its own process."""
        self.slept_s.append(seconds)
        self.nodes.obey_orders()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def bot(path: Path) -> Iterator[Bot]:
    """A bot that knows Ann's and Bob's keys, and heard another one of Ann."""
    running = Bot(path)
    running.hear(ANN, FIRST, "Ann")
    running.hear(BOB, THIRD, "Bob")
    running.hear(ANN, SECOND)
    running.nodes.save_heard()
    yield running
    running.storage.close()


def keys(
    path: Path,
    *words: str,
    sleep: Callable[[float], object] = lambda seconds: None,
    simulated: bool = False,
) -> tuple[int, list[str]]:
    """Run the command; return its exit code and what it wrote."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    written: list[str] = []
    command = KeysCommand(path, simulated=simulated, write=written.append, sleep=sleep)
    code = command.run(parser.parse_args(words))
    return code, "".join(written).splitlines()


def orders_in(path: Path) -> list[KeyOrder]:
    storage = Storage(path)
    storage.open()
    orders = storage.load_orders()
    storage.close()
    return orders


# -- list --------------------------------------------------------------------------------------


def test_the_list_shows_the_nodes_with_keys_that_wait(bot: Bot, path: Path) -> None:
    assert keys(path, "list") == (
        0,
        [
            "2 clés publiques connues, 1 autre clé annoncée à trancher",
            "",
            "Ann (!0000000a)",
            f"  clé connue       {base64_text(FIRST)}",
            f"  autre, annoncée  {base64_text(SECOND)}",
            f"                   entendue {DATE}",
            "                   à trancher : main_bot.py keys accept ou keys refuse",
        ],
    )


def test_a_key_that_is_another_nodes_names_that_one(bot: Bot, path: Path) -> None:
    bot.hear(EVE, THIRD, "Eve")
    bot.nodes.save_heard()
    code, lines = keys(path, "list", "Eve")
    assert (code, lines) == (
        0,
        [
            "Eve (!fffffffe)",
            "  clé connue       aucune",
            f"  autre, annoncée  {base64_text(THIRD)}",
            f"                   entendue {DATE}",
            "                   c'est la clé connue de Bob (!b0b0b0b0)",
            "                   à trancher : main_bot.py keys accept ou keys refuse",
        ],
    )


def test_a_key_that_the_number_speaks_for_is_marked(bot: Bot, path: Path) -> None:
    num = zlib.crc32(SECOND)
    bot.hear(num, FOURTH)
    bot.hear(num, SECOND)
    _, lines = keys(path, "list", node_id(num))
    marked = [line for line in lines if line.endswith("  (CRC-32 = numéro du nœud)")]
    assert marked == [f"  autre, annoncée  {base64_text(SECOND)}  (CRC-32 = numéro du nœud)"]


@pytest.mark.parametrize(
    ("source", "by"), [("radio", "la base de la radio"), ("operator", "l'opérateur")]
)
def test_the_history_and_the_refusals_of_one_node_are_shown(
    bot: Bot, path: Path, source: str, by: str
) -> None:
    bot.storage.add_order(ANN, SECOND, accept=False)
    if source == "operator":
        bot.storage.add_order(ANN, FOURTH, accept=True)
    bot.nodes.obey_orders()
    if source == "radio":
        info = mesh_pb2.NodeInfo(num=ANN, user=mesh_pb2.User(public_key=FOURTH))
        bot.nodes.learn_from_radio([info])
    bot.nodes.save_heard()
    code, lines = keys(path, "list", "ann")
    assert code == 0
    assert lines[:2] == ["Ann (!0000000a)", f"  clé connue       {base64_text(FOURTH)}"]
    assert lines[2:4] == [
        f"  ancienne         {base64_text(FIRST)}",
        f"                   remplacée {DATE} par {by}",
    ]
    assert lines[4:] == [f"  refusée          {base64_text(SECOND)}", f"                   {DATE}"]
    assert keys(path, "list")[1] == ["2 clés publiques connues, 0 autre clé annoncée à trancher"]


@pytest.mark.parametrize(("action", "said"), [("accept", "acceptée"), ("refuse", "refusée")])
def test_a_decision_that_the_bot_has_yet_to_obey_is_shown(
    bot: Bot, path: Path, action: str, said: str
) -> None:
    keys(path, action, "Ann")
    assert keys(path, "list")[1][-1] == f"                   {said}, dès que le bot tournera"


def test_the_last_of_two_decisions_is_shown(bot: Bot, path: Path) -> None:
    keys(path, "accept", "Ann")
    keys(path, "refuse", "Ann")
    assert keys(path, "list")[1][-1] == "                   refusée, dès que le bot tournera"


def test_a_long_list_is_cut(bot: Bot, path: Path) -> None:
    for num in range(100, 100 + MAX_LISTED + 4):
        bot.hear(num, THIRD, f"Node{num}")
    _, lines = keys(path, "list")
    assert sum("autre, annoncée" in line for line in lines) == MAX_LISTED
    assert lines[-2:] == ["", "… et 5 autres nœuds"]


def test_a_name_cannot_write_lines_or_commands_of_the_terminal(bot: Bot, path: Path) -> None:
    bot.hear(EVE, THIRD, "x\n\x1b[2J✅")
    _, lines = keys(path, "list", node_id(EVE))
    assert not [line for line in lines if "\x1b" in line or line.startswith("✅")]


@pytest.mark.parametrize("action", ["list", "accept", "refuse"])
def test_an_unknown_node_is_an_error(bot: Bot, path: Path, action: str) -> None:
    assert keys(path, action, "nobody") == (1, ["❌ aucun nœud de ce nom : nobody"])
    assert orders_in(path) == []


@pytest.mark.parametrize("words", [("list",), ("list", "Ann"), ("accept", "Ann")])
def test_without_a_database_there_is_nothing_to_list_and_none_is_made(
    path: Path, words: tuple[str, ...]
) -> None:
    assert keys(path, *words) == (1, [f"❌ Pas encore de base {path} : le bot n'a rien appris"])
    assert not path.exists()


# -- accept and refuse -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ann", "ann", "!0000000a", "0000000A"])
def test_a_running_bot_obeys_and_that_is_said(bot: Bot, path: Path, name: str) -> None:
    assert keys(path, "accept", name, sleep=bot.obey) == (
        0,
        [f"Clé {base64_text(SECOND)} de Ann (!0000000a) acceptée", OBEYED],
    )
    assert bot.slept_s == [0.25]
    assert bot.nodes.public_key(ANN) == SECOND
    assert orders_in(path) == []
    assert keys(path, "list", "Ann")[1][1:3] == [
        f"  clé connue       {base64_text(SECOND)}",
        f"  ancienne         {base64_text(FIRST)}",
    ]


def test_a_refused_key_leaves_the_known_one(bot: Bot, path: Path) -> None:
    assert keys(path, "refuse", "Ann", sleep=bot.obey) == (
        0,
        [f"Clé {base64_text(SECOND)} de Ann (!0000000a) refusée", OBEYED],
    )
    assert bot.nodes.public_key(ANN) == FIRST
    assert bot.nodes.waiting_keys() == []


def test_a_decision_waits_for_a_bot_that_does_not_run(bot: Bot, path: Path) -> None:
    slept_s: list[float] = []
    code, lines = keys(path, "accept", "Ann", sleep=slept_s.append)
    assert (code, lines[1]) == (0, NOT_OBEYED)
    assert sum(slept_s) == pytest.approx(12.0)
    assert [(order.num, order.public_key, order.accept) for order in orders_in(path)] == [
        (ANN, SECOND, True)
    ]
    later = Bot(path)
    later.obey(0.0)
    assert later.nodes.public_key(ANN) == SECOND
    later.storage.close()
    assert orders_in(path) == []


def test_a_bot_that_obeys_at_the_last_moment_has_obeyed(bot: Bot, path: Path) -> None:
    slept: list[float] = []

    def obey_late(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) >= 12.0:
            bot.obey(seconds)

    assert keys(path, "accept", "Ann", sleep=obey_late)[1][-1] == OBEYED


def test_a_key_accepted_for_one_node_is_taken_from_its_holder(bot: Bot, path: Path) -> None:
    bot.hear(EVE, THIRD, "Eve")
    assert keys(path, "accept", "Eve", sleep=bot.obey)[0] == 0
    assert (bot.nodes.public_key(EVE), bot.nodes.public_key(BOB)) == (THIRD, b"")


@pytest.mark.parametrize("action", ["accept", "refuse"])
def test_a_name_of_several_nodes_is_no_decision(bot: Bot, path: Path, action: str) -> None:
    bot.hear(EVE, THIRD, "ann")
    bot.nodes.save_heard()
    assert keys(path, action, "ANN") == (
        1,
        ["❌ plusieurs nœuds de ce nom, donner l'identifiant : Ann (!0000000a), ann (!fffffffe)"],
    )
    assert orders_in(path) == []


def test_of_several_keys_one_must_be_chosen_by_its_beginning(bot: Bot, path: Path) -> None:
    bot.hear(ANN, FOURTH)
    code, lines = keys(path, "accept", "Ann")
    assert code == 1
    (line,) = lines
    start, choices = line.split(" : ")
    assert start == "❌ plusieurs clés annoncées, en choisir une"
    assert sorted(choices.split(", ")) == ["AgICAgICAgIC", "BAQEBAQEBAQE"]
    assert orders_in(path) == []
    assert keys(path, "accept", "Ann", base64_text(FOURTH)[:4], sleep=bot.obey)[0] == 0
    assert bot.nodes.public_key(ANN) == FOURTH


def test_a_whole_key_may_be_given(bot: Bot, path: Path) -> None:
    assert keys(path, "accept", "Ann", base64_text(SECOND), sleep=bot.obey)[1][-1] == OBEYED
    assert bot.nodes.public_key(ANN) == SECOND


@pytest.mark.parametrize("beginning", ["", "AgI"])
def test_too_few_characters_choose_no_key(bot: Bot, path: Path, beginning: str) -> None:
    code, lines = keys(path, "accept", "Ann", beginning)
    assert (code, lines) == (1, ["❌ donner 4 caractères de la clé au moins"])
    assert orders_in(path) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("accept", "Bob"), "à trancher"),
        (("refuse", "Bob"), "à trancher"),
        (("accept", "Bob", base64_text(SECOND)), "qui commence ainsi"),
        (("accept", "Bob", base64_text(THIRD)), "qui commence ainsi"),
    ],
)
def test_a_key_that_was_not_announced_cannot_be_decided_on(
    bot: Bot, path: Path, words: tuple[str, ...], what: str
) -> None:
    assert keys(path, *words) == (
        1,
        [
            f"❌ Bob (!b0b0b0b0) n'a pas d'autre clé {what} ; voir : "
            "main_bot.py keys list '!b0b0b0b0'"
        ],
    )
    assert orders_in(path) == []


def test_a_former_or_refused_key_is_accepted_only_when_it_is_named(bot: Bot, path: Path) -> None:
    keys(path, "accept", "Ann", sleep=bot.obey)
    assert keys(path, "accept", "Ann")[0] == 1
    assert keys(path, "refuse", "Ann", base64_text(FIRST))[0] == 1, "it does not wait"
    assert keys(path, "accept", "Ann", base64_text(FIRST)[:8], sleep=bot.obey)[0] == 0
    assert bot.nodes.public_key(ANN) == FIRST
    bot.hear(ANN, FOURTH)
    keys(path, "refuse", "Ann", sleep=bot.obey)
    assert keys(path, "accept", "Ann", base64_text(FOURTH)[:8], sleep=bot.obey)[0] == 0
    assert bot.nodes.public_key(ANN) == FOURTH


def test_every_key_that_is_listed_can_be_decided_on(bot: Bot, path: Path) -> None:
    """That of a node without a name which only the radio's database told, too."""
    info = mesh_pb2.NodeInfo(num=EVE, user=mesh_pb2.User(public_key=THIRD))
    bot.nodes.learn_from_radio([info])
    bot.nodes.save_heard()
    assert "!fffffffe (!fffffffe)" in keys(path, "list")[1]
    assert keys(path, "accept", "!fffffffe", sleep=bot.obey)[0] == 0
    assert bot.nodes.public_key(EVE) == THIRD


def test_a_simulated_mesh_has_decisions_of_its_own(bot: Bot, path: Path) -> None:
    simulated = Bot(path, simulated=True)
    simulated.hear(ANN, THIRD, "Simulated")
    simulated.hear(ANN, FOURTH)
    assert keys(path, "accept", "!0000000a", sleep=simulated.obey, simulated=True) == (
        0,
        [f"Clé {base64_text(FOURTH)} de Simulated (!0000000a) acceptée", OBEYED],
    )
    simulated.storage.close()
    bot.obey(0.0)
    assert bot.nodes.public_key(ANN) == FIRST
