"""What every thread may know of the link: the interface in use, whether it counts, since when.

Written by the link thread. Only :meth:`LinkState.lost` is a reader's: it makes those who wait for
a live interface wait for the next. ``_changed`` guards all of it and is a leaf.
"""

import threading
from collections import deque

from meshbot.link.link_status import LinkStatus
from meshbot.link.supervised_interface import SupervisedInterface

HOUR_S, DAY_S = 3_600.0, 86_400.0
KEPT_RECONNECTIONS = 10_000


class LinkState:
    """The one session there is, and how the link has fared."""

    def __init__(self) -> None:
        """Begin without a link."""
        self._changed = threading.Condition()
        self._session: SupervisedInterface | None = None
        """The interface being opened or in use; None between two sessions."""
        self._interface: SupervisedInterface | None = None
        """The last one whose handshake was completed, dead or alive."""
        self._dead: SupervisedInterface | None = None
        """The session, once it was lost."""
        self._confirmed = False
        self._live_since_s = 0.0
        self._reconnections_s: deque[float] = deque(maxlen=KEPT_RECONNECTIONS)

    # -- For every thread ----------------------------------------------------------------------

    @property
    def session(self) -> SupervisedInterface | None:
        """The interface being opened or in use; None between two sessions."""
        with self._changed:
            return self._session

    @property
    def interface(self) -> SupervisedInterface | None:
        """The last interface that was ready, until another takes its place."""
        with self._changed:
            return self._interface

    @property
    def live_interface(self) -> SupervisedInterface | None:
        """The interface if it can be used right now, else None."""
        with self._changed:
            return self._live_interface()

    @property
    def confirmed(self) -> bool:
        """Whether the link is up, and has been for long enough to count."""
        with self._changed:
            return self._confirmed

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(self._is_usable, timeout_s)
            return self._live_interface()

    def status(self, now_s: float, last_cause: str, where: str) -> LinkStatus:
        """Return the link at a glance."""
        with self._changed:
            ages_s = [now_s - at_s for at_s in self._reconnections_s]
            up_s = now_s - self._live_since_s if self._live_interface() is not None else None
        return LinkStatus(
            up_s=up_s,
            reconnections_last_hour=sum(age_s < HOUR_S for age_s in ages_s),
            reconnections_last_day=sum(age_s < DAY_S for age_s in ages_s),
            last_cause=last_cause,
            where=where,
        )

    def lost(self, interface: SupervisedInterface) -> None:
        """Note that an interface is dead, before the link thread has dealt with it."""
        with self._changed:
            if interface is self._session:
                self._dead = interface

    # -- For the link thread -------------------------------------------------------------------

    def opening(self, session: SupervisedInterface) -> None:
        """Note the session that is being opened."""
        with self._changed:
            self._session = session
            self._dead = None

    def became_live(self, session: SupervisedInterface, now_s: float, *, confirmed: bool) -> None:
        """Note that the session finished its handshake; ``confirmed``: it counts at once."""
        with self._changed:
            self._interface = session
            self._live_since_s = now_s
            self._confirmed = confirmed
            self._changed.notify_all()

    def became_confirmed(self, now_s: float) -> None:
        """Note that the session counts as a reconnection."""
        with self._changed:
            self._confirmed = True
            self._reconnections_s.append(now_s)

    def end_session(self) -> SupervisedInterface | None:
        """Forget the session and return it, for the caller to close."""
        with self._changed:
            session, self._session = self._session, None
            self._confirmed = False
            return session

    # -- With ``_changed`` held ----------------------------------------------------------------

    def _live_interface(self) -> SupervisedInterface | None:
        return self._interface if self._interface is self._session else None

    def _is_usable(self) -> bool:
        live = self._live_interface()
        return live is not None and live is not self._dead
