import random
from dataclasses import replace

import pytest

from meshbot.diagnosis.figures import figures_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.days import days_of
from meshbot.diagnosis.page.downtime_columns import _TOPS_S, downtime_columns
from meshbot.diagnosis.page.heading import heading, node_text
from meshbot.diagnosis.page.loss_map import level_bounds, level_of, loss_map
from meshbot.diagnosis.page.markup import words
from meshbot.diagnosis.page.outage_bars import outage_bars, outage_counts
from meshbot.diagnosis.page.shares_bar import shares_bar
from meshbot.diagnosis.page.tiles import tiles
from meshbot.diagnosis.page.trial_arms import Arm, trial_arms
from meshbot.diagnosis.page.wording import (
    ceiling,
    chance_text,
    length_text,
    losses_text,
    percent_text,
    whole_text,
)
from meshbot.diagnosis.statement import Statement
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S, End, history, lived, lost_at, session
from tests.diagnosis.page.drawn import figures_in, of_class, parsed, text_of, titles
from tests.diagnosis.sample_weeks import sample_history

HOSTILE = "<script>alert('x')</script> & \"so\""


def a_week(per_day: float) -> LinkHistory:
    rng = random.Random(6)
    ends = [End(rng.expovariate(per_day / DAY_S)) for _ in range(int(7 * per_day))]
    return lived(*ends)


# -- The map -----------------------------------------------------------------------------------


@pytest.mark.parametrize("per_day", [1.0, 28.0, 300.0])
def test_the_cells_of_the_map_add_up_to_the_losses(per_day: float) -> None:
    made = a_week(per_day)
    drawn = parsed(loss_map(days_of(made), 0))
    assert sum(figures_in(titles(drawn), r" h : (\d+) coupure")) == len(made.losses)
    assert sum(int(one.text or "") for one in of_class(drawn, "n")) == len(made.losses)
    rows = [one.text or "" for one in of_class(drawn, "total")]
    assert rows[0] == "total" and sum(map(int, rows[1:])) == len(made.losses)


def test_the_table_beside_the_map_has_its_figures() -> None:
    days = days_of(a_week(28.0))
    rows = parsed(loss_map(days, 0)).findall(".//tbody/tr")
    assert [int(row.findall("td")[0].text or "") for row in rows] == [day.count for day in days]
    assert [row.findtext("th") for row in rows] == [f"{day.midnight:%d/%m}" for day in days]


def test_time_without_the_bot_is_not_time_without_a_loss() -> None:
    made = history(session(NOON_S, NOON_S + 2 * HOUR_S, cause=None))
    drawn = parsed(loss_map(days_of(made), 0))
    assert titles(drawn) == [
        "mardi 22/09, 0 h à 12 h : bot arrêté",
        "mardi 22/09, 12 h à 14 h : aucune coupure",
        "mardi 22/09, 14 h à 24 h : bot arrêté",
    ]
    assert [one.get("class") for one in drawn.iter("rect")] == ["off", "c0", "off"]
    (strokes,) = of_class(drawn, "hatch")
    assert strokes.get("d", "").count("M") == 22


def test_three_months_have_small_rows_and_no_figures() -> None:
    made = lost_at(NOON_S, NOON_S + 80 * DAY_S)
    drawn = parsed(loss_map(days_of(made), 3))
    assert not of_class(drawn, "n") and not of_class(drawn, "total")
    assert len(of_class(drawn, "day")) == 12
    assert "3 coupures d'avant ces 81 jours n'y sont pas." in text_of(drawn)
    assert "1 coupure d'avant ces 81 jours n'y est pas." in text_of(
        parsed(loss_map(days_of(made), 1))
    )


@pytest.mark.parametrize("most", [0, 1, 3, 5, 6, 7, 12, 34, 120, 5_000])
def test_the_colours_of_the_map_cover_every_number(most: int) -> None:
    bounds = level_bounds(most)
    assert bounds == sorted(set(bounds)) and len(bounds) == min(most, 5)
    assert level_of(0, bounds) == 0
    assert level_of(1, bounds) == (1 if most else 0)
    assert level_of(most, bounds) == len(bounds)


def test_the_legend_of_the_map_says_what_each_colour_is() -> None:
    days = days_of(lost_at(*(NOON_S + 100 * n for n in range(18))))
    legend = of_class(parsed(loss_map(days, 0)), "legend")[0]
    assert [text_of(one) for one in legend] == [
        *("bot arrêté", "aucune coupure"),
        *("1", "2", "3 à 5", "6 à 9", "10 à 18 par heure"),
    ]


# -- Outages -----------------------------------------------------------------------------------


