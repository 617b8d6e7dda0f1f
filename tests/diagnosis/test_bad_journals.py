"""What is wrong with a journal is said in one line, and no figure is nonsense."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.cli.report_refusal import ReportRefusal
from meshbot.cli.text_journal import TextJournal
from meshbot.diagnosis.event_order import in_order
from meshbot.diagnosis.figures import figures_of
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_text import text_report
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from tests.diagnosis.made import DAY_S, HOUR_S
from tests.diagnosis.sample_weeks import sample_events
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.diagnosis.weeks.site import monday_s

pytestmark = pytest.mark.slow

K = EventKind
BASE_S = 1_790_000_000.0
NOW = datetime(2026, 11, 26, 12)
BACK = "✅ Reconnexion TCP réussie (background)"
SILENCE = "⚠️ SILENCE TCP: 124s sans paquet (max: 120s)"
ATTEMPT = "🔄 Tentative de reconnexion TCP n°1, après : silence, le nœud ne répond plus"
UP = "✅ Connexion TCP établie : 192.168.1.38:4403"
STARTED = "🤖 MeshBot 2.0 : 40 clés publiques connues"
Judge = Callable[..., LinkHistory]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Return what a file of these lines tells, as the report reads it."""

    def of(*lines: str, now: datetime = NOW) -> LinkHistory:
        path = tmp_path / "journal.log"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return TextJournal(str(path), now.timestamp).history(None)

    return of


def at(moment: datetime, message: str, *, who: str = "pi meshbot[7]", short: bool = False) -> str:
    stamp = f"{moment:%b %d %H:%M:%S}" if short else f"{moment.astimezone():%Y-%m-%dT%H:%M:%S%z}"
    return f"{stamp} {who}: {moment:%H:%M:%S} [INFO] {message}"


def ten_days() -> tuple[list[str], datetime]:
    """Return the lines of ten days with many losses, and a moment after them."""
    lines = BotJournal().lines(sample_events("steady Wi-Fi, often", days=10))
    return [line.rstrip("\n") for line in lines], datetime.fromtimestamp(monday_s() + 12 * DAY_S)


def check_figures(history: LinkHistory) -> None:
    """Fail if a figure is impossible, whatever the journal was."""
    whole_s = history.last_s - history.first_s
    assert history.up_s >= 0 and history.down_s >= 0
    assert history.observed_s <= whole_s + 1e-3
    figures = figures_of(history)
    assert figures.uptime_percent is None or 0 <= figures.uptime_percent <= 100 + 1e-9
    for session in history.sessions:
        assert history.end_of(session) >= session.start_s
    for loss in history.losses:
        assert loss.life_s >= 0 and loss.declared_s >= loss.began_s
        assert loss.outage_s is None or 0 <= loss.outage_s <= whole_s
    for value in (figures.longest_run_s, figures.longest_outage_s, figures.median_outage_s):
        assert value is None or 0 <= value <= whole_s + 1e-3


# -- A clock that jumps ------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1970, 2000, 2020, 2025])
@pytest.mark.parametrize("short", [False, True])
def test_a_clock_that_learns_the_time_late(year: int, short: bool, judge: Judge) -> None:
    wrong = datetime(year, 1, 1, 9, 30)
    right = datetime(2026, 11, 25, 10)
    history = judge(
        at(wrong, STARTED, short=short),
        at(wrong + timedelta(seconds=5), UP, short=short),
        at(right, "x", short=short),
        *(at(right + timedelta(hours=hour), "x", short=short) for hour in range(1, 20)),
    )
    assert history.first_s == right.timestamp() - 5
    assert history.observed_s == 19 * HOUR_S + 5
    (remark,) = history.remarks
    assert "horloge" in remark
    check_figures(history)


