"""What a narrator notes and says, for tests."""

import logging
from dataclasses import dataclass, field

import pytest

from meshbot.model.cause import Cause
from meshbot.model.client_status import ClientStatus
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.share_narrator import ShareNarrator
from tests.support.clock import Clock

WALL_S = 1_800_000_000.0


@dataclass
class NotedEvents(LinkNotes):
    """Keeps what is noted, at the wall-clock time of a test's clock."""

    clock: Clock
    events: list[LinkEvent] = field(default_factory=list)

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        self.events.append(
            LinkEvent(
                kind,
                WALL_S + self.clock.now_s,
                self.clock.now_s,
                run=1,
                seconds=seconds,
                count=count,
                text=text,
                cause=cause,
            )
        )

    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events]


class Told:
    """A narrator on a clock that stands still, and what it tells."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        self._caplog = caplog
        self.clock = Clock(0.0)
        self.notes = NotedEvents(self.clock)
        self.narrator = ShareNarrator(self.notes, clock=self.clock)

    @property
    def lines(self) -> list[str]:
        return [record.getMessage() for record in self._caplog.records]


def client(
    number: int = 1,
    address: str = "192.168.1.20:51034",
    connected_s: float = 60.0,
    packets: int = 0,
    refused: int = 0,
) -> ClientStatus:
    """Return a client as the server tells of it."""
    return ClientStatus(number, address, connected_s, packets, refused, ready=True)
