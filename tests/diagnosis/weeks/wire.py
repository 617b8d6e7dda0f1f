"""One TCP connection from the client's side: what it hears, and how it learns of an end.

A node that lost its power says nothing: what the client sends next is answered with a RST, once
the node is on the air again. What is sent during a fade is sent again, at doubling intervals, by
whoever sent it; so a short fade is outlived, and a long one is a silence.
"""

from typing import Protocol

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.node import Connection, Reply
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.traffic import ANSWER_S

OUR_RETRY_S = 0.2
NODE_RETRY_S = 1.5
LONGEST_RETRY_S = 120.0
LATE_CLOSE_S = (0.2, 3.0)


class WireOwner(Protocol):
    """A bot that holds a connection."""

    def wire_heard(self, wire: "Wire") -> None:
        """Take note of bytes that came after a time in which none could."""

    def wire_ended(self, wire: "Wire", how: Cause) -> None:
        """Take note of a FIN or a RST."""


class Wire:
    """The bot's end of a connection."""

    def __init__(self, site: Site, connection: Connection, owner: WireOwner) -> None:
        """Be open since now."""
        self._site = site
        self._owner = owner
        self.connection = connection
        self.heard_s = site.agenda.now_s
        self._over = False
        self._held = False
        """Whether something is on its way that a fade held up."""
        self._unacknowledged_s: float | None = None
        """Since when our own bytes have been on their way."""
        self._firm = False

    @property
    def open(self) -> bool:
        """Whether neither side is known to have closed it."""
        return not self._over

    def flows(self) -> bool:
        """Say whether what the node says comes at once, and answers to questions too."""
        return (
            not self._over
            and not self._held
            and self._unacknowledged_s is None
            and self._site.node.flows_to(self.connection)
            and self._site.fade() is None
        )

    def send(self, *, firm: bool) -> None:
        """Send a question. ``firm``: one that all firmware answers."""
        self._firm = self._firm or firm
        if self._unacknowledged_s is None:
            self._unacknowledged_s = self._site.agenda.now_s
            self._transmit(0)

    def close(self) -> None:
        """Close it from our side."""
        if not self._over:
            self._over = True
            if self._site.fade() is None:
                self._site.node.leave(self.connection)

    def node_closed(self, how: Cause) -> None:
        """A FIN or a RST is on its way; a fade holds it up."""
        fade = self._site.fade()
        if fade is not None:
            late_s = self._site.rng.uniform(*LATE_CLOSE_S)
            self._site.agenda.at(fade.end_s + late_s, lambda: self.node_closed(how))
        elif not self._over:
            self._over = True
            self._owner.wire_ended(self, how)

    def fade_begins(self) -> None:
        """Whatever the node says from now on is held up."""
        self._held = True

    def fade_ends(self) -> None:
        """The node sends again what nobody acknowledged."""
        now_s = self._site.agenda.now_s
        first_s = self._site.traffic.next_s
        if first_s >= now_s:
            self._held = False  # nothing was said meanwhile
        else:
            self._site.agenda.at(_next_retry_s(first_s, now_s, NODE_RETRY_S), self._delivered)

    def _delivered(self) -> None:
        if not self._over and self._held and self._site.fade() is None:
            self._held = False
            if self._site.node.flows_to(self.connection):
                self._hear()

    def _transmit(self, tries: int) -> None:
        if self._over or self._unacknowledged_s is None:
            return
        agenda = self._site.agenda
        reply = Reply.NOTHING
        if self._site.fade() is None:
            reply = self._site.node.receive(self.connection, firm=self._firm)
        if reply is Reply.NOTHING:
            delay_s = min(OUR_RETRY_S * 2.0**tries, LONGEST_RETRY_S)
            agenda.after(delay_s, lambda: self._transmit(tries + 1))
            return
        if reply is Reply.RESET:
            agenda.after(ANSWER_S, lambda: self.node_closed(Cause.RESET))
            return
        self._unacknowledged_s = None
        self._firm = False
        if reply is Reply.ANSWER:
            agenda.after(ANSWER_S, self._answered)

    def _answered(self) -> None:
        if not self._over and self._site.fade() is None:
            self._held = False
            self._hear()

    def _hear(self) -> None:
        now_s = self._site.agenda.now_s
        self._site.traffic.skip_to(now_s)
        self.heard_s = max(self.heard_s, now_s)
        self._owner.wire_heard(self)


def _next_retry_s(first_s: float, now_s: float, interval_s: float) -> float:
    """Return when, from now on, something first sent at ``first_s`` is sent again."""
    at_s = first_s
    while at_s < now_s:
        at_s += min(interval_s, LONGEST_RETRY_S)
        interval_s *= 2
    return at_s
