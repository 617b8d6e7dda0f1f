"""``main_bot.py keys`` on a real database, with a bot in the same process, or none."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.cli.command_parser import CommandParser
from meshbot.cli.keys_command import MAX_LISTED, KeysCommand
from meshbot.cli.keys_options import add_keys_arguments
from meshbot.model import weak_keys
from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import node_id
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import base64_text
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from node_manager import NodeManager
from tests.support.clock import Clock

ANN, BOB, EVE = 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
FIRST, SECOND, THIRD, FOURTH = (bytes([byte]) * 32 for byte in (1, 2, 3, 4))
NOW = 1_700_000_000
DATE = datetime.fromtimestamp(NOW).strftime("le %d/%m/%Y à %H:%M")

CARRIED_OUT = "✅ Pris en compte par le bot"
NOT_CARRIED_OUT = (
    "⏳ Le bot ne tourne pas, ou ne répond pas : ce sera fait à son prochain démarrage"
)


class Bot:
    """The part of the bot that deals with keys, on its own connection to the database."""

    def __init__(self, path: Path, simulated: bool = False) -> None:
        self.storage = NodeStore(Database(path, simulated=simulated))
        self.storage.database.open()
        self.wall_clock = Clock(float(NOW))
        self.nodes = NodeManager(self.storage, wall_clock=self.wall_clock)
        self.nodes.load()
        self.slept_s: list[float] = []

    def hear(self, num: int, key: bytes, name: str = "") -> None:
        self.nodes.learn_from_air(num, mesh_pb2.User(long_name=name, public_key=key))

    def carry_out(self, seconds: float) -> None:
        """Do what was decided, while the command sleeps, as the bot does in its own process."""
        self.slept_s.append(seconds)
        self.nodes.carry_out_decisions()


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
    running.storage.database.close()


def keys(
    path: Path,
    *words: str,
    sleep: Callable[[float], object] = lambda seconds: None,
    simulated: bool = False,
) -> tuple[int, list[str]]:
    """Run the command; return its exit code and what it wrote."""
    parser = CommandParser(description="keys", example="keys")
    add_keys_arguments(parser)
    written: list[str] = []
    command = KeysCommand(path, simulated=simulated, write=written.append, sleep=sleep)
    code = command.run(parser.parse_args(words))
    return code, "".join(written).splitlines()


def header(path: Path, known: str, undecided: str) -> str:
    return f"Base {path} : {known} avec la nôtre, {undecided} à trancher"


def to_decide(num: int, key: bytes) -> str:
    return (
        "                   à trancher : main_bot.py keys accept (ou refuse) "
        f"{num:08x} {base64_text(key)[:12]}"
    )


def noted(action: str, num: int, key: bytes, name: str) -> list[str]:
    """Return what is said of a decision before the bot is waited for."""
    what = {"accept": "à accepter", "refuse": "à refuser"}[action]
    return [
        f"Clé {base64_text(key)} de {name} ({node_id(num)}) : {what}",
        "Décision notée ; elle attend le bot…",
    ]


def decisions_in(path: Path) -> list[KeyDecision]:
    storage = NodeStore(Database(path))
    storage.database.open()
    decisions = storage.load_decisions()
    storage.database.close()
    return decisions


# -- list --------------------------------------------------------------------------------------


def test_the_list_shows_the_nodes_with_keys_that_wait(bot: Bot, path: Path) -> None:
    assert keys(path, "list") == (
        0,
        [
            header(path, "2 clés publiques", "1 autre clé annoncée"),
            "",
            "Ann (!0000000a)",
            f"  clé connue       {base64_text(FIRST)}",
            f"  autre, annoncée  {base64_text(SECOND)}",
            f"                   entendue {DATE}",
            to_decide(ANN, SECOND),
        ],
    )


def test_without_any_action_the_list_is_shown(bot: Bot, path: Path) -> None:
    assert keys(path) == keys(path, "list")


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
            to_decide(EVE, THIRD),
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
    bot.storage.add_decision(ANN, SECOND, accept=False)
    bot.nodes.carry_out_decisions()
    bot.wall_clock.now_s += 1.0
    if source == "operator":
        bot.storage.add_decision(ANN, FOURTH, accept=True)
        bot.nodes.carry_out_decisions()
    else:
        info = mesh_pb2.NodeInfo(num=ANN, user=mesh_pb2.User(public_key=FOURTH))
        bot.nodes.learn_from_radio([info])
    bot.nodes.save_heard()
    code, lines = keys(path, "list", "ann")
    assert code == 0
    assert lines[:2] == ["Ann (!0000000a)", f"  clé connue       {base64_text(FOURTH)}"]
    confirm = (
        "                   tenue de la radio, à confirmer : main_bot.py keys accept 0000000a "
    )
    disputed = [confirm + base64_text(FOURTH)[:12]] if source == "radio" else []
    assert lines[2:] == [
        *disputed,
        f"  ancienne         {base64_text(FIRST)}",
        f"                   remplacée {DATE} par {by}",
        f"  refusée          {base64_text(SECOND)}",
        f"                   {DATE}",
    ]
    assert keys(path, "list")[1] == [header(path, "2 clés publiques", "0 autre clé annoncée")]


def test_a_decided_key_is_counted_as_such_before_the_bot_has_done_it(bot: Bot, path: Path) -> None:
    keys(path, "refuse", "Ann")
    assert keys(path, "list")[1][0] == header(path, "2 clés publiques", "0 autre clé annoncée")


@pytest.mark.parametrize(("action", "said"), [("accept", "acceptée"), ("refuse", "refusée")])
def test_a_decision_that_the_bot_has_yet_to_carry_out_is_shown(
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
    assert decisions_in(path) == []


@pytest.mark.parametrize("words", [("list",), ("list", "Ann"), ("accept", "Ann")])
def test_without_a_database_there_is_nothing_to_list_and_none_is_made(
    path: Path, words: tuple[str, ...]
) -> None:
    assert keys(path, *words) == (
        1,
        [
            f"❌ Pas de base {path} : le bot n'a encore rien appris, ou DATABASE_PATH n'est pas le "
            "sien"
        ],
    )
    assert not path.exists()


# -- accept and refuse -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ann", "ann", "!0000000a", "0000000A"])
def test_a_running_bot_does_it_and_that_is_said(bot: Bot, path: Path, name: str) -> None:
    assert keys(path, "accept", name, sleep=bot.carry_out) == (
        0,
        [*noted("accept", ANN, SECOND, "Ann"), CARRIED_OUT],
    )
    assert bot.slept_s == [0.25]
    assert bot.nodes.public_key(ANN) == SECOND
    assert decisions_in(path) == []
    assert keys(path, "list", "Ann")[1][1:3] == [
        f"  clé connue       {base64_text(SECOND)}",
        f"  ancienne         {base64_text(FIRST)}",
    ]


def test_a_refused_key_leaves_the_known_one(bot: Bot, path: Path) -> None:
    assert keys(path, "refuse", "Ann", sleep=bot.carry_out) == (
        0,
        [*noted("refuse", ANN, SECOND, "Ann"), CARRIED_OUT],
    )
    assert bot.nodes.public_key(ANN) == FIRST
    assert bot.nodes.waiting_keys() == []


def test_a_decision_waits_for_a_bot_that_does_not_run(bot: Bot, path: Path) -> None:
    slept_s: list[float] = []
    code, lines = keys(path, "accept", "Ann", sleep=slept_s.append)
    assert (code, lines) == (0, [*noted("accept", ANN, SECOND, "Ann"), NOT_CARRIED_OUT])
    assert sum(slept_s) == pytest.approx(12.0)
    assert [
        (decision.num, decision.public_key, decision.accept) for decision in decisions_in(path)
    ] == [(ANN, SECOND, True)]
    later = Bot(path)
    later.carry_out(0.0)
    assert later.nodes.public_key(ANN) == SECOND
    later.storage.database.close()
    assert decisions_in(path) == []


def test_a_bot_that_does_it_at_the_last_moment_has_done_it(bot: Bot, path: Path) -> None:
    slept: list[float] = []

    def carry_out_late(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) >= 12.0:
            bot.carry_out(seconds)

    assert keys(path, "accept", "Ann", sleep=carry_out_late)[1][-1] == CARRIED_OUT


def test_another_nodes_key_is_accepted_only_when_it_is_named_and_taken_from_its_holder(
    bot: Bot, path: Path
) -> None:
    bot.hear(EVE, THIRD, "Eve")
    beginning = base64_text(THIRD)[:12]
    assert keys(path, "accept", "Eve", sleep=bot.carry_out) == (
        1,
        [
            "❌ cette clé est celle de Bob (!b0b0b0b0) ; pour la lui retirer : "
            f"main_bot.py keys accept fffffffe {beginning}"
        ],
    )
    assert bot.nodes.public_key(BOB) == THIRD
    code, lines = keys(path, "accept", "Eve", beginning, sleep=bot.carry_out)
    first, last = noted("accept", EVE, THIRD, "Eve")
    assert (code, lines) == (0, [first, "Elle est retirée à Bob (!b0b0b0b0)", last, CARRIED_OUT])
    assert (bot.nodes.public_key(EVE), bot.nodes.public_key(BOB)) == (THIRD, b"")


def test_refusing_another_nodes_key_takes_it_from_nobody(bot: Bot, path: Path) -> None:
    bot.hear(EVE, THIRD, "Eve")
    code, lines = keys(path, "refuse", "Eve", sleep=bot.carry_out)
    assert (code, lines) == (0, [*noted("refuse", EVE, THIRD, "Eve"), CARRIED_OUT])
    assert (bot.nodes.public_key(EVE), bot.nodes.public_key(BOB)) == (b"", THIRD)


@pytest.mark.parametrize("action", ["accept", "refuse"])
@pytest.mark.parametrize("part", ["An", "nn", "ANN E"])
def test_a_part_of_a_name_is_good_enough_to_look_but_not_to_decide(
    bot: Bot, path: Path, action: str, part: str
) -> None:
    """Somebody may call himself almost like the one meant."""
    bot.hear(ANN, FIRST, "Ann Est")
    bot.nodes.save_heard()
    assert keys(path, "list", part)[1][0] == "Ann Est (!0000000a)"
    assert keys(path, action, part) == (
        1,
        [f"❌ aucun nœud ne s'appelle exactement {part}"],
    )
    assert decisions_in(path) == []


def test_a_key_that_came_after_another_one_was_taken_away_can_be_confirmed(
    bot: Bot, path: Path
) -> None:
    bot.storage.add_decision(BOB, FIRST, accept=True)  # Ann's
    bot.nodes.carry_out_decisions()
    bot.nodes.learn_from_air(ANN, mesh_pb2.User(public_key=FOURTH))
    bot.nodes.save_heard()
    beginning = base64_text(FOURTH)[:12]
    confirm = (
        f"entendue après une autre, à confirmer : main_bot.py keys accept 0000000a {beginning}"
    )
    assert keys(path, "list", "Ann")[1][2].strip() == confirm
    assert keys(path, "accept", "Ann", beginning, sleep=bot.carry_out)[0] == 0
    assert not [line for line in keys(path, "list", "Ann")[1] if "à confirmer" in line]


def test_the_key_that_the_radio_brought_can_be_confirmed(bot: Bot, path: Path) -> None:
    info = mesh_pb2.NodeInfo(num=BOB, user=mesh_pb2.User(public_key=FOURTH))
    bot.nodes.learn_from_radio([info])
    assert bot.nodes.is_disputed(BOB)
    assert keys(path, "accept", "Bob", base64_text(FOURTH)[:12], sleep=bot.carry_out) == (
        0,
        [*noted("accept", BOB, FOURTH, "Bob"), CARRIED_OUT],
    )
    assert not bot.nodes.is_disputed(BOB)
    assert not [line for line in keys(path, "list", "Bob")[1] if "à confirmer" in line]
    assert keys(path, "accept", "Bob")[0] == 1, "there is nothing to decide any more"


def test_a_whole_key_never_heard_may_be_accepted(bot: Bot, path: Path) -> None:
    """The operator has it from its owner."""
    code, lines = keys(path, "accept", "Bob", base64_text(FOURTH), sleep=bot.carry_out)
    assert (code, lines[-1]) == (0, CARRIED_OUT)
    assert bot.nodes.public_key(BOB) == FOURTH


UNKNOWN = 0x0BADF00D


def test_a_whole_key_of_a_node_that_the_bot_does_not_know_may_be_accepted(
    bot: Bot, path: Path
) -> None:
    """It was never met, or forgotten because the table was full."""
    words = ("accept", f"{UNKNOWN:08x}", base64_text(FOURTH))
    code, lines = keys(path, *words, sleep=bot.carry_out)
    assert (code, lines[-1]) == (0, CARRIED_OUT)
    assert bot.nodes.public_key(UNKNOWN) == FOURTH
    later = Bot(path)
    later.storage.database.close()
    assert later.nodes.public_key(UNKNOWN) == FOURTH


@pytest.mark.parametrize(
    "words", [("accept",), ("accept", "AAAA"), ("refuse",), ("refuse", base64_text(FOURTH))]
)
def test_of_a_node_that_is_not_known_it_is_said_what_helps(
    bot: Bot, path: Path, words: tuple[str, ...]
) -> None:
    action, *key = words
    code, lines = keys(path, action, f"{UNKNOWN:08x}", *key)
    assert code == 1
    assert lines[0].startswith(f"❌ !{UNKNOWN:08x} est inconnu du bot, ou a été oublié")
    assert decisions_in(path) == []


@pytest.mark.parametrize("name", ["00000000", "ffffffff"])
def test_what_is_no_nodes_number_is_nobodys(bot: Bot, path: Path, name: str) -> None:
    code, lines = keys(path, "accept", name, base64_text(FOURTH))
    assert (code, lines) == (1, [f"❌ aucun nœud de ce nom : {name}"])


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31), b"\x05" * 31, b"\x05" * 33])
def test_a_whole_key_that_can_be_nobodys_is_not_accepted(bot: Bot, path: Path, key: bytes) -> None:
    assert keys(path, "accept", "Bob", base64_text(key)) == (
        1,
        ["❌ Bob (!b0b0b0b0) n'a pas d'autre clé qui commence ainsi"],
    )
    assert decisions_in(path) == []


def test_a_whole_key_never_heard_is_not_refused(bot: Bot, path: Path) -> None:
    assert keys(path, "refuse", "Bob", base64_text(FOURTH))[0] == 1
    assert decisions_in(path) == []


def test_accepted_then_refused_while_the_bot_is_off_ends_refused(bot: Bot, path: Path) -> None:
    keys(path, "accept", "Ann")
    keys(path, "refuse", "Ann")
    assert [(one.public_key, one.accept) for one in decisions_in(path)] == [(SECOND, False)]
    later = Bot(path)
    later.carry_out(0.0)
    assert later.nodes.public_key(ANN) == FIRST
    assert later.nodes.other_keys(ANN) == [OtherKey(ANN, SECOND, refused_at=NOW)]
    later.storage.database.close()
    assert decisions_in(path) == []


@pytest.mark.parametrize("action", ["accept", "refuse"])
def test_a_name_of_several_nodes_is_no_decision(bot: Bot, path: Path, action: str) -> None:
    bot.hear(EVE, THIRD, "ann")
    bot.nodes.save_heard()
    assert keys(path, action, "ANN") == (
        1,
        ["❌ plusieurs nœuds de ce nom, donner l'identifiant : Ann (!0000000a), ann (!fffffffe)"],
    )
    assert decisions_in(path) == []


def test_of_several_keys_one_must_be_chosen_by_its_beginning(bot: Bot, path: Path) -> None:
    bot.hear(ANN, FOURTH)
    bot.nodes.save_heard()
    code, lines = keys(path, "accept", "Ann")
    assert code == 1
    (line,) = lines
    start, choices = line.split(" : ")
    assert start == "❌ plusieurs clés, en ajouter le début"
    assert sorted(choices.split(", ")) == ["AgICAgICAgIC", "BAQEBAQEBAQE"]
    assert decisions_in(path) == []
    assert keys(path, "accept", "Ann", base64_text(FOURTH)[:4], sleep=bot.carry_out)[0] == 0
    assert bot.nodes.public_key(ANN) == FOURTH


def test_a_whole_key_may_be_given(bot: Bot, path: Path) -> None:
    assert (
        keys(path, "accept", "Ann", base64_text(SECOND), sleep=bot.carry_out)[1][-1] == CARRIED_OUT
    )
    assert bot.nodes.public_key(ANN) == SECOND


@pytest.mark.parametrize("beginning", ["", "AgI"])
def test_too_few_characters_choose_no_key(bot: Bot, path: Path, beginning: str) -> None:
    code, lines = keys(path, "accept", "Ann", beginning)
    assert (code, lines) == (1, ["❌ donner 4 caractères de la clé au moins"])
    assert decisions_in(path) == []


NOTHING_TO_DECIDE = (
    "❌ Bob (!b0b0b0b0) n'a pas de clé à trancher ; toutes les siennes : "
    "main_bot.py keys list b0b0b0b0"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "Bob"), NOTHING_TO_DECIDE),
        (("refuse", "Bob"), NOTHING_TO_DECIDE),
        (
            ("accept", "Bob", base64_text(SECOND)[:8]),
            "❌ Bob (!b0b0b0b0) n'a pas d'autre clé qui commence ainsi",
        ),
        (
            ("accept", "Bob", base64_text(THIRD)[:8]),
            "❌ c'est déjà la clé connue de Bob (!b0b0b0b0)",
        ),
        (("refuse", "Bob", base64_text(THIRD)), "❌ c'est la clé connue de Bob (!b0b0b0b0)"),
        (("accept", "Ann", "agicAGIC"), "❌ majuscules et minuscules comptent : AgICAgICAgIC"),
    ],
)
def test_a_key_that_was_not_announced_cannot_be_decided_on(
    bot: Bot, path: Path, words: tuple[str, ...], said: str
) -> None:
    assert keys(path, *words) == (1, [said])
    assert decisions_in(path) == []


def test_a_former_or_refused_key_is_accepted_only_when_it_is_named(bot: Bot, path: Path) -> None:
    keys(path, "accept", "Ann", sleep=bot.carry_out)
    assert keys(path, "accept", "Ann")[0] == 1
    assert keys(path, "refuse", "Ann", base64_text(FIRST)) == (
        1,
        ["❌ cette clé de Ann (!0000000a) est déjà refusée, ou ancienne"],
    )
    assert keys(path, "accept", "Ann", base64_text(FIRST)[:8], sleep=bot.carry_out)[0] == 0
    assert bot.nodes.public_key(ANN) == FIRST
    bot.hear(ANN, FOURTH)
    bot.nodes.save_heard()
    assert keys(path, "refuse", "Ann", sleep=bot.carry_out)[0] == 0
    assert keys(path, "accept", "Ann", base64_text(FOURTH)[:8], sleep=bot.carry_out)[0] == 0
    assert bot.nodes.public_key(ANN) == FOURTH


def test_every_key_that_is_listed_can_be_decided_on(bot: Bot, path: Path) -> None:
    """That of a node without a name which only the radio's database told, too."""
    info = mesh_pb2.NodeInfo(num=EVE, user=mesh_pb2.User(public_key=THIRD))
    bot.nodes.learn_from_radio([info])
    bot.nodes.save_heard()
    lines = keys(path, "list")[1]
    assert "!fffffffe (!fffffffe)" in lines
    (hint,) = [line for line in lines if "keys accept (ou refuse) fffffffe" in line]
    assert keys(path, "accept", *hint.split()[-2:], sleep=bot.carry_out)[0] == 0
    assert bot.nodes.public_key(EVE) == THIRD


