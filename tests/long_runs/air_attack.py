"""Twenty-one made-up numbers keep a bot busy while people ask it things: who is answered, and when.

``python tests/long_runs/air_attack.py --seconds 600`` plays it at the default constants, over a
real socket, half of the time on firmware 2.5 and half on 2.7. No attacker exceeds the flood limit:
five commands at once, then one every 15 s. A third of them only use a number, a third have told a
name, a third have made a key and seal what they say. People whom the node knows ask ``/ping`` in
turn. The time on air is reckoned here, apart from the bot's own way.
"""

import argparse
import logging
import math
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from main_bot import MeshBot
from meshbot.simulation.air_text import AirText
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal

ATTACKERS = 21
PEOPLE = 6
BURST = 5
REFILL_S = 15.0
ASK_EVERY_S = 10.0
ANSWER_LIMIT_S = 10.0
HOUR_S = 3_600.0
COMMANDS = ("/nodes", "/help", "/nodes", "/keys", "/sys", "/tcp", "/ping")
FIRMWARES = ("2.5.20", "2.7.26")
# Beside the text: the packet's header, port and length, the id it answers, the bitfield, the seal.
OVERHEAD_BYTES = 16 + 4 + 5 + 2 + 12


def air_s(text: str) -> float:
    """Return how long a text is on the air with LONG_FAST: SF 11, 250 kHz, 4/5, 16 symbols before.

    The formula of Semtech's AN1200.13, written out for these settings: a symbol takes 8.192 ms, and
    each five symbols of a payload hold 44 bits.
    """
    symbol_s = 2**11 / 250_000
    size = len(text.encode()) + OVERHEAD_BYTES
    blocks = math.ceil((8 * size - 4 * 11 + 28 + 16) / (4 * 11))
    return (16 + 4.25 + 8 + max(blocks * 5, 0)) * symbol_s


@dataclass
class Account:
    """What came of it."""

    asked: list[tuple[int, int, float]] = field(default_factory=list)
    """Whom an answer is due to, in answer to which packet, and since when."""
    commands: int = 0
    texts: list[AirText] = field(default_factory=list)
    people: set[int] = field(default_factory=set)
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)

    def waits_s(self) -> list[float]:
        """Return how long each question waited for its answer; infinite where it got none."""
        answered = {(text.to, text.reply_id): text.at_s for text in reversed(self.texts)}
        return [answered.get((num, packet_id), math.inf) - at for num, packet_id, at in self.asked]

    def used_s(self, *, strangers: bool) -> float:
        """Return the time on air of the texts to strangers, or to everybody."""
        return sum(
            air_s(text.text) for text in self.texts if not (strangers and text.to in self.people)
        )


class AirAttack:
    """One bot, one node, and those who want its attention."""

    def __init__(self, firmware: str, seed: int, folder: Path) -> None:
        self._chance = random.Random(f"{firmware}/{seed}")
        self._folder = folder
        self._node = SimulatedNode(firmware=firmware)
        self._attackers = make_peers(ATTACKERS, seed=9_000 + seed)
        self._sealing = firmware != FIRMWARES[0]
        self._stop = threading.Event()
        self.account = Account()

    def run(self, seconds: float) -> Account:
        """Play it for so long."""
        journal = Journal()
        root = logging.getLogger()
        root.addHandler(journal)
        root.setLevel(logging.INFO)
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_DATABASE_PATH": str(self._folder / "bot.db"),
        }
        try:
            with self._node:
                environment["MESHBOT_TCP_PORT"] = str(self._node.port)
                bot = MeshBot(environment=environment)
                bot.start()
                try:
                    journal.wait_for("SYNC COMPLETE")
                    self._play(seconds)
                finally:
                    bot.stop()
                self.account.texts = self._node.texts_on_air
        finally:
            root.removeHandler(journal)
        self.account.lines, self.account.seconds = journal.lines, seconds
        return self.account

    def _play(self, seconds: float) -> None:
        people = self._node.peers[:PEOPLE]
        self.account.people = {person.num for person in people}
        for number, attacker in enumerate(self._attackers):
            if number % 3:
                self._node.hear_node_info(attacker)
        began_s = time.monotonic()
        due: list[tuple[float, SimulatedPeer | None]] = [(began_s + 1.0, None)]
        due += [(began_s, attacker) for attacker in self._attackers for _ in range(BURST)]
        turn = 0
        while True:
            due.sort(key=lambda one: one[0])
            at_s, who = due.pop(0)
            if at_s - began_s > seconds:
                break
            self._stop.wait(max(at_s - time.monotonic(), 0.0))
            if who is None:
                self._ask(people[turn % len(people)])
                turn += 1
                due.append((at_s + ASK_EVERY_S, None))
            else:
                self._attack(who)
                if sum(one is who for _, one in due) == 0:
                    due.append((at_s + REFILL_S, who))
        # The last question is given its time as well.
        self._node.wait_until(lambda node: False, ANSWER_LIMIT_S)

    def _ask(self, person: SimulatedPeer) -> None:
        at_s = time.monotonic()
        packet_id = self._node.hear_text(person, "/ping")
        self.account.asked.append((person.num, packet_id, at_s))

    def _attack(self, attacker: SimulatedPeer) -> None:
        self.account.commands += 1
        seals = self._sealing or self._attackers.index(attacker) % 3 == 2
        self._node.hear_text(attacker, self._chance.choice(COMMANDS), via_channel=not seals)


def judge(accounts: Sequence[Account]) -> tuple[bool, str]:
    """Say whether it held, and what it came to."""
    waits_s = sorted(wait for account in accounts for wait in account.waits_s())
    answered = sum(wait <= ANSWER_LIMIT_S for wait in waits_s)
    strangers_s = max(account.used_s(strangers=True) for account in accounts)
    all_s = max(account.used_s(strangers=False) for account in accounts)
    strangers_limit_s = MeshBot.AIR_BUDGET_STRANGERS / 100 * HOUR_S
    limit_s = MeshBot.AIR_BUDGET / 100 * HOUR_S
    told = all(any("🐢" in line for line in account.lines) for account in accounts)
    held = answered == len(waits_s) and strangers_s <= strangers_limit_s and all_s <= limit_s
    result = (
        f"{sum(account.commands for account in accounts)} commands of {ATTACKERS} made-up numbers "
        f"in {sum(account.seconds for account in accounts):.0f} s: {answered} of {len(waits_s)} "
        f"pings of known people answered within {ANSWER_LIMIT_S:.0f} s, the median after "
        f"{waits_s[len(waits_s) // 2]:.1f} s, the last after {waits_s[-1]:.1f} s; strangers took "
        f"at most {strangers_s:.1f} of {strangers_limit_s:.0f} s of air, everybody {all_s:.1f} of "
        f"{limit_s:.0f} s; {'a line says so' if told else 'no line says so'}"
    )
    return held and told, result


def main() -> int:
    """Do what the command line asks; 1 if it did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    accounts = []
    for firmware in FIRMWARES:
        with tempfile.TemporaryDirectory() as name:
            attack = AirAttack(firmware, options.seed, Path(name))
            accounts.append(attack.run(options.seconds / len(FIRMWARES)))
    held, result = judge(accounts)
    sys.stdout.write(result + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