def test_a_clock_that_loses_the_time_at_each_start(judge: Judge) -> None:
    lines = []
    for day in (20, 22, 24):
        wrong, right = datetime(2020, 1, 1), datetime(2026, 11, day, 10)
        lines += [at(wrong, STARTED), at(wrong + timedelta(seconds=5), UP)]
        lines += [at(right + timedelta(hours=hour), "x") for hour in range(20)]
    history = judge(*lines)
    assert [session.start_s for session in history.sessions] == [
        datetime(2026, 11, day, 10).timestamp() for day in (20, 22, 24)
    ]
    assert history.up_s == 3 * 19 * HOUR_S
    assert len(history.remarks) == 1 and "3 fois" in history.remarks[0]
    check_figures(history)


def test_no_line_for_days_is_not_counted_if_the_bot_speaks_otherwise(judge: Judge) -> None:
    first, again = datetime(2026, 11, 10, 8), datetime(2026, 11, 20, 8)
    lines = [at(first, BACK)]
    for begins in (first, again):
        lines += [at(begins + timedelta(hours=hour), "x") for hour in range(1, 21)]
    history = judge(*lines, at(again + timedelta(hours=21), SILENCE))
    assert history.up_s == 20 * HOUR_S + 20 * HOUR_S - 124
    (remark,) = history.remarks
    assert remark.startswith("Aucune ligne pendant 9 j")
    check_figures(history)


@pytest.mark.parametrize("hours", [20, 5 * 24])
def test_a_quiet_time_of_a_healthy_link_counts(hours: int, judge: Judge) -> None:
    """A journal that was filtered says nothing while nothing happens."""
    first = datetime(2026, 11, 10, 8)
    history = judge(at(first, BACK), at(first + timedelta(hours=hours), SILENCE))
    assert history.up_s == hours * HOUR_S - 124
    assert history.remarks == []


def test_a_clock_set_back_by_hours_is_said(judge: Judge) -> None:
    first = datetime(2026, 11, 10, 8)
    lines = [at(first + timedelta(hours=hour), "x" if hour else BACK) for hour in range(10)]
    lines += [at(first + timedelta(hours=hour, minutes=9), "x") for hour in range(4, 12)]
    history = judge(*lines, at(first + timedelta(hours=12), SILENCE))
    assert any("recule 1 fois" in remark for remark in history.remarks)
    check_figures(history)


def test_the_clock_of_several_runs_in_the_database() -> None:
    """Two runs that learnt the time late, and one in between that never did."""
    events = []
    for run, (known_s, length_s) in enumerate(
        ((BASE_S, DAY_S), (None, 600.0), (BASE_S + 2 * DAY_S, DAY_S))
    ):
        ends_s = 600.0 if known_s is None else known_s + length_s
        events += [
            LinkEvent(K.STARTED, 8.0, 8.0, run=run, text="{}"),
            LinkEvent(K.CONNECTED, 10.0, 10.0, run=run, session=1),
            LinkEvent(K.ALIVE, ends_s, 8.0 + length_s, run=run, session=1),
        ]
    history = history_of(on_one_clock(events))
    assert history.up_s == 2 * (DAY_S - 2) + 598
    assert history.first_s == BASE_S
    assert history.last_s == BASE_S + 3 * DAY_S
    check_figures(history)


# -- Two bots ----------------------------------------------------------------------------------


def two_bots(first: str, second: str) -> list[str]:
    """Return the lines of a bot that loses its link four times, among those of another."""
    begin = datetime(2026, 11, 20)
    lines = []
    for number in range(40):
        moment = begin + timedelta(hours=number)
        lost = number % 10 == 9
        lines.append(at(moment, SILENCE if lost else BACK if number % 10 == 0 else "x", who=first))
        lines.append(at(moment + timedelta(minutes=9), SILENCE, who=second))
        lines.append(at(moment + timedelta(minutes=10), BACK, who=second))
    return lines


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("pi meshbot[7]", "pi other[8]", "pi other"),
        ("pi python3[7]", "pi python3[8]", "pi python3"),
        ("pi meshbot[7]", "attic meshbot[7]", "attic meshbot"),
    ],
)
def test_of_two_bots_the_one_that_says_more_is_judged(
    first: str, second: str, name: str, judge: Judge
) -> None:
    lines = two_bots(first, second)
    history = judge(*lines)
    (remark,) = history.remarks
    assert remark.startswith(f"Plusieurs bots dans ce journal : seul {name} est jugé (80 ")
    alone = judge(*(line for line in lines if second in line))
    assert history.losses == alone.losses and len(alone.losses) == 40


