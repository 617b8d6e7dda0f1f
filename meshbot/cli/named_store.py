"""A bot's database that was named on the command line, perhaps another bot's: only looked at."""

from pathlib import Path

from meshbot.cli.report_refusal import ReportRefusal
from meshbot.cli.text_journal import MAX_EVENTS
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.link_event import EventKind, LinkEvent, alive_at, on_one_clock
from meshbot.store.database import Database
from meshbot.store.inspection import SQLITE_MAGIC
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import look_at_events
from meshbot.text.language import tr


def is_store(name: str) -> bool:
    """Say whether a file is a database, by how it begins; what is no file is none."""
    try:
        path = Path(name)
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except (OSError, ValueError):
        return False


def named_store_history(path: Path, since_s: float, now_s: float) -> LinkHistory:
    """Return what a bot noted in the last ``since_s``, of which the end is its last event.

    While that bot runs, the end is now. Of the real and the simulated mesh in one file the real one
    counts, if anything is known of it. Raises :class:`ReportRefusal`, and ``StorageError`` for what
    is no database of ours.
    """
    database = Database(path)
    database.verify()
    events = on_one_clock(_events_in(path))
    if not events:
        damage = database.damage()
        raise ReportRefusal(
            tr("la base {path} est {damage}", path=path, damage=damage)
            if damage
            else tr("aucun événement de la liaison dans la base {path}", path=path)
        )
    if InstanceLock(path).holder() is not None:
        events.append(alive_at(now_s, events[-1]))
    return history_of(events, events[-1].wall_s - since_s)


def _events_in(path: Path) -> list[LinkEvent]:
    for simulated in (False, True):
        events = look_at_events(path, tuple(EventKind), MAX_EVENTS, simulated=simulated)
        if events:
            return events
    return []