def test_a_simulated_mesh_has_decisions_of_its_own(bot: Bot, path: Path) -> None:
    simulated = Bot(path, simulated=True)
    simulated.hear(ANN, THIRD, "Simulated")
    simulated.hear(ANN, FOURTH)
    assert keys(path, "accept", "!0000000a", sleep=simulated.carry_out, simulated=True) == (
        0,
        [*noted("accept", ANN, FOURTH, "Simulated"), CARRIED_OUT],
    )
    simulated.storage.database.close()
    bot.carry_out(0.0)
    assert bot.nodes.public_key(ANN) == FIRST


@pytest.mark.parametrize(
    ("simulated", "mode", "others"),
    [
        (True, " (mode simulé)", "2 nœuds du vrai maillage"),
        (False, "", "1 nœud du maillage simulé"),
    ],
)
def test_the_list_says_that_the_file_holds_nodes_of_the_other_mesh_too(
    bot: Bot, path: Path, simulated: bool, mode: str, others: str
) -> None:
    other = Bot(path, simulated=True)
    other.hear(EVE, FOURTH, "Simulated")
    other.storage.database.close()
    lines = keys(path, "list", simulated=simulated)[1]
    assert lines[0].startswith(f"Base {path}{mode} : ")
    assert lines[1] == f"ℹ️ Cette base contient aussi {others} (CONNECTION_MODE en décide)"