def test_outages_are_sorted_by_their_length() -> None:
    lengths_s = (1.0, 4.9, 5.0, 19.0, 20.0, 59.0, 60.0, 300.0, 1_799.0, 1_800.0, None)
    made = history(
        *(
            session(NOON_S + DAY_S * n, NOON_S + DAY_S * n + 60, back_s=back_s)
            for n, back_s in enumerate(lengths_s)
        )
    )
    counts = [2, 2, 2, 1, 2, 1, 1]
    assert [count for _, count in outage_counts(made)] == counts
    drawn = parsed(outage_bars(made))
    assert figures_in(titles(drawn), r" : (\d+) coupure") == counts
    widths = [float(one.get("width", "").rstrip("%")) for one in drawn.iter("rect")]
    assert widths == [50.0 * count for count in counts]


def test_without_a_loss_there_is_no_outage_to_draw() -> None:
    assert outage_bars(LinkHistory()) == ""


def test_time_without_a_link_stands_over_its_day() -> None:
    made = history(
        session(NOON_S, NOON_S + HOUR_S),
        session(NOON_S + HOUR_S + 900, NOON_S + DAY_S),
        session(NOON_S + DAY_S + 1_800, NOON_S + DAY_S + HOUR_S, cause=None),
    )
    drawn = parsed(downtime_columns(days_of(made)))
    heights = [float(one.get("height", "")) for one in of_class(drawn, "down") if one.get("height")]
    assert heights == [0.5, 1.0]
    assert [one for one in titles(drawn) if "15 min sans liaison" in one]
    assert [one.text for one in of_class(drawn, "end")] == ["0", "15 min", "30 min"]


def test_the_levels_of_that_chart_are_whole() -> None:
    assert list(_TOPS_S) == sorted(_TOPS_S)
    assert all(top % 120 == 0 or top == 60 for top in _TOPS_S)


def test_a_link_that_was_never_away_needs_no_columns() -> None:
    assert downtime_columns(days_of(history(session(NOON_S, NOON_S + 9 * DAY_S, cause=None)))) == ""


# -- Shares ------------------------------------------------------------------------------------


def test_the_shares_fill_the_bar() -> None:
    diagnosis = diagnose(sample_history("reboots and Wi-Fi"))
    drawn = parsed(shares_bar(diagnosis))
    widths = [float(one.get("width", "").rstrip("%")) for one in drawn.iter("rect")]
    assert len(widths) == len(diagnosis.shares) >= 2
    assert sum(widths) == pytest.approx(100, abs=0.05)
    lefts = [float(one.get("x", "").rstrip("%")) for one in drawn.iter("rect")]
    ends = [left + width for left, width in zip(lefts, widths, strict=True)]
    assert lefts[1:] == pytest.approx(ends[:-1], abs=0.02)
    rows = drawn.findall(".//ol/li")
    for row, share in zip(rows, diagnosis.shares, strict=True):
        assert losses_text(share.count) in text_of(row)
        assert share.verdict.text[1:] in text_of(row)
        shown = [text_of(one) for one in row.iter("li") if one is not row]
        wanted = [] if share.verdict is diagnosis.verdict else share.evidence
        assert len(shown) == len(wanted)
        for said, one in zip(shown, wanted, strict=True):
            assert said.startswith("observé" if one.observed else "déduit")


def test_what_nothing_explains_is_grey() -> None:
    diagnosis = diagnose(lost_at(*(NOON_S + 5_000 * n * n for n in range(9))))
    assert diagnosis.shares[0].verdict.name == "unexplained"
    assert [one.get("class") for one in parsed(shares_bar(diagnosis)).iter("rect")] == ["none"]


def test_the_shares_are_escaped() -> None:
    diagnosis = diagnose(lost_at(*(NOON_S + 5_000 * n for n in range(9))))
    share = replace(
        diagnosis.shares[0],
        verdict=replace(diagnosis.shares[0].verdict, text=HOSTILE),
        evidence=[Statement(HOSTILE, observed=False)],
        advice=[HOSTILE],
    )
    drawn = shares_bar(replace(diagnosis, shares=[share]))
    assert "<script" not in drawn
    assert text_of(parsed(drawn)).count(HOSTILE[1:]) == 4  # hover, name, evidence, advice


# -- Tiles, heading ----------------------------------------------------------------------------


def in_tiles(made: LinkHistory) -> dict[str, str]:
    drawn = parsed(tiles(made, figures_of(made), days_of(made)))
    return {
        one.findtext("dt") or "": " | ".join(part.text or "" for part in one.findall("dd/*"))
        for one in drawn.iter("div")
        if one.find("dt") is not None
    }


def test_the_tiles_say_what_matters_most() -> None:
    made = history(
        session(NOON_S, NOON_S + HOUR_S, back_s=900.0),
        session(NOON_S + HOUR_S + 900, NOON_S + DAY_S),
        session(NOON_S + DAY_S + 4, NOON_S + DAY_S + 60),
        session(NOON_S + DAY_S + 64, NOON_S + 2 * DAY_S, cause=None),
    )
    assert in_tiles(made) == {
        "Disponibilité": "99,47 % | 15 min sans liaison",
        "Coupures": "3 | 1,5 par jour",
        "Pire jour": "23/09 | mercredi, 2 coupures",
        "Plus longue interruption": "15 min | le 22/09 à 13:00",
    }


