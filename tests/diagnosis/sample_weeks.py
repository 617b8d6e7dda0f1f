"""Simulated weeks, for tests that need a plausible history and no certain verdict."""

from dataclasses import replace

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.link_event import LinkEvent, on_one_clock
from tests.diagnosis.weeks.judged import history_from
from tests.diagnosis.weeks.kinds import KINDS
from tests.diagnosis.weeks.making import Recipe
from tests.diagnosis.weeks.this_bot import BotTraits
from tests.diagnosis.weeks.week import DAY_S, Chances, Week


def sample(name: str, *, seed: int = 0, days: float = 7.0, tries_both: bool = False) -> Week:
    """Return a week of a kind. ``tries_both``: the skip flag is set every other day."""
    recipe = KINDS[name].play
    assert isinstance(recipe, Recipe)
    recipe = replace(recipe, days=days)
    if tries_both:
        skips = tuple((day * DAY_S, day % 2 == 1) for day in range(int(days)))
        recipe = replace(recipe, bot=BotTraits(skips=skips))
    return recipe(Chances(f"{name}/{seed}"))


def sample_events(
    name: str, *, seed: int = 0, days: float = 7.0, tries_both: bool = False
) -> list[LinkEvent]:
    """Return what this bot notes in such a week."""
    return on_one_clock(sample(name, seed=seed, days=days, tries_both=tries_both).events)


def sample_history(
    name: str, *, seed: int = 0, days: float = 7.0, tries_both: bool = False
) -> LinkHistory:
    """Return what such a week tells."""
    if KINDS[name].text:
        return history_from(sample(name, seed=seed, days=days), text=True)
    return history_of(sample_events(name, seed=seed, days=days, tries_both=tries_both))
