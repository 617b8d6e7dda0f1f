"""The simulated bot's text journal says what the real narrator says of the same events."""

import logging
from types import SimpleNamespace
from typing import cast

import pytest

from meshbot.link.link_narrator import LinkNarrator
from meshbot.link.link_policy import Ending
from meshbot.link.node_facts import NodeFacts
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.link_notes import LinkNotes
from meshbot.text import counted_lines
from tests.diagnosis.weeks.bot_journal import WHERE, BotJournal
from tests.diagnosis.weeks.site import monday_s


class Told(LinkNotes):
    """Keeps what is noted, at the narrator's time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.events: list[LinkEvent] = []

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
                monday_s() + self.now_s,
                self.now_s,
                seconds=seconds,
                count=count,
                text=text,
                cause=cause,
            )
        )


def session(*, ready: bool, heard_s: float, nodes: int = 1) -> SupervisedInterface:
    told = SimpleNamespace(
        ready_s=0.0 if ready else None, last_received_s=heard_s, nodes_in_download=nodes
    )
    return cast(SupervisedInterface, told)


def lose(narrator: LinkNarrator, lost: SupervisedInterface, cause: Cause, ending: Ending) -> None:
    narrator.ended(lost, LinkError(cause))
    narrator.down(ending, 0.0)


def test_the_lines_of_an_outage_are_the_narrators(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told = Told()
    narrator = LinkNarrator("TCP", WHERE, told, lambda: told.now_s)
    narrator.attempt()
    narrator.connected(80, NodeFacts())
    told.now_s = 1_000.0
    narrator.silence(120.0, 120.0, 10.0)
    narrator.outage_begins(880.0)
    lose(narrator, session(ready=True, heard_s=880.0), Cause.SILENCE, Ending.WENT_SILENT)
    for at_s, cause in ((1_015.0, Cause.REFUSED), (1_020.0, Cause.UNREACHABLE)):
        told.now_s = at_s
        narrator.attempt()
        lose(narrator, session(ready=False, heard_s=at_s), cause, Ending.NOT_OPENED)
    told.now_s = 1_030.0
    narrator.attempt()
    narrator.connected(1, NodeFacts())
    told.now_s = 1_033.0
    narrator.confirmed()
    told.note(EventKind.SYNC_SCHEDULED, seconds=30.0)
    logging.getLogger("meshbot").info(counted_lines.SYNC_SCHEDULED, 30.0)
    narrator.settled()
    told.now_s = 2_000.0
    narrator.outage_begins(2_000.0)
    lose(narrator, session(ready=True, heard_s=1_970.0), Cause.RESET, Ending.BROKEN)
    said = [record.getMessage() for record in caplog.records]

    started = LinkEvent(EventKind.STARTED, monday_s(), text="{}")
    written = [
        line.rstrip("\n").split("] ", 1)[1] for line in BotJournal().lines([started, *told.events])
    ]
    assert written[0].startswith("🤖 MeshBot ")
    assert written[1:] == said
