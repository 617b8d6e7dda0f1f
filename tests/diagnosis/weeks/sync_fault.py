"""What a key sync does to the node, where it does anything."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.agenda import Agenda
from tests.diagnosis.weeks.node import Node, orderly_boot, quick_boot, slow_boot

Harm = Callable[[Node, random.Random, str], None]
"""Does something to the node, in the name of a cause."""


def crash(node: Node, rng: random.Random, cause: str) -> None:
    """End without a word, back after a boot of 5 to 20 s or of 2 to 4 s."""
    node.crash(cause, slow_boot(rng) if rng.random() < 0.5 else quick_boot(rng))


def crash_back_at_once(node: Node, rng: random.Random, cause: str) -> None:
    """End without a word, back after 2 to 4 s."""
    node.crash(cause, quick_boot(rng))


def reboot(node: Node, rng: random.Random, cause: str) -> None:
    """Start again in good order."""
    node.reboot(cause, orderly_boot(rng))


def hang(node: Node, rng: random.Random, cause: str) -> None:
    """Serve nobody for some minutes, until a watchdog or somebody starts it again."""
    node.hang(cause, rng.uniform(150.0, 900.0), deaf=rng.random() < 0.5)


def close(node: Node, rng: random.Random, cause: str) -> None:
    """Close the client's connection in good order, and nothing else."""
    node.drop_client(cause, Cause.FIN)


@dataclass(frozen=True)
class SyncFault:
    """How often a sync does harm, which, and how long after it."""

    share: float = 0.0
    harm: Harm = crash
    delay_s: tuple[float, float] = (0.0, 90.0)

    def ran(self, agenda: Agenda, node: Node, rng: random.Random) -> None:
        """Draw whether the sync that ran now does harm; a node that ends before forgets it."""
        if rng.random() >= self.share:
            return
        delay_s = rng.uniform(*self.delay_s)
        life, client = node.life, node.client

        def befall() -> None:
            if node.life == life and node.client is client:
                self.harm(node, rng, "sync")

        agenda.after(delay_s, befall)


INNOCENT = SyncFault()
