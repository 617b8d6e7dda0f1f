"""The rules of the alerts: what is told, when, and how often."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_pace import MATTER_S
from meshbot.alerts.alert_policy import DAY_S, HOUR_S, KEYS_AN_HOUR, AlertPolicy
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.support.clock import Clock

DOWN_S = 300.0
START_S = 5_000.0


@dataclass
class Bench:
    """A policy, its clock, and what it let pass."""

    clock: Clock = field(default_factory=lambda: Clock(START_S))
    told: list[Alert] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policy = AlertPolicy(DOWN_S, self.clock)

    def event(
        self,
        kind: EventKind,
        cause: Cause | None = None,
        text: str = "",
        seconds: float | None = None,
    ) -> None:
        now_s = self.clock.now_s
        event = LinkEvent(kind, now_s, now_s, cause=cause, text=text, seconds=seconds)
        self.policy.link_event(event)
        self.collect()

    def collect(self) -> None:
        self.told += self.policy.due()

    def passes(self, seconds: float) -> None:
        """Let time pass as on the thread, which looks when the policy says that it must."""
        end_s = self.clock.now_s + seconds
        while (next_s := self.policy.next_s()) is not None and next_s <= end_s:
            self.clock.now_s = max(next_s, self.clock.now_s)
            self.collect()
        self.clock.now_s = end_s
        self.collect()

    @property
    def kinds(self) -> list[AlertKind]:
        return [alert.kind for alert in self.told]

    def connect(self) -> None:
        self.event(EventKind.CONNECTED, seconds=1.0)

    def lose(self, cause: Cause = Cause.SILENCE) -> None:
        self.event(EventKind.LOST, cause)

    def reconnect(self) -> None:
        self.event(EventKind.CONNECTED, seconds=1.0)
        self.event(EventKind.RECONNECTED)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_outage_is_told_when_it_has_lasted_and_so_is_its_end(bench: Bench) -> None:
    bench.connect()
    bench.lose()
    bench.passes(100.0)
    bench.event(EventKind.NOT_OPENED, Cause.REFUSED)
    bench.passes(DOWN_S - 100.5)
    assert bench.told == []
    bench.passes(0.5)
    (down,) = bench.told
    assert (down.kind, down.seconds) == (AlertKind.LINK_DOWN, DOWN_S)
    assert (down.cause, down.latest_cause) == (Cause.SILENCE, Cause.REFUSED)
    bench.passes(MATTER_S)
    bench.event(EventKind.RECONNECTED, seconds=DOWN_S + MATTER_S + 60.0)
    back = bench.told[-1]
    assert back.kind is AlertKind.LINK_BACK
    assert (back.seconds, back.cause) == (DOWN_S + MATTER_S + 60.0, Cause.SILENCE)


def test_a_short_outage_is_not_told(bench: Bench) -> None:
    bench.connect()
    for _ in range(20):
        bench.lose()
        bench.passes(DOWN_S - 1.0)
        bench.reconnect()
    bench.passes(DAY_S)
    assert bench.told == []


def test_a_node_that_was_never_there_is_told(bench: Bench) -> None:
    bench.event(EventKind.NOT_OPENED, Cause.UNREACHABLE)
    bench.passes(DOWN_S)
    assert [alert.cause for alert in bench.told] == [Cause.UNREACHABLE]
    assert bench.told[0].latest_cause is None
    bench.passes(MATTER_S)
    bench.connect()  # the first one counts at once
    assert bench.kinds == [AlertKind.LINK_DOWN, AlertKind.LINK_BACK]
    assert bench.told[1].seconds == DOWN_S + MATTER_S


def test_a_handshake_that_does_not_last_ends_no_outage(bench: Bench) -> None:
    bench.connect()
    bench.lose()
    bench.passes(DOWN_S - 10.0)
    bench.event(EventKind.CONNECTED, seconds=1.0)
    bench.lose(Cause.UNSTABLE)
    bench.passes(10.0)
    assert [alert.cause for alert in bench.told] == [Cause.SILENCE]


def test_an_end_that_is_learned_of_late_is_told_alone(bench: Bench) -> None:
    bench.connect()
    bench.lose()
    bench.clock.now_s += DOWN_S + 100.0
    bench.policy.link_event(LinkEvent(EventKind.RECONNECTED, 0.0, bench.clock.now_s))
    bench.collect()
    assert bench.kinds == [AlertKind.LINK_BACK]


def test_a_link_that_is_lost_ten_times_is_told_once_with_how_often(bench: Bench) -> None:
    bench.connect()
    bench.lose()
    bench.passes(DOWN_S)
    for _ in range(10):
        bench.reconnect()
        bench.passes(10.0)
        bench.lose(Cause.RESET)
        bench.passes(DOWN_S / 5)
    assert bench.kinds == [AlertKind.LINK_DOWN]
    bench.reconnect()
    bench.passes(MATTER_S)
    assert bench.kinds == [AlertKind.LINK_DOWN, AlertKind.LINK_BACK]


def test_what_came_meanwhile_is_counted(bench: Bench) -> None:
    bench.connect()
    bench.lose()
    bench.passes(DOWN_S)
    bench.reconnect()
    bench.lose(Cause.FIN)
    bench.passes(DOWN_S)
    bench.reconnect()
    assert len(bench.told) == 1
    bench.passes(MATTER_S)
    assert bench.kinds == [AlertKind.LINK_DOWN, AlertKind.LINK_BACK]
    assert (bench.told[1].others, bench.told[1].cause) == (2, Cause.FIN)


def test_another_verdict_is_told_but_not_the_first(bench: Bench) -> None:
    for name in ("quiet", "quiet", "reboots", "reboots"):
        bench.policy.verdict(name, f"text of {name}")
        bench.passes(MATTER_S)
    assert [(alert.kind, alert.text) for alert in bench.told] == [
        (AlertKind.VERDICT, "text of reboots")
    ]


def test_a_key_is_told_once_a_day(bench: Bench) -> None:
    for _ in range(3):
        bench.policy.key_waits(7, b"a", "key a")
        bench.passes(HOUR_S)
    bench.policy.key_waits(7, b"b", "key b")
    bench.passes(DAY_S)
    bench.policy.key_waits(7, b"a", "key a")
    bench.collect()
    assert [alert.text for alert in bench.told] == ["key a", "key b", "key a"]


def test_a_flood_of_keys_is_five_alerts_an_hour(bench: Bench) -> None:
    for num in range(1_000):
        bench.policy.key_waits(num, b"key", f"node {num}")
        bench.passes(3.0)
    assert bench.kinds == [AlertKind.KEY_WAITS] * KEYS_AN_HOUR + [AlertKind.MORE_KEYS_WAIT]


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ([50, 21], []),
        ([50, 20], [20]),
        ([15, 25, 15, 29, 10], [15]),
        ([15, 30, 18], [15, 18]),
        ([15, 101, 18], [15, 18]),
        ([101], []),
        ([0], [0]),
    ],
)
def test_a_low_battery_is_told_once_until_it_was_charged(
    levels: list[int], told: list[int], bench: Bench
) -> None:
    for level in levels:
        bench.event(EventKind.METRICS, text=f'{{"battery": {level}}}')
        bench.passes(MATTER_S)
    assert [alert.percent for alert in bench.told] == told


def test_telemetry_without_a_battery_says_nothing(bench: Bench) -> None:
    for text in ("{}", "no json", '{"voltage": 3.3}'):
        bench.event(EventKind.METRICS, text=text)
    assert bench.told == []


def test_the_rest_is_told_each_by_its_matter(bench: Bench) -> None:
    policy = bench.policy
    policy.node_warned("duty cycle", "air")
    policy.node_warned("duplicated key", "key")
    policy.store_remade("store")
    policy.order_obeyed(1, "order of 1")
    policy.order_obeyed(2, "order of 2")
    policy.order_obeyed(2, "another of 2")
    policy.node_warned("duty cycle", "air again")
    bench.collect()
    assert [alert.text for alert in bench.told] == [
        *("air", "key", "store", "order of 1", "order of 2")
    ]
    bench.passes(MATTER_S)
    assert {alert.text for alert in bench.told[5:]} == {"another of 2", "air again"}


LINK_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (EventKind.LOST, EventKind.NOT_OPENED, EventKind.CONNECTED, EventKind.RECONNECTED)
        ),
        st.sampled_from((1.0, 50.0, 299.0, 300.0, 301.0, 899.0, 900.0, 2_000.0)),
    ),
    max_size=30,
)


@dataclass
class Model:
    """What becomes of the link, told in the simplest way."""

    ever: bool = False
    down_s: float | None = None
    offers: int = 0
    """How many alerts there would be without a limit."""

    def event(self, kind: EventKind, now_s: float) -> None:
        if kind in (EventKind.LOST, EventKind.NOT_OPENED):
            self.down_s = now_s if self.down_s is None else self.down_s
        elif kind is EventKind.RECONNECTED or not self.ever:
            self.ever = True
            if self.down_s is not None and now_s - self.down_s >= DOWN_S:
                self.offers += 2
            self.down_s = None


@given(LINK_STEPS)
def test_whatever_the_link_does_the_alerts_are_few_and_the_last_is_true(
    steps: list[tuple[EventKind, float]],
) -> None:
    bench, model = Bench(), Model()
    for kind, pause_s in steps:
        model.event(kind, bench.clock.now_s)
        cause = Cause.FIN if kind in (EventKind.LOST, EventKind.NOT_OPENED) else None
        bench.event(kind, cause)
        bench.passes(pause_s)
    bench.passes(2 * MATTER_S + DOWN_S)
    is_down = model.down_s is not None
    assert sum(1 + alert.others for alert in bench.told) == model.offers + is_down
    if bench.told:
        assert bench.told[-1].kind is (AlertKind.LINK_DOWN if is_down else AlertKind.LINK_BACK)
    assert all(alert.seconds >= DOWN_S for alert in bench.told)
    assert bench.policy.next_s() is None


@given(
    st.lists(st.tuples(st.sampled_from(("link", "a", "b")), st.floats(0.0, 1_000.0)), max_size=60)
)
def test_no_matter_is_told_of_twice_in_a_quarter_of_an_hour(
    steps: list[tuple[str, float]],
) -> None:
    bench = Bench()
    times_s: dict[object, list[float]] = {}
    seen = 0

    def look() -> None:
        nonlocal seen
        bench.collect()
        for alert in bench.told[seen:]:
            times_s.setdefault(alert.matter, []).append(bench.clock.now_s)
        seen = len(bench.told)

    for what, pause_s in steps:
        if what == "link":
            bench.policy.store_remade("")
        else:
            bench.policy.node_warned(what, "")
        look()
        bench.clock.now_s += pause_s
        look()
    bench.clock.now_s += MATTER_S
    look()
    for times in times_s.values():
        assert all(later - earlier >= MATTER_S for earlier, later in itertools.pairwise(times))
    assert sum(1 + alert.others for alert in bench.told) == len(steps)
