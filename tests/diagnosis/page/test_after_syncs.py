import random

import pytest

from meshbot.diagnosis.losses_around_syncs import sync_evidence
from meshbot.diagnosis.page.after_syncs import BIN_S, BINS, SUSPECT_BINS, after_syncs
from meshbot.diagnosis.page.sync_histogram import reading, sync_histogram
from meshbot.model.cause import Cause
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S, End, history, lived, session, uneven
from tests.diagnosis.page.drawn import figures_in, of_class, parsed, text_of, titles
from tests.diagnosis.sample_weeks import sample_history

pytestmark = pytest.mark.slow


def test_losses_and_time_alive_by_hand() -> None:
    found = after_syncs(
        history(
            session(NOON_S, NOON_S + 100, syncs=(2.0,), first=True),  # tells nothing
            session(NOON_S + 200, NOON_S + 270, syncs=(30.0,)),  # lost 40 s after its sync
            session(NOON_S + 300, NOON_S + 320),  # lost before it had one
            session(NOON_S + 400, NOON_S + 1_000, syncs=(30.0, 230.0)),  # 200 s and 370 s alive
            session(NOON_S + 2_000, NOON_S + 2_050, syncs=(30.0,), cause=None),  # 20 s, not lost
        )
    )
    assert (found.syncs, found.later, found.without) == (4, 1, 2)
    assert [place for place, count in enumerate(found.counts) if count] == [2]
    assert found.alive_s[:4] == [60.0, 50.0, 40.0, 30.0]  # 20 s, 40 s, 200 s and 300 s long
    assert sum(found.alive_s) == 20 + 40 + 200 + 300


def test_chance_is_the_rate_of_the_comparable_time_in_the_time_alive() -> None:
    # 40 sessions live for an hour and are lost; half an hour of theirs is without a sync before it
    made = history(
        *(
            session(
                NOON_S + 4_000 * n, NOON_S + 4_000 * n + (1_800 if n % 2 else 60), syncs=(30.0,)
            )
            for n in range(40)
        )
    )
    found = after_syncs(made)
    assert found.counts[2] == 20 and found.later == 20
    evidence = sync_evidence(made)
    # none in the comparable time; in the time far from a sync 20 in 20 times 1680 s and 40 times 30
    assert not evidence.control.losses
    assert found.per_s == pytest.approx(20 / (20 * (1_800 - 30 - 90) + 40 * 30))
    assert found.chances[0] == pytest.approx(found.per_s * 40 * BIN_S)
    assert found.chances[5] == pytest.approx(found.per_s * 20 * BIN_S)


def test_a_loss_just_before_the_sync_belongs_to_none() -> None:
    made = history(session(NOON_S, NOON_S + 20, syncs=(30.0,)), session(NOON_S + 90, NOON_S + 99))
    found = after_syncs(made)
    assert (sum(found.counts), found.without, found.syncs) == (0, 2, 0)
    assert sync_histogram(found) == ""


def test_a_reset_counts_from_when_the_node_can_have_died() -> None:
    made = history(session(NOON_S, NOON_S + 110, syncs=(30.0,), cause=Cause.RESET))
    assert after_syncs(made).counts.index(1) == int((110 - 30 - 30) / BIN_S)


@pytest.mark.parametrize(
    "name",
    [
        *("steady Wi-Fi, often", "sync 0.5, hang", "phone by hand", "reboots"),
        *("original: steady Wi-Fi", "original: sync 0.5, crash"),  # a sync every five minutes
    ],
)
def test_every_loss_is_somewhere(name: str) -> None:
    made = sample_history(name)
    found = after_syncs(made)
    assert sum(found.counts) + found.later + found.without == len(made.losses)
    assert found.alive_s == sorted(found.alive_s, reverse=True)
    assert max(found.alive_s) <= found.syncs * BIN_S + 1e-6


def test_a_sync_that_kills_stands_out_and_a_fading_link_does_not() -> None:
    rng = random.Random(1)
    resets = [End(30.0 + rng.uniform(70.0, 95.0), Cause.RESET) for _ in range(60)]
    killed = after_syncs(lived(*uneven(1), *resets))
    assert sum(killed.counts[:SUSPECT_BINS]) == sum(killed.counts) > 10
    assert max(killed.counts) > 20 * max(killed.chances)
    silences = [End(rng.expovariate(28.0 / DAY_S), Cause.SILENCE) for _ in range(28 * 30)]
    fading = after_syncs(lived(*silences, periodic_s=300.0))
    for count, chance in zip(fading.counts, fading.chances, strict=True):
        assert abs(count - chance) < 4 * chance**0.5


def test_the_drawing_has_the_figures() -> None:
    found = after_syncs(sample_history("original: sync 0.5, hang", days=2))
    drawn = parsed(sync_histogram(found))
    said = [title for title in titles(drawn) if "par hasard" in title]
    assert figures_in(said, r": (\d+) coupure") == found.counts
    (chart,) = drawn.findall("svg")
    assert chart.get("role") == "img" and reading(found) in chart.get("aria-label", "")
    bars = [*of_class(chart, "soon"), *of_class(chart, "late")]
    heights = [float(bar.get("height", "")) for bar in bars]
    counts = [count for count in found.counts if count]
    assert len(bars) == len(counts)
    tallest = max(heights) / max(counts)
    assert heights == pytest.approx([count * tallest for count in counts], abs=0.001)
    (line,) = of_class(chart, "chance")
    levels = [float(step.split("h")[0].split()[1]) for step in line.get("d", "")[1:].split("L")]
    assert levels == pytest.approx([1 - chance * tallest for chance in found.chances], abs=0.001)
    assert len(drawn.findall(".//tbody/tr")) == BINS
    assert 0 < len(of_class(chart, "soon")) <= SUSPECT_BINS


def test_what_would_be_an_empty_chart_is_said_in_words() -> None:
    made = history(session(NOON_S, NOON_S + HOUR_S, syncs=(30.0,)))
    drawn = parsed(sync_histogram(after_syncs(made)))
    assert drawn.find("svg") is None
    assert "après 1 synchronisation : 0 coupure" in text_of(drawn)
    assert "1 plus tard" in text_of(drawn)
