"""The verdict, read beside the bot from its own file."""

from pathlib import Path

from meshbot.alerts.link_verdict import LinkVerdict
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore

START_S = 1_790_000_000.0


def test_it_is_that_of_the_report_on_the_events_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    assert LinkVerdict(path, simulated=False)() is None
    database = Database(path)
    database.open()
    try:
        events = [LinkEvent(EventKind.STARTED, START_S, 0.0, run=1, text="{}")]
        for session in range(1, 40):
            at_s = 600.0 * session
            events += [
                LinkEvent(kind, START_S + at_s + late_s, at_s + late_s, 1, session, 1.0, 1, "", why)
                for kind, late_s, why in (
                    (EventKind.CONNECTED, 0.0, None),
                    (EventKind.LOST, 400.0, Cause.REBOOTED),
                    (EventKind.RECONNECTED, 410.0, None),
                )
            ]
        LinkEventStore(database).add_link_events(events)
        judged = diagnose(history_of(events, START_S))
        assert judged.verdict.name == "the node-database dump"
        assert LinkVerdict(path, simulated=False)() == (
            judged.verdict.name,
            judged.short_headline,
        )
        assert LinkVerdict(path, simulated=True)() is None
    finally:
        database.close()