def test_the_tiles_of_a_link_that_holds() -> None:
    assert in_tiles(history(session(NOON_S, NOON_S + DAY_S, cause=None))) == {
        "Disponibilité": "100,0 % | liaison jamais coupée",
        "Coupures": "0 | ",
        "Pire jour": "– | aucune coupure",
        "Plus longue interruption": "– | aucune",
    }


def test_losses_during_the_sending_of_the_database_are_told_apart() -> None:
    made = sample_history("dump at each start")
    during = len(made.dump_losses)
    said = in_tiles(made)["Coupures"]
    assert said == f"{during + len(made.losses)} | dont {during} pendant l'envoi de la base"


def test_nothing_has_no_tiles() -> None:
    assert in_tiles(LinkHistory()) == {}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({}, ""),
        ({"id": "!a1b2c3d4"}, "Nœud !a1b2c3d4"),
        (
            {"id": "!a1b2c3d4", "firmware": "2.5.20", "region": "EU_868", "transmits": True},
            "Nœud !a1b2c3d4, firmware 2.5.20, région EU_868",
        ),
        ({"region": "UNSET", "transmits": False}, "Région LoRa non réglée, émetteur coupé"),
        ({"id": 5, "firmware": None, "region": [], "transmits": "no"}, ""),
    ],
)
def test_the_node_is_named_as_far_as_it_said(node: dict[str, object], text: str) -> None:
    assert node_text(node) == text


def test_what_a_node_says_of_itself_is_no_markup() -> None:
    made = lost_at(NOON_S)
    made.node = {"id": HOSTILE, "firmware": "x" * 5_000, "region": "a\nb"}
    drawn = heading(made, diagnose(made))
    assert "<script" not in drawn and len(drawn) < 1_000
    assert "région a b" in text_of(parsed(drawn))


def test_the_heading_of_nothing_names_no_year() -> None:
    made = LinkHistory()
    assert text_of(parsed(heading(made, diagnose(made)))).endswith("Aucun événement de la liaison.")


# -- The trial ---------------------------------------------------------------------------------


def test_the_arms_of_a_trial_are_drawn_by_their_shares() -> None:
    arms = [Arm("avec la synchronisation", 20, 9), Arm("sans elle", 16, 1)]
    drawn = parsed(trial_arms("Elle coupe la liaison", arms, [HOSTILE], p_value=0.0123))
    widths = [one.get("width") for one in drawn.iter("rect")]
    assert widths == ["100%", "45%", "100%", "6.25%"]
    text = text_of(drawn)
    assert "Elle coupe la liaison (9 sur 20 et 1 sur 16 : p = 0,012)" in text
    assert "9 sur 20 (45 %)" in text and "1 sur 16 (6 %)" in text
    assert "1 liaison perdue sur 16 reconnexions" in text
    assert HOSTILE in text


def test_a_trial_that_has_just_begun_is_drawn_too() -> None:
    drawn = parsed(trial_arms("Rien encore", [Arm("avec", 1, 0), Arm("sans", 0, 0)]))
    assert "aucun tirage" in text_of(drawn) and "(p" not in text_of(drawn)
    assert [one.get("width") for one in drawn.iter("rect")] == ["100%", "0%", "100%", "0%"]


# -- Words -------------------------------------------------------------------------------------


def test_lines_break_where_french_does() -> None:
    nbsp = "\N{NO-BREAK SPACE}"
    assert words("à 95 % : 3 coupures en 90 s (p < 0,001) ; quoi ?") == (
        f"à 95{nbsp}%{nbsp}: 3{nbsp}coupures en 90{nbsp}s (p{nbsp}&lt;{nbsp}0,001){nbsp}; "
        f"quoi{nbsp}?"
    )


def test_figures_in_words() -> None:
    assert [losses_text(count) for count in (0, 1, 2)] == ["0 coupure", "1 coupure", "2 coupures"]
    assert whole_text(5_756) == "5756" and len(whole_text(100_000)) == 7
    assert [chance_text(value) for value in (0.0, 0.01, 0.3, 12.4)] == [
        *("0", "moins de 0,1", "0,3", "12"),
    ]
    shares = (0.0, 0.0004, 0.004, 0.5, 0.996, 0.9999, 1.0)
    assert [percent_text(share) for share in shares] == [
        *("0 %", "0,1 %", "0,4 %", "50 %", "99,6 %", "99,9 %", "100 %"),
    ]
    lengths_s = (4.0, 61.0, 600.0, 7_200.0, 90_000.0)
    assert [length_text(length_s) for length_s in lengths_s] == [
        *("4 s", "1 min 1 s", "10 min", "2 h", "1 j 1 h"),
    ]


@pytest.mark.parametrize("value", [0, 1, 4, 5, 7, 9, 11, 43, 61, 99, 101, 2_750])
def test_an_axis_ends_at_a_round_number_with_a_round_half(value: int) -> None:
    top = ceiling(value)
    assert value <= top <= max(6, 2 * value) and top % 2 == 0
