"""What the people of the simulated mesh do by themselves: chatter, and the demo for a bot.

Runs in the node's loop thread only: the node posts every call.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import replace
from types import EllipsisType
from typing import Protocol

from meshbot.simulation import packets
from meshbot.simulation.air_text import AirText
from meshbot.simulation.loop_timer import LoopTimer
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from meshbot.text.language import mark, tr

logger = logging.getLogger(__name__)

_SMALL_TALK = (
    mark("Bonjour à tous"),
    mark("Quelqu'un me reçoit ?"),
    mark("Test depuis le balcon"),
    mark("Beau temps pour la radio 📡"),
    mark("Bonne soirée le mesh"),
)
# Who asks what, in turn; the last one is somebody whose key the radio has forgotten.
_QUESTIONS = ("/ping", "/nodes", "/help", "/ping")
_FIRST_TRAFFIC_S = 0.5
_DEMO_TRAFFIC_S = 10.0  # a channel that is not busy, so that answers are given in full
_FORGERY_S = 15.0


class Surroundings(Protocol):
    """What life needs of the node in whose mesh it goes on."""

    @property
    def peers(self) -> list[SimulatedPeer]:
        """Everybody on the mesh."""

    def later(self, delay_s: float, action: Callable[[], None]) -> LoopTimer:
        """Run ``action`` in the node's thread after ``delay_s``."""

    def hear_text(self, peer: SimulatedPeer, text: str, *, to: int | None = None) -> int:
        """Hear a text from a peer, to the node unless ``to`` says otherwise."""

    def hear_node_info(self, peer: SimulatedPeer, *, public_key: bytes | EllipsisType = ...) -> int:
        """Hear a peer's NodeInfo, with its own key unless another is given."""

    def hear_telemetry(self, peer: SimulatedPeer) -> int:
        """Hear a peer's device metrics."""

    def hear_position(self, peer: SimulatedPeer) -> int:
        """Hear a peer's position."""

    def evict(self, peer: SimulatedPeer) -> None:
        """Make the radio forget a peer and its key."""

    def crash(self, down_s: float) -> None:
        """Die without a word, and be away for so long."""


class SimulatedLife:
    """Timers that make peers of one node talk."""

    def __init__(self, node: Surroundings, seed: int) -> None:
        """Belong to a node; nothing happens yet."""
        self._node = node
        self._rng = random.Random(f"{seed}/life")
        self._traffic: LoopTimer | None = None
        self._questions: LoopTimer | None = None
        self._reboot: LoopTimer | None = None
        self._forgery: LoopTimer | None = None
        self._is_demo = False
        self._asked = 0

    def start_traffic(self, interval_s: float) -> None:
        """Let somebody send something about every ``interval_s``."""
        self.stop_traffic()
        self._traffic = self._node.later(
            min(_FIRST_TRAFFIC_S, interval_s), lambda: self._chatter(interval_s)
        )

    def stop_traffic(self) -> None:
        """End the chatter."""
        if self._traffic is not None:
            self._traffic.cancel()
            self._traffic = None

    def start_demo(
        self,
        *,
        first_ping_s: float,
        ping_every_s: float,
        reboot_after_s: float | None,
        reboot_for_s: float,
    ) -> None:
        """Start the chatter, the questions to the bot and the one reboot."""
        self.stop()
        self._is_demo = True
        self._asked = 0
        self.start_traffic(_DEMO_TRAFFIC_S)
        if self._node.peers:
            between_s = ping_every_s / len(_QUESTIONS)
            self._questions = self._node.later(first_ping_s, lambda: self._ask(between_s))
        if len(self._node.peers) > 1:
            self._forgery = self._node.later(_FORGERY_S, self._forge)
        if reboot_after_s is not None:
            self._reboot = self._node.later(reboot_after_s, lambda: self._reboot_now(reboot_for_s))

    def stop(self) -> None:
        """End everything."""
        self.stop_traffic()
        for timer in (self._questions, self._reboot, self._forgery):
            if timer is not None:
                timer.cancel()
        self._questions = self._reboot = self._forgery = None
        self._is_demo = False

    def on_text(self, text: AirText) -> None:
        """Log what people get from the bot."""
        if not self._is_demo:
            return
        if text.to == packets.BROADCAST_NUM:
            name = tr("tous")
        else:
            name = next((p.long_name for p in self._node.peers if p.num == text.to), "?")
        logger.info(tr("📻 [simulation] %s ← bot : %s"), name, " ⏎ ".join(text.text.splitlines()))

    def _chatter(self, interval_s: float) -> None:
        if self._node.peers:
            peer = self._rng.choice(self._node.peers)
            action = self._rng.choices(
                (
                    self._node.hear_telemetry,
                    self._node.hear_position,
                    self._node.hear_node_info,
                    self._say_something,
                ),
                weights=(4, 3, 3, 1),
            )[0]
            action(peer)
        delay_s = interval_s * self._rng.uniform(0.8, 1.2)
        self._traffic = self._node.later(delay_s, lambda: self._chatter(interval_s))

    def _say_something(self, peer: SimulatedPeer) -> int:
        text = tr(self._rng.choice(_SMALL_TALK))
        if self._is_demo:
            logger.info(tr("📻 [simulation] %s → tous : %s"), peer.long_name, text)
        return self._node.hear_text(peer, text, to=packets.BROADCAST_NUM)

    def _ask(self, between_s: float) -> None:
        turn = self._asked % len(_QUESTIONS)
        peer = self._node.peers[turn % len(self._node.peers)]
        if turn == len(_QUESTIONS) - 1:
            # Heard once more, so that a bot which listens can know the key the radio forgets.
            self._node.hear_node_info(peer)
            self._node.evict(peer)
            logger.info(tr("📻 [simulation] la radio a oublié la clé de %s"), peer.long_name)
        self._ask_one(peer, _QUESTIONS[turn])
        self._asked += 1
        self._questions = self._node.later(between_s, lambda: self._ask(between_s))

    def _ask_one(self, peer: SimulatedPeer, question: str) -> None:
        logger.info(tr("📻 [simulation] %s → bot : %s"), peer.long_name, question)
        self._node.hear_text(peer, question)

    def _forge(self) -> None:
        """Let somebody announce a key of his own under another's number."""
        victim = self._node.peers[1]
        forger = replace(victim, private_key=private_key_from("forger"))
        logger.info(
            tr("📻 [simulation] quelqu'un annonce une autre clé sous le numéro de %s"),
            victim.long_name,
        )
        self._node.hear_node_info(victim, public_key=forger.public_key)

    def _reboot_now(self, down_s: float) -> None:
        if self._node.peers:
            # A client learns of a crash by what it sends next, so it is given a reason to.
            self._ask_one(self._node.peers[0], _QUESTIONS[0])
        logger.info(tr("📻 [simulation] le nœud plante et redémarre, absent %g s"), down_s)
        self._node.crash(down_s)
        self._reboot = self._node.later(down_s, self._back)

    def _back(self) -> None:
        self._reboot = None
        logger.info(tr("📻 [simulation] le nœud est de retour"))