def test_a_bot_started_again_is_one_bot(judge: Judge) -> None:
    begin = datetime(2026, 11, 20)
    lines = []
    for day in range(4):
        who = f"pi meshbot[{100 + day}]"
        morning = begin + timedelta(days=day)
        lines += [at(morning, STARTED, who=who), at(morning + timedelta(seconds=4), UP, who=who)]
        lines += [at(morning + timedelta(hours=hour), SILENCE, who=who) for hour in (6, 12)]
        lines += [
            at(morning + timedelta(hours=hour, seconds=18), BACK, who=who) for hour in (6, 12)
        ]
        lines[-3], lines[-2] = lines[-2], lines[-3]
    history = judge(*lines)
    assert len(history.losses) == 8
    assert history.remarks == []


def test_systemd_stops_only_the_bot_it_names(judge: Judge) -> None:
    lines = two_bots("pi mmrelay[7]", "pi meshbot[8]")
    stamp = f"{datetime(2026, 11, 20, 20, 5).astimezone():%Y-%m-%dT%H:%M:%S%z}"
    stop = f"{stamp} pi systemd[1]: Stopped mmrelay.service - Relay."
    assert len(judge(*lines[:61], stop, *lines[61:]).losses) == 40
    stop = stop.replace("mmrelay", "meshbot")
    assert len(judge(*lines[:61], stop, *lines[61:]).losses) == 39


# -- Lines that are missing, or not in order ---------------------------------------------------


def test_a_fifth_of_the_lines_lost_is_said_and_harms_little(judge: Judge) -> None:
    rng = random.Random(3)
    lines, now = ten_days()
    whole = judge(*lines, now=now)
    part = judge(*(line for line in lines if rng.random() > 0.2), now=now)
    assert whole.remarks == []
    assert len(part.remarks) == 1 and part.remarks[0].startswith("Journal incomplet : ")
    assert len(part.losses) == pytest.approx(len(whole.losses), rel=0.1)
    whole_s, part_s = figures_of(whole).uptime_percent, figures_of(part).uptime_percent
    assert whole_s is not None and part_s == pytest.approx(whole_s, abs=2.0)
    check_figures(part)


def test_a_success_that_is_missing_is_told_by_what_follows(judge: Judge) -> None:
    """Each row is what comes of a second session whose beginning is not told."""
    begin = datetime(2026, 11, 20)
    lost = (
        "🔌 Liaison TCP perdue (h:1) : connexion fermée par le nœud (FIN) ; nouvel essai aussitôt"
    )
    first = [at(begin, BACK), at(begin + timedelta(seconds=1_000), lost)]
    first.append(at(begin + timedelta(seconds=1_000), ATTEMPT))
    scheduled = "🔑 Synchronisation clés publiques programmée dans 30s..."
    for told, back_s in (
        ([(5_000, lost)], 1_000),
        ([(1_005, scheduled), (5_000, "x")], 1_005),
        ([(5_000, ATTEMPT)], 1_000),
        ([(5_000, SILENCE)], 1_000),
    ):
        rest = [at(begin + timedelta(seconds=after_s), message) for after_s, message in told]
        history = judge(*first, *rest, at(begin + timedelta(seconds=6_000), "x"))
        assert len(history.sessions) == 2, told
        assert history.sessions[1].start_s == begin.timestamp() + back_s


