"""What a file on the command line tells of a link, whether a bot's database or a text journal."""

from collections.abc import Callable
from pathlib import Path

from meshbot.cli.named_store import is_store, named_store_history
from meshbot.cli.text_journal import TextJournal
from meshbot.diagnosis.link_history import LinkHistory

DEFAULT_SINCE_S = 7 * 86_400.0
"""Of a database; a journal is judged whole."""


def history_in(name: str, since_s: float | None, wall_clock: Callable[[], float]) -> LinkHistory:
    """Return what a file tells, or only the last ``since_s`` seconds of it.

    Raises :class:`ReportRefusal` and ``StorageError``.
    """
    if is_store(name):
        lasts_s = since_s if since_s is not None else DEFAULT_SINCE_S
        return named_store_history(Path(name), lasts_s, wall_clock())
    journal = TextJournal(name, wall_clock)
    history = journal.history(since_s)
    history.in_utc = not journal.has_dates
    return history