def test_the_list_says_nothing_of_another_mesh_where_there_is_none(bot: Bot, path: Path) -> None:
    assert not [line for line in keys(path, "list")[1] if "contient aussi" in line]


# -- New numbers, and keys that others have ----------------------------------------------------


def moved(bot: Bot, key: bytes, *, held: bool, name: str = "") -> int:
    """Have somebody heard under the number that firmware 2.8 gives the holder of a key."""
    num = zlib.crc32(key)
    user = mesh_pb2.User(long_name=name, public_key=key)
    bot.nodes.learn_from_air(num, user, held=held)
    bot.nodes.save_heard()
    return num


def test_a_new_number_is_shown_as_that_with_what_proves_it(bot: Bot, path: Path) -> None:
    claimed, shown = moved(bot, FIRST, held=False), moved(bot, THIRD, held=True)
    _, lines = keys(path, "list")
    assert lines[1] == (
        "2 nœuds ont changé de numéro (firmware 2.8), dont 1 avec preuve : pour accepter "
        "ceux-là, main_bot.py keys accept --moved"
    )
    assert (
        "                   c'est sans doute (rien ne le prouve encore) le nouveau numéro de Ann "
        "(!0000000a), passé au firmware 2.8"
    ) in keys(path, "list", node_id(claimed))[1]
    _, lines = keys(path, "list", node_id(shown))
    assert lines[2:6] == [
        f"  autre, annoncée  {base64_text(THIRD)}  (CRC-32 = numéro du nœud)",
        f"                   entendue {DATE}",
        "                   signée, ou vue dans un message : qui a cette clé porte bien ce numéro",
        "                   c'est le nouveau numéro de Bob (!b0b0b0b0), passé au firmware 2.8",
    ]
    bot.nodes.heard(BOB, snr_db=None, hops=None)
    bot.nodes.save_heard()
    _, lines = keys(path, "list", node_id(shown))
    until = DATE.replace("le ", "au ")
    assert lines[6] == f"                   entendu sous l'ancien numéro jusqu'{until}"