def test_attempts_that_fail_are_no_losses_at_level_debug(judge: Judge) -> None:
    begin = datetime(2026, 11, 20)
    lost = "🔌 Liaison TCP perdue (h:1) : {} ; nouvel essai dans 2 s"
    lines = [at(begin, BACK), at(begin + timedelta(hours=1), lost.format("pas de réponse du nœud"))]
    for number in range(1, 5):
        moment = begin + timedelta(hours=1, seconds=20 * number)
        lines.append(at(moment, ATTEMPT.replace("n°1", f"n°{number}")))
        failed = at(moment + timedelta(seconds=10), lost.format("hôte injoignable"))
        lines.append(failed.replace("[INFO]", "[DEBUG]"))
    history = judge(*lines, at(begin + timedelta(hours=1, seconds=100), BACK))
    (loss,) = history.losses
    assert loss.failures == [Cause.UNREACHABLE] * 4
    assert (loss.attempts, loss.outage_s) == (4, 100)


def test_files_in_the_wrong_order_are_put_in_the_right_one(judge: Judge) -> None:
    lines, now = ten_days()
    whole = judge(*lines, now=now)
    middle = len(lines) // 2
    turned = judge(*lines[middle:], *lines[:middle], now=now)
    twice = judge(*lines, *lines[middle:], now=now)
    assert "désordre" in turned.remarks[0] and "double" not in turned.remarks[0]
    assert "double" in twice.remarks[0]
    for history in (turned, twice):
        assert len(history.remarks) == 1
        assert [loss.declared_s for loss in history.losses] == [
            loss.declared_s for loss in whole.losses
        ]


def test_a_loss_that_the_journal_lacks_has_no_length(judge: Judge) -> None:
    begin = datetime(2026, 11, 20)
    history = judge(*(at(begin + timedelta(hours=hour), BACK) for hour in range(9)))
    assert [loss.outage_s for loss in history.losses] == [None] * 8
    assert history.causes == {Cause.OTHER: 8}
    assert history.remarks[0].startswith("Journal incomplet : 8 ")


# -- No time at all ----------------------------------------------------------------------------


def test_a_journal_without_times_is_refused_in_words(judge: Judge) -> None:
    with pytest.raises(ReportRefusal, match=r"ne dit pas l'heure .* \(2 lignes .*short-iso"):
        judge(f"[INFO] {SILENCE}", f"[INFO] {BACK}", "[INFO] x")


def test_some_lines_without_a_time_are_said(judge: Judge) -> None:
    history = judge(at(NOW, BACK), f"[INFO] {SILENCE}")
    assert history.remarks == ["1 ligne sur la liaison sans heure, donc ignorées"]


# -- Remarks reach the reader ------------------------------------------------------------------


def test_a_remark_stands_under_the_first_line(judge: Judge) -> None:
    history = judge(at(NOW, BACK), f"[INFO] {SILENCE}")
    assert text_report(history, diagnose(history)).splitlines()[1].startswith("⚠️ 1 ligne sur")


# -- Anything at all ---------------------------------------------------------------------------

MESSAGES = st.sampled_from(
    [
        *(BACK, SILENCE, ATTEMPT, UP, STARTED, "👋 Bot arrêté", "x"),
        "⚠️ SILENCE TCP: 9999999s sans paquet (max: 120s)",
        "🔄 Reconnexion TCP #9999999 à h:1...",
        "🔄 Reconnexion TCP programmée (intervalle: 180s)",
        "🔌 Liaison TCP perdue (h) : connexion fermée par le nœud (FIN) ; dernier octet il y a "
        "999999999 s ; nouvel essai aussitôt",
        "🔌 Liaison TCP impossible (h) : connexion refusée ; nouvel essai dans 2 s",
        "🔑 Synchronisation clés publiques programmée dans 999999999s...",
        "✅ SYNC COMPLETE: 42 public keys synchronized",
        "🔄 Starting public key synchronization to interface.nodes...",
        "🧭 Nœud !a1b2c3d4 : firmware 2.7.4, région EU_868, 999999999 redémarrages",
        "⚠️ Le nœud a coupé 999999 liaisons",
    ]
)
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 26)),
    st.datetimes(datetime(1970, 1, 2), datetime(2037, 12, 31)),
)
STAMPS: list[Callable[[datetime], str]] = [
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}+0000 pi bot[1]: ",
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}+0000 pi bot[2]: ",
    lambda moment: f"{moment:%b %d %H:%M:%S} pi bot[1]: ",
    lambda moment: f"[{moment.timestamp() % 1e6:12.6f}] pi bot[1]: ",
    lambda moment: f"{moment.timestamp():.6f} pi bot[1]: ",
    lambda moment: "",
]


