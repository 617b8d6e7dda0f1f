"""The commands of the radio and of the command line are documented, and no others."""

import argparse
import re
from collections.abc import Iterator

import pytest

from main_bot import main
from meshbot.messages.commands import Commands
from tests.documents.page import Page

RADIO = Page("docs/commands.md")
SETTINGS = Page("docs/settings.md")
HEADING = "Command line"


def test_each_command_of_the_radio_has_its_section() -> None:
    names = [f"/{name}" for name in Commands(None).names]  # type: ignore[arg-type]
    assert RADIO.headings[1:] == names
    for name in names:
        assert RADIO.section(name).count("```") >= 2, f"no answer of {name} is shown"
        assert f"`{name}`" in Page("README.md").text


class _Found(Exception):
    """Carries the parser out of the program before it does anything."""


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The program's own parser."""

    def find(self: argparse.ArgumentParser, *_: object) -> None:
        raise _Found(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", find)
    with pytest.raises(_Found) as found:
        main([])
    parser = found.value.args[0]
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def parsers(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, list[str]]]:
    """Return each command's name with its options, the program's own first."""
    options, commands = [], {}
    for action in parser._actions:
        options += [option for option in action.option_strings if option.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):
            commands = action.choices
    yield name, options
    for command, its in commands.items():
        yield from parsers(its, f"{name} {command}")


def test_each_command_of_the_command_line_is_documented(parser: argparse.ArgumentParser) -> None:
    every = dict(parsers(parser, "main_bot.py"))
    documented = re.findall(
        r"^- `(main_bot\.py(?: [a-z]+)*)[^`]*`: ", SETTINGS.section(HEADING), re.MULTILINE
    )
    # "keys" alone does nothing but say that it needs one of the others.
    assert sorted(documented) == sorted(every.keys() - {"main_bot.py keys"})


def test_each_option_of_the_command_line_is_documented(parser: argparse.ArgumentParser) -> None:
    every = {option for _, options in parsers(parser, "main_bot.py") for option in options}
    assert set(re.findall(r"`(--[a-z]+)", SETTINGS.section(HEADING))) == every
