"""The desk: told by any thread, at once, whatever its own thread and its senders are at."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from meshbot.alerts import alert_desk
from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_desk import MOST_FACTS, AlertDesk
from meshbot.alerts.alert_policy import AlertPolicy
from meshbot.alerts.alert_sender import AlertSender
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.threads.shortage import NoThreadError
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import WAIT_S


class Sender:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.came = threading.Semaphore(0)
        self.refused = False

    def start(self) -> None:
        if self.refused:
            raise NoThreadError("alert-sender")

    def ask_to_stop(self) -> None: ...

    def stop(self, timeout_s: float) -> bool:
        return True

    def post(self, alert: Alert) -> None:
        self.alerts.append(alert)
        self.came.release()

    def next(self) -> Alert:
        assert self.came.acquire(timeout=WAIT_S)
        return self.alerts[-1]


class Bench:
    def __init__(self) -> None:
        self.clock = Clock(1_000.0)
        self.senders = [Sender(), Sender()]
        self.verdict: tuple[str, str] | None = ("quiet", "calme")
        self.judged = threading.Semaphore(0)
        self.hold = threading.Event()
        self.hold.set()
        self.desk = AlertDesk(
            AlertPolicy(300.0, self.clock),
            cast("list[AlertSender]", self.senders),
            self.judge,
            clock=self.clock,
        )

    def judge(self) -> tuple[str, str] | None:
        self.judged.release()
        assert self.hold.wait(WAIT_S)
        return self.verdict

    def event(self, kind: EventKind, cause: Cause | None = None) -> None:
        self.desk.link_event(LinkEvent(kind, 0.0, self.clock.now_s, cause=cause))


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.hold.set()
    assert made.desk.stop(WAIT_S)


def test_each_sender_is_given_what_the_policy_lets_pass(bench: Bench) -> None:
    bench.desk.start()
    bench.event(EventKind.ALIVE)
    bench.desk.node_warned("air", "Le nœud …")
    for sender in bench.senders:
        assert (sender.next().kind, sender.alerts[0].text) == (AlertKind.NODE_WARNS, "Le nœud …")


@pytest.mark.parametrize(
    ("tell", "kind"),
    [
        (lambda desk: desk.key_waits(1, b"key", "key"), AlertKind.KEY_WAITS),
        (lambda desk: desk.store_remade("store"), AlertKind.STORE_REMADE),
        (lambda desk: desk.order_obeyed(1, "order"), AlertKind.ORDER_OBEYED),
    ],
)
def test_each_fact_reaches_its_rule(
    tell: Callable[[AlertDesk], object], kind: AlertKind, bench: Bench
) -> None:
    tell(bench.desk)
    bench.desk.start()
    assert bench.senders[0].next().kind is kind


def test_an_outage_is_told_when_its_time_has_come_though_nothing_happens() -> None:
    bench = Bench()
    desk = AlertDesk(
        AlertPolicy(0.05, time.monotonic),
        cast("list[AlertSender]", bench.senders),
        bench.judge,
    )
    desk.start()
    now_s = time.monotonic()
    desk.link_event(LinkEvent(EventKind.LOST, 0.0, now_s, cause=Cause.FIN))
    assert bench.senders[0].next().cause is Cause.FIN
    assert desk.stop(WAIT_S)


def test_telling_never_waits_and_takes_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_desk, "FIRST_VERDICT_S", 0.0)
    bench = Bench()
    bench.hold.clear()
    bench.desk.start()
    assert bench.judged.acquire(timeout=WAIT_S)  # its thread is at something long
    for number in range(2 * MOST_FACTS):
        bench.desk.node_warned(number, "")
    bench.hold.set()
    for _ in range(MOST_FACTS):
        bench.senders[0].next()
    assert bench.desk.stop(WAIT_S)
    assert len(bench.senders[0].alerts) == MOST_FACTS


def test_another_verdict_is_told_after_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_desk, "FIRST_VERDICT_S", 0.0)
    monkeypatch.setattr(alert_desk, "VERDICT_INTERVAL_S", 0.0)
    bench = Bench()
    bench.desk.start()
    assert bench.judged.acquire(timeout=WAIT_S)
    bench.verdict = ("reboots", "le nœud redémarre")
    bench.desk.node_warned("air", "")  # no reason to judge anew
    bench.senders[0].next()
    assert not bench.judged.acquire(blocking=False)
    bench.event(EventKind.LOST, Cause.RESET)
    assert bench.senders[0].next().text == "le nœud redémarre"
    assert bench.desk.stop(WAIT_S)


def test_where_no_thread_is_to_be_had_the_bot_runs_without(bench: Bench, journal: Journal) -> None:
    bench.senders[1].refused = True
    bench.desk.start()
    assert journal.count("Pas d'alertes : cette machine n'accorde plus de fil") == 1
    bench.desk.node_warned("air", "")