@st.composite
def lines_of_bots(draw: st.DrawFn) -> list[str]:
    stamp = draw(st.sampled_from(STAMPS))
    rows = draw(st.lists(st.tuples(MOMENTS, MESSAGES), max_size=30))
    if draw(st.booleans()):
        rows.sort(key=lambda row: row[0])
    lines = [f"{stamp(moment)}{moment:%H:%M:%S} [INFO] {message}" for moment, message in rows]
    return [line[: draw(st.integers(0, 200))] if draw(st.booleans()) else line for line in lines]


def written(lines: Iterator[str] | list[str], path: Path) -> LinkHistory | None:
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        return TextJournal(str(path), NOW.timestamp).history(None)
    except ReportRefusal:
        return None


@given(lines_of_bots())
def test_no_journal_gives_an_impossible_figure(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    history = written(lines, tmp_path_factory.getbasetemp() / "bots.log")
    if history is not None:
        check_figures(history)
        assert text_report(history, diagnose(history))


@given(st.lists(st.text(), max_size=20), st.integers(0, 3))
def test_no_text_is_too_strange(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], place: int
) -> None:
    fronts = ("", "13:35:58 [INFO] ", "{", '{"MESSAGE":[1,"x",300],"__REALTIME_TIMESTAMP":"1"}')
    lines = [fronts[place] + text for text in texts]
    history = written(lines, tmp_path_factory.getbasetemp() / "texts.log")
    if history is not None:
        check_figures(history)


@given(st.text(max_size=300))
def test_no_line_raises(text: str) -> None:
    reader = JournalReader(NOW.timestamp)
    reader.read(text)
    reader.read(f"Nov 20 10:00:00 pi bot[1]: [INFO] {text}")
    reader.read(f"{text} [INFO] {BACK}")


@pytest.mark.parametrize(("variable", "locale"), [("LANG", "pl_PL.UTF-8"), ("LC_ALL", "pl_PL")])
def test_a_polish_november_is_read_on_a_polish_machine(
    variable: str, locale: str, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_TIME", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, locale)
    history = judge(f"lis 20 13:35:58 pi bot[1]: [INFO] {BACK}")
    assert history.last_s == datetime(2026, 11, 20, 13, 35, 58).timestamp()


def test_a_journal_that_stands_there_twice_counts_once_however_short() -> None:
    lines = [
        "2026-11-25T08:00:00+0000 pi meshbot[1]: 08:00:00 [INFO] 🤖 MeshBot 2.0 : 9 nœuds connus",
        "2026-11-25T08:00:01+0000 pi meshbot[1]: 08:00:01 [INFO] ✅ Connexion TCP établie : h:4403",
        "2026-11-25T08:20:01+0000 pi meshbot[1]: 08:20:01 [WARNING] 🔌 Liaison TCP perdue (h:4403)"
        " : connexion fermée par le nœud (FIN) ; nouvel essai aussitôt",
        "2026-11-25T08:20:05+0000 pi meshbot[1]: 08:20:05 [INFO] ✅ Reconnexion TCP réussie (back)",
    ]
    reader = JournalReader()
    events, remarks = in_order([event for line in [*lines, *lines] if (event := reader.read(line))])
    assert len(history_of(events).losses) == 1
    assert "4 lignes en double" in remarks[0]