def test_all_that_is_proven_is_accepted_at_once_and_the_rest_is_named(bot: Bot, path: Path) -> None:
    claimed, shown = moved(bot, FIRST, held=False), moved(bot, THIRD, held=True, name="Bob")
    code, lines = keys(path, "accept", "--moved", sleep=bot.carry_out)
    assert code == 0
    assert lines == [
        f"Bob ({node_id(shown)}) est le nouveau numéro de Bob (!b0b0b0b0)",
        "Sans preuve, ou sous un numéro qui a déjà une autre clé, à accepter un à un (demander à "
        "la personne) :",
        f"  {node_id(claimed)} ({node_id(claimed)})",
        "1 décision notée ; le bot est attendu…",
        CARRIED_OUT,
    ]
    assert (bot.nodes.public_key(shown), bot.nodes.public_key(BOB)) == (THIRD, b"")
    assert (bot.nodes.public_key(claimed), bot.nodes.public_key(ANN)) == (b"", FIRST)
    code, lines = keys(path, "accept", "--moved", sleep=bot.carry_out)
    assert (code, lines[-1]) == (1, "❌ aucun nœud n'a prouvé qu'il a changé de numéro")


def test_a_number_that_has_another_key_is_not_taken_over_with_all_others(
    bot: Bot, path: Path
) -> None:
    """A key is found for any number in a day, and signs as well as its owner's."""
    victim = zlib.crc32(THIRD)
    bot.nodes.learn_from_air(victim, mesh_pb2.User(long_name="Zoé", public_key=FOURTH))
    moved(bot, THIRD, held=True, name="Zoé")
    assert "sans preuve : demander à chacun" in keys(path, "list")[1][1]
    code, lines = keys(path, "accept", "--moved", sleep=bot.carry_out)
    assert (code, lines) == (
        1,
        [
            "Sans preuve, ou sous un numéro qui a déjà une autre clé, à accepter un à un (demander "
            "à la personne) :",
            f"  Zoé ({node_id(victim)})",
            "❌ aucun nœud n'a prouvé qu'il a changé de numéro",
        ],
    )
    assert (bot.nodes.public_key(victim), bot.nodes.public_key(BOB)) == (FOURTH, THIRD)
    assert keys(path, "accept", node_id(victim), sleep=bot.carry_out)[0] == 0
    assert bot.nodes.public_key(victim) == THIRD, "the operator may have asked him"


