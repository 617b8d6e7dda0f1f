"""Tells the operator whom a radio of 2.8 no longer hears, where the bot must give it no keys.

Such a radio drops without a word what it has no key for. Owned by the worker thread.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from meshbot.link.node_facts import may_seal
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_questions import MAX_ASKED_ABOUT, KeyQuestions
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.text.language import tr
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

LINE_S = 86_400.0
MAX_LINES = 20


class Correspondents(Protocol):
    """Who writes to the bot."""

    def correspondents(self) -> list[KnownNode]:
        """Return the nodes with a key that sent us messages, the latest first."""

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


class KeyWatch:
    """Has the radio asked, and says of whom it has no key."""

    def __init__(
        self,
        nodes: Correspondents,
        radio: RadioKeys,
        questions: KeyQuestions,
        stable_s: float,
        clock: Callable[[], float],
    ) -> None:
        """Name the collaborators; ``stable_s``: how long the link must have been up."""
        self._nodes = nodes
        self._radio = radio
        self._questions = questions
        self._stable_s = stable_s
        self._clock = clock
        self._lines = LineLimiter(LINE_S, MAX_LINES)

    def look(self, interface: SupervisedInterface | None) -> None:
        """Ask about the next one, if the radio can be asked, and tell what it said before."""
        if interface is None or interface.ready_s is None or not self._radio.can_be_asked:
            return
        now_s = self._clock()
        if now_s < interface.ready_s + self._stable_s or not may_seal(interface.own_user):
            return
        nodes = [node for node in self._nodes.correspondents() if node.num != interface.own_num]
        for node in nodes[:MAX_ASKED_ABOUT]:
            trouble = self._trouble_with(node)
            if trouble and self._lines.allows((node.num, trouble), now_s):
                log.warning(
                    trouble + tr(", ou activer TCP_PUSH_KEYS_TO_RADIO"), self._nodes.label(node.num)
                )
        self._questions.ask_next(interface, nodes)

    def _trouble_with(self, node: KnownNode) -> str:
        """Return why a node is not heard and what helps, for a line with its name; else nothing."""
        if self._radio.is_lacking(node.num):
            return tr(
                "⚠️ La radio n'a plus la clé de %s : ce qu'il écrit n'arrive pas ; lui faire "
                "renvoyer son NodeInfo"
            )
        shown = self._radio.key_shown(node.num)
        others = self._nodes.other_keys(node.num) if shown not in (b"", node.public_key) else []
        if any(other.public_key == shown and other.put_aside for other in others):
            return tr(
                "⚠️ La radio garde une clé de %s que l'opérateur a écartée : ce qu'il écrit "
                "n'arrive pas ; meshtastic --remove-node '{id}', puis lui faire renvoyer son "
                "NodeInfo",
                id=node.id,
            )
        return ""
