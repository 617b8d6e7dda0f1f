"""An attempt to connect, as TCP makes it: a SYN, some more, and what they meet."""

from collections.abc import Callable

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.node import Connection, Guest, Port
from tests.diagnosis.weeks.site import Site

SYNS_AT_S = (0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0)
ADDRESS_KEPT_S = 30.0
"""How long the system takes it that a host is where it was; then it asks, and gives up soon."""
ADDRESS_ASKED_S = 3.0
TRAVEL_S = 0.02

Done = Callable[[Connection | Cause], None]


class Dial:
    """One attempt. ``done`` is called with the connection, or with why there is none."""

    def __init__(self, site: Site, guest: Guest, timeout_s: float, done: Done) -> None:
        """Send the first SYN now."""
        self._site = site
        self._guest = guest
        self._done = done
        self._over = False
        now_s = site.agenda.now_s
        for delay_s in SYNS_AT_S:
            if delay_s < timeout_s:
                site.agenda.at(now_s + delay_s, self._knock)
        site.agenda.at(now_s + timeout_s, lambda: self._end(Cause.NO_ANSWER))

    def give_up(self) -> None:
        """Want no connection any more."""
        self._over = True

    def _knock(self) -> None:
        if self._over:
            return
        agenda = self._site.agenda
        fade = self._site.fade()
        port = self._site.port()
        if fade is not None and fade.machine_off:
            self._end(Cause.NETWORK_UNREACHABLE)
        elif port is Port.OPEN:
            agenda.after(TRAVEL_S, self._accept)
        elif port is Port.CLOSED:
            agenda.after(TRAVEL_S, lambda: self._end(Cause.REFUSED))
        elif agenda.now_s - self._site.away_since_s() >= ADDRESS_KEPT_S:
            agenda.after(ADDRESS_ASKED_S, self._not_found)

    def _not_found(self) -> None:
        if not self._over and self._site.port() is Port.AWAY:
            self._end(Cause.UNREACHABLE)

    def _accept(self) -> None:
        if self._over:
            return
        if self._site.port() is Port.OPEN:
            self._over = True
            self._done(self._site.node.accept(self._guest))

    def _end(self, cause: Cause) -> None:
        if not self._over:
            self._over = True
            self._done(cause)
