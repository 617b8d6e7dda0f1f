"""Which alerts the operator is given, and when. Pure: told facts, and the time by its clock.

The rules:

1. The link is down from its loss, or from the first attempt that failed where there was none yet,
   until a reconnection counts (the first connection of all counts at once).
2. An outage is told of when it has lasted ``link_down_s``, once, with why the link was lost and
   why the last attempt failed.
3. The end of an outage that was told of, or is about to be, is told of with its length.
4. The first verdict on the link is where one starts from; another one is told of.
5. A key that waits for a decision is told of once a day; of more than four nodes an hour, only that
   there are more, once an hour. So a flood of forged keys is five alerts.
6. A battery of 20 % or less is told of; again only after it had 30 %, or external power.
7. The node's own warnings, a database made anew and an order that was obeyed are told of.
8. One matter is told of once in a quarter of an hour. What comes meanwhile is held, the newest
   in the place of those before, which are counted.
"""

from collections.abc import Callable, Hashable

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_pace import AlertPace
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.node_metrics import NodeMetrics
from meshbot.text.line_limiter import LineLimiter

HOUR_S, DAY_S = 3_600.0, 86_400.0
LOW_PERCENT, WELL_PERCENT = 20, 30
KEYS_AN_HOUR = 4
LINK, VERDICT, BATTERY, STORE, MORE_KEYS = "link", "verdict", "battery", "store", "more keys"

_DOWN = (EventKind.LOST, EventKind.NOT_OPENED)
EVENT_KINDS = frozenset((*_DOWN, EventKind.CONNECTED, EventKind.RECONNECTED, EventKind.METRICS))
"""The events of the link's journal that say something here."""
_Why = tuple[Cause | None, str]
"""A cause and its detail."""


class AlertPolicy:
    """What is known of each matter, and what of it was told."""

    def __init__(self, link_down_s: float, clock: Callable[[], float]) -> None:
        """Nothing has happened; ``clock`` is monotonic, and that of the events."""
        self._link_down_s = link_down_s
        self._clock = clock
        self._pace = AlertPace()
        self._ready: list[Alert] = []
        self._down_since_s: float | None = None
        self._outage_told = False
        self._ever_connected = False
        self._lost_by: _Why = (None, "")
        self._latest: _Why = (None, "")
        self._verdict = ""
        self._keys_told = LineLimiter(DAY_S)
        self._nodes_told = LineLimiter(HOUR_S, KEYS_AN_HOUR)
        self._more_told = LineLimiter(HOUR_S)
        self._battery_low = False

    # -- Facts ---------------------------------------------------------------------------------

    def link_event(self, event: LinkEvent) -> None:
        """Take an event of the link's journal."""
        if event.kind in _DOWN:
            self._link_down(event)
        elif event.kind is EventKind.METRICS:
            self._battery(NodeMetrics.from_json(event.text).battery_percent)
        elif event.kind is EventKind.RECONNECTED or (
            event.kind is EventKind.CONNECTED and not self._ever_connected
        ):
            self._link_back(event)

    def verdict(self, name: str, text: str) -> None:
        """Take the verdict on the link, by its name for programs and in words."""
        if self._verdict and name != self._verdict:
            self._offer(AlertKind.VERDICT, VERDICT, text)
        self._verdict = name

    def key_waits(self, num: int, key: bytes, text: str) -> None:
        """Take a key of a node that waits for the operator's decision."""
        now_s = self._clock()
        if not self._keys_told.allows((num, key), now_s):
            return
        if self._nodes_told.allows((num, key), now_s):
            self._offer(AlertKind.KEY_WAITS, ("key", num), text)
        elif self._more_told.allows(MORE_KEYS, now_s):
            self._offer(AlertKind.MORE_KEYS_WAIT, MORE_KEYS)

    def node_warned(self, what: Hashable, text: str) -> None:
        """Take what the node warns of; ``what`` tells one warning from another."""
        self._offer(AlertKind.NODE_WARNS, ("node", what), text)

    def store_remade(self, text: str) -> None:
        """Take that the database was set aside, or made anew."""
        self._offer(AlertKind.STORE_REMADE, STORE, text)

    def order_obeyed(self, num: int, text: str) -> None:
        """Take that an order of a node was obeyed."""
        self._offer(AlertKind.ORDER_OBEYED, ("order", num), text)

    # -- Alerts --------------------------------------------------------------------------------

    def due(self) -> list[Alert]:
        """Return what is to be sent now."""
        now_s = self._clock()
        self._tell_outage(now_s)
        ready, self._ready = self._ready, []
        return ready + self._pace.due(now_s)

    def next_s(self) -> float | None:
        """Return when :meth:`due` has something if nothing happens; None: never."""
        times_s = [self._pace.next_s()]
        if self._down_since_s is not None and not self._outage_told:
            times_s.append(self._down_since_s + self._link_down_s)
        return min((time_s for time_s in times_s if time_s is not None), default=None)

    def _link_down(self, event: LinkEvent) -> None:
        if event.cause is not None:
            self._latest = (event.cause, event.text)
        if self._down_since_s is None:
            self._down_since_s, self._lost_by = event.mono_s, self._latest
            self._outage_told = False
        self._tell_outage(event.mono_s)

    def _link_back(self, event: LinkEvent) -> None:
        self._ever_connected = True
        since_s, self._down_since_s = self._down_since_s, None
        if since_s is None:
            return
        if not self._outage_told and event.mono_s - since_s < self._link_down_s:
            return
        away_s = max(event.mono_s - since_s, event.seconds or 0.0)
        if event.kind is EventKind.CONNECTED:
            away_s = event.mono_s - since_s  # its seconds are those of the handshake
        self._offer_alert(self._link_alert(AlertKind.LINK_BACK, event.mono_s, away_s))

    def _tell_outage(self, now_s: float) -> None:
        since_s = self._down_since_s
        if since_s is None or self._outage_told or now_s - since_s < self._link_down_s:
            return
        self._outage_told = True
        self._offer_alert(self._link_alert(AlertKind.LINK_DOWN, now_s, now_s - since_s))

    def _link_alert(self, kind: AlertKind, at_s: float, seconds: float) -> Alert:
        is_news = kind is AlertKind.LINK_DOWN and self._latest != self._lost_by
        (cause, detail), (latest_cause, latest_detail) = (
            self._lost_by,
            self._latest if is_news else (None, ""),
        )
        return Alert(
            kind,
            LINK,
            at_s,
            seconds=seconds,
            cause=cause,
            detail=detail,
            latest_cause=latest_cause,
            latest_detail=latest_detail,
        )

    def _battery(self, percent: int | None) -> None:
        if percent is None:
            return
        if percent >= WELL_PERCENT:
            self._battery_low = False
        elif percent <= LOW_PERCENT and not self._battery_low:
            self._battery_low = True
            self._offer_alert(Alert(AlertKind.BATTERY_LOW, BATTERY, self._clock(), percent=percent))

    def _offer(self, kind: AlertKind, matter: Hashable, text: str = "") -> None:
        self._offer_alert(Alert(kind, matter, self._clock(), text))

    def _offer_alert(self, alert: Alert) -> None:
        passed = self._pace.offer(alert, self._clock())
        if passed is not None:
            self._ready.append(passed)
