"""Which replies the air has room for, and how long they may be."""

import math
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import localonly_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.messages.air_gate import MANY_ASKERS, REPLY_PER_QUESTION, SHORT_BYTES, AirGate
from meshbot.messages.air_narrator import AirNarrator
from meshbot.messages.reply_parts import WhyShort
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.sender_settings import SenderSettings
from tests.support.clock import Clock
from tests.support.journal import Journal

ESTABLISHED = SenderRank.ESTABLISHED
REGULAR, KNOWN = SenderRank.REGULAR, SenderRank.KNOWN
NEWCOMER, STRANGER = SenderRank.NEWCOMER, SenderRank.STRANGER
HOUR_S = 3_600.0
STRANGERS_S, UNPROVEN_S, TOTAL_S = 36.0, 18.0, 180.0
INTERFACE = cast(
    SupervisedInterface,
    SimpleNamespace(localNode=SimpleNamespace(localConfig=localonly_pb2.LocalConfig())),
)


class Bench:
    def __init__(self) -> None:
        self.clock = Clock(0.0)
        self.budget = AirBudget(AirBudgetSettings(5.0, 1.0), self.clock)
        narrator = AirNarrator(self.budget, self.clock)
        self.gate = AirGate(self.budget, narrator, SenderSettings(2.5, 600.0))

    def why_short(self, rank: SenderRank, askers: int = 1) -> WhyShort | None:
        limit = self.gate.limit(INTERFACE, rank, 5, askers)
        return limit.why if limit is not None else None

    def use_up(self, rank: SenderRank) -> float:
        """Send texts of a rank as long as they may go; return the seconds they took."""
        used_s = 0.0
        while self.gate.wait_s(rank, 1.0) <= 0:
            self.gate.charge(rank, 1.0)
            used_s += 1.0
        return used_s


def test_strangers_use_up_their_share_and_keep_nobody_else_waiting(journal: Journal) -> None:
    bench = Bench()
    assert bench.use_up(NEWCOMER) == STRANGERS_S
    assert bench.gate.wait_s(NEWCOMER, 1.0) == HOUR_S
    assert bench.gate.wait_s(KNOWN, 1.0) == 0.0
    assert bench.gate.wait_s(REGULAR, 1.0) == 0.0
    assert journal.count("🐢 Temps d'antenne des inconnus épuisé (1 % de l'heure)") == 1


@pytest.mark.parametrize("rank", [STRANGER, KNOWN])
def test_who_proves_nothing_leaves_half_of_that_to_newcomers_who_do(
    rank: SenderRank, journal: Journal
) -> None:
    bench = Bench()
    bench.use_up(rank)
    assert bench.use_up(STRANGER) == 0.0
    assert bench.use_up(NEWCOMER) == STRANGERS_S - UNPROVEN_S
    told = journal.count("🐢 Temps d'antenne des inconnus sans preuve épuisé (0,5 % de l'heure)")
    assert told == 1


def test_one_text_may_always_be_more_than_half_of_the_strangers_share() -> None:
    """On a slow preset it is; more than the whole share it may not be."""
    gate = Bench().gate
    assert gate.wait_s(STRANGER, UNPROVEN_S + 10.0) == 0.0
    gate.charge(STRANGER, UNPROVEN_S + 10.0)
    assert gate.wait_s(STRANGER, 1.0) == HOUR_S
    assert Bench().gate.wait_s(STRANGER, STRANGERS_S + 1.0) == math.inf


def test_numbers_long_known_use_no_more_than_half_of_what_is_everybodys() -> None:
    """They can be forged by anybody, so the other half is for those who prove theirs."""
    bench = Bench()
    assert bench.use_up(KNOWN) == TOTAL_S / 2 + 1
    assert bench.gate.wait_s(STRANGER, 1.0) > 0
    assert bench.use_up(ESTABLISHED) == TOTAL_S / 2 - 1
    assert bench.gate.wait_s(ESTABLISHED, 1.0) == HOUR_S


def test_regulars_leave_a_quarter_of_what_is_everybodys_to_those_established() -> None:
    """Whoever has waited for an hour with many keys is many regulars."""
    bench = Bench()
    assert bench.use_up(REGULAR) == 3 / 4 * TOTAL_S + 1 + STRANGERS_S
    assert bench.use_up(ESTABLISHED) == TOTAL_S / 4 - 1 - STRANGERS_S


@pytest.mark.parametrize(
    ("rank", "share_s"),
    [(ESTABLISHED, TOTAL_S), (REGULAR, 3 / 4 * TOTAL_S), (STRANGER, UNPROVEN_S)],
)
def test_one_sender_takes_at_most_half_and_leaves_something_for_each_one_after_him(
    rank: SenderRank, share_s: float
) -> None:
    bench = Bench()
    had = []
    for _ in range(3):
        had_s = 0.0
        while bench.gate.wait_s(rank, 1.0, had_s) <= 0:
            bench.gate.charge(rank, 1.0)
            had_s += 1.0
        had.append(had_s)
    assert had[0] == pytest.approx(share_s / 2, abs=1.0)
    assert had[1] == pytest.approx(share_s / 4, abs=1.0)
    assert had[2] == pytest.approx(share_s / 8, abs=1.0)
    assert bench.gate.wait_s(rank, 1.0) == 0.0


def test_what_nobody_confirmed_is_charged_to_who_asked() -> None:
    bench = Bench()
    bench.gate.charge(STRANGER, 10.0)
    bench.gate.charge_retries(STRANGER, 10.0)
    bench.gate.charge(REGULAR, 10.0)
    total_percent, strangers_percent = bench.budget.used_percent()
    assert total_percent == pytest.approx(40.0 / 36)
    assert strangers_percent == pytest.approx(30.0 / 36)


def test_answers_have_their_full_length_while_there_is_little_to_do() -> None:
    gate = Bench().gate
    assert gate.limit(INTERFACE, STRANGER, 5, MANY_ASKERS - 1) is None
    limit = gate.limit(INTERFACE, STRANGER, 5, MANY_ASKERS)
    assert limit is not None and limit.texts == 1


def test_a_busy_channel_makes_everybodys_answers_short_a_strangers_share_only_theirs() -> None:
    bench = Bench()
    bench.gate.charge(STRANGER, 0.6 * STRANGERS_S)
    assert bench.why_short(STRANGER) is WhyShort.AIR_USED
    assert bench.why_short(REGULAR) is None
    bench.budget.note_node(None, 40.0, None)
    assert bench.why_short(REGULAR) is WhyShort.CHANNEL_BUSY
    assert bench.why_short(REGULAR, askers=MANY_ASKERS) is WhyShort.MANY_ASK


@pytest.mark.parametrize("asked_bytes", [0, 5, 6, 40, 200])
def test_an_answer_costs_no_more_than_a_few_times_its_question_while_there_is_much_to_do(
    asked_bytes: int,
) -> None:
    gate = Bench().gate
    limit = gate.limit(INTERFACE, REGULAR, asked_bytes, MANY_ASKERS)
    assert limit is not None
    assert SHORT_BYTES <= limit.last_bytes <= 200
    cost_s = gate.cost_s(INTERFACE, limit.last_bytes, sealed=True)
    asked_s = gate.cost_s(INTERFACE, asked_bytes, sealed=True)
    assert cost_s <= REPLY_PER_QUESTION * asked_s
    assert limit.last_bytes == 200 or asked_bytes < 40
