"""How the help of a command looks."""

import argparse
from typing import Any

from meshbot.text.language import tr


class CommandHelp(argparse.HelpFormatter):
    """The library's, which says one word of its own."""

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        """Begin the usage with a word of the operator's language, where it has one at all."""
        super().add_usage(usage, actions, groups, tr("usage : ") if prefix is None else prefix)
