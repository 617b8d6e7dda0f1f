"""A parser of the command line that says everything in the operator's language.

Its texts are made when it is built: the language is to be known by then.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from meshbot.cli.command_help import CommandHelp
from meshbot.cli.exit_code import EXIT_CONFIG
from meshbot.cli.parser_errors import said_error, unknown_option
from meshbot.text.language import tr


class CommandParser(argparse.ArgumentParser):
    """One command, or the program; ``words`` and ``options`` are the groups its help shows."""

    def __init__(self, *, description: str, example: str, **others: Any) -> None:
        """Describe the command and show one way to call it."""
        super().__init__(
            description=description,
            epilog=tr("Exemple : {command}", command=example),
            add_help=False,
            formatter_class=CommandHelp,
            **others,
        )
        self.words = self.add_argument_group(tr("arguments"))
        self.options = self.add_argument_group(tr("options"))
        self.options.add_argument(
            "-h", "--help", action="help", help=tr("montre cette aide, et rien d'autre")
        )

    def refuse_unknown(self, words: Iterable[str]) -> None:
        """End the program if a command line has an option that no command knows.

        To be called before it is parsed: what follows a misspelt option would be taken for a
        command, and be blamed.
        """
        unknown = unknown_option(words, set(self._known_options()))
        if unknown:
            self.error(unknown)

    def _known_options(self) -> Iterator[str]:
        """Return the options of this parser and of its commands."""
        for action in self._actions:  # the library has no other way to ask
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    yield from command._known_options()

    def error(self, message: str) -> NoReturn:
        """End the program with the usage and one line that says what is wrong."""
        self.print_usage(sys.stderr)
        text = tr("{program} : {problem}", program=self.prog, problem=said_error(message))
        self.exit(EXIT_CONFIG, text + "\n")
