"""The command line says what is wrong with it, in the operator's language alone."""

import re

import pytest

from meshbot.cli.arguments import parse_arguments

COMMANDS = [
    (),
    ("check",),
    ("setup",),
    ("keys",),
    ("keys", "list"),
    ("keys", "accept"),
    ("keys", "refuse"),
    ("report",),
]
ENGLISH = re.compile(r"\b(usage:|options:|positional|show|exit|error|expected|required|invalid)\b")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    with pytest.raises(SystemExit) as end:
        parse_arguments(words)
    assert end.value.code == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_is_in_one_language_and_has_an_example(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, *command, "--help", code=0)
    assert text.startswith("usage : main_bot.py")
    assert "montre cette aide" in text
    assert f"Exemple : main_bot.py {' '.join(command)}".strip() in text
    assert not ENGLISH.search(text)
    assert said(capsys, *command, "-h", code=0) == text


@pytest.mark.parametrize("command", COMMANDS[1:], ids=" ".join)
def test_the_example_is_one_that_is_understood(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, *command, "--help", code=0)
    words = text.rpartition("Exemple : main_bot.py ")[2].split()
    assert parse_arguments(words).command == command[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--prot", "4403"), "main_bot.py : option inconnue : --prot, plutôt --port ?"),
        (("--prot=4403",), "main_bot.py : option inconnue : --prot, plutôt --port ?"),
        (("-prot", "4403"), "main_bot.py : option inconnue : -prot, plutôt --port ?"),
        (("report", "--jsn"), "main_bot.py : option inconnue : --jsn, plutôt --json ?"),
        (("--zzz",), "main_bot.py : option inconnue : --zzz"),
        (("chekc",), "main_bot.py : commande inconnue : chekc, plutôt check ?"),
        (("xyz",), "main_bot.py : commande inconnue : xyz, il y a check, setup, keys, "),
        (("keys", "lst"), "main_bot.py keys : commande inconnue : lst, plutôt list ?"),
        (("keys", "refuse"), "main_bot.py keys refuse : il manque : NŒUD"),
        (("--host",), "main_bot.py : --host : il manque la valeur"),
        (("--s", "x"), "main_bot.py : --s peut vouloir dire --serial, --simulate"),
        (("report", "--json=3"), "main_bot.py report : --json ne prend pas de valeur : '3'"),
        (("report", "a", "b"), "main_bot.py : non compris : b"),
        (("check", "--html", "x"), "main_bot.py : non compris : --html x"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_one_line_that_names_what_was_meant(
    words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, *words)
    assert text.splitlines()[-1].startswith(line)
    assert text.startswith("usage : ")
    assert not ENGLISH.search(text)


def test_an_option_may_be_shortened_and_a_node_may_be_called_like_one() -> None:
    assert parse_arguments(["--por", "4403"]).port == "4403"
    assert parse_arguments(["keys", "list", "--", "--prot"]).node == "--prot"


def test_the_place_of_the_node_may_stand_before_the_check_or_behind_it() -> None:
    assert parse_arguments(["check", "--host", "a"]).host == "a"
    assert parse_arguments(["--host", "a", "check"]).host == "a"
    assert parse_arguments(["--simulate", "check"]).simulate is True
    assert parse_arguments(["check", "--simulate"]).simulate is True
    assert parse_arguments(["check"]).simulate is False
