"""What is said of the air: each limit once an hour, and that it is free again."""

import logging

import pytest

from meshbot.messages.air_budget import STALE_S, AirBudget, AirBudgetSettings
from meshbot.messages.air_limit import AirLimit
from meshbot.messages.air_narrator import AirNarrator
from tests.support.clock import Clock

HELD = "Temps d'antenne des inconnus épuisé (1 % de l'heure) : leurs réponses attendent"
FREE = "Temps d'antenne des inconnus à nouveau disponible"


class Bench:
    """A budget with its narrator, on a clock that stands still."""

    def __init__(self, settings: AirBudgetSettings | None = None) -> None:
        self.clock = Clock(0.0)
        self.budget = AirBudget(settings or AirBudgetSettings(5.0, 1.0), self.clock)
        self.narrator = AirNarrator(self.budget, self.clock)

    def reply(self, cost_s: float) -> None:
        """Send a stranger's reply, or tell that it waits; then look, as the bot does."""
        limit = self.budget.limit_on(cost_s, stranger=True)
        if limit is None:
            self.budget.charge(cost_s, stranger=True)
        else:
            self.narrator.held(limit)
        self.narrator.look()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_a_share_used_up_is_said_once_and_once_that_it_is_free(
    lines: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    for _ in range(100):
        bench.clock.now_s += 2.5
        bench.reply(2.0)
    assert [record.getMessage() for record in lines.records] == [f"🐢 {HELD}"]
    bench.clock.now_s = 3_600 + 10.0  # four of eighteen are over: less than a quarter
    bench.narrator.look()
    assert len(lines.records) == 1
    bench.clock.now_s += 2.5
    bench.narrator.look()
    bench.narrator.look()
    assert [record.getMessage() for record in lines.records][1:] == [f"📡 {FREE}"]


def test_a_flood_without_end_is_said_no_more_than_once_an_hour(
    lines: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    for _ in range(int(10 * 3_600 / 5)):
        bench.clock.now_s += 5
        bench.reply(2.0)
    held = [record for record in lines.records if "épuisé" in record.getMessage()]
    free = [record for record in lines.records if "disponible" in record.getMessage()]
    assert 9 <= len(held) <= 10
    assert len(free) <= len(held)


def test_nothing_is_free_again_that_was_not_said_to_be_used_up(
    lines: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.budget.charge(20.0, stranger=True)
    bench.narrator.look()
    assert not lines.records


@pytest.mark.parametrize(
    ("settings", "limit", "words"),
    [
        (AirBudgetSettings(5.0, 1.0), AirLimit.TOTAL, "du bot épuisé (5 % de l'heure)"),
        (AirBudgetSettings(2.5, 1.0), AirLimit.TOTAL, "du bot épuisé (2,5 % de l'heure)"),
        (AirBudgetSettings(5.0, 0.5), AirLimit.STRANGERS, "inconnus épuisé (0,5 % de l'heure)"),
    ],
)
def test_the_line_tells_the_limit(
    lines: pytest.LogCaptureFixture, settings: AirBudgetSettings, limit: AirLimit, words: str
) -> None:
    Bench(settings).narrator.held(limit)
    assert words in lines.text


def test_the_nodes_own_limit_is_told_as_such(lines: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.budget.note_node(9.5, 4.0, 10.0)
    bench.reply(2.0)
    assert "approche de son temps d'émission légal (9 % de l'heure)" in lines.text
    bench.clock.now_s += STALE_S
    bench.narrator.look()
    assert "revenu loin de son temps d'émission légal" in lines.text