def test_one_is_accepted_without_the_beginning_of_the_key(bot: Bot, path: Path) -> None:
    claimed = moved(bot, FIRST, held=False)
    code, lines = keys(path, "accept", node_id(claimed), sleep=bot.carry_out)
    assert (code, lines[1]) == (
        0,
        f"{node_id(claimed)} ({node_id(claimed)}) est le nouveau numéro de Ann (!0000000a)",
    )
    assert bot.nodes.public_key(claimed) == FIRST


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("accept",), "❌ de quel nœud ? main_bot.py keys accept NŒUD, ou --moved"),
        (("accept", "--moved", "Ann"), "❌ --moved vaut pour tous : ne pas nommer de nœud"),
        (("accept", "--moved"), "❌ aucun nœud n'a prouvé qu'il a changé de numéro"),
    ],
)
def test_what_of_is_asked_must_be_clear(
    bot: Bot, path: Path, words: tuple[str, ...], why: str
) -> None:
    assert keys(path, *words) == (1, [why])


def test_a_weak_key_is_named_and_cannot_be_accepted(
    bot: Bot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = weak_keys.WEAK_KEY_HASHES | {hashlib.sha256(FOURTH).digest()}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known)
    for number in range(7):
        bot.hear(100 + number, FOURTH, f"Weak {number}")
    bot.hear(ANN, FOURTH)
    bot.nodes.save_heard()
    _, lines = keys(path, "list")
    assert lines[1].startswith(
        "⚠️ Clé connue d'avance (hasard trop faible) : son propriétaire doit mettre son firmware à "
        "jour, ou refaire ses clés : Weak 0 (!00000064), "
    )
    assert lines[1].endswith(" et 2 de plus"), "Ann has another"
    _, lines = keys(path, "list", "Weak 0")
    assert lines[2] == f"  jamais crue      {base64_text(FOURTH)}"
    for beginning in (base64_text(FOURTH)[:6], base64_text(FOURTH)):
        code, lines = keys(path, "accept", "Ann", beginning)
        assert (code, lines[0].partition(" :")[0]) == (1, "❌ cette clé est connue d'avance")
    assert keys(path, "refuse", "Weak 0")[0] == 1
