"""What a long run needs once a day: old events forgotten, room given back, the store copied.

Owned by the worker thread.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from meshbot.store.storage_error import StorageDamaged, StorageError, StorageVanished
from meshbot.text.language import tr

log = logging.getLogger(__name__)

BACKUP_S = 20 * 3_600.0
NIGHT_HOURS = range(3, 5)  # by the local clock; when nobody minds half a second


class Copies(Protocol):
    """The copies of the store."""

    def backup_age_s(self, wall_s: float) -> float | None:
        """Return how old the last one is at a wall-clock time, None where there is none."""

    def back_up(self) -> None:
        """Make one. Raises ``StorageError``."""


class Housekeeping:
    """Keeps house when it is time to; otherwise a call costs a look at a file's date."""

    def __init__(
        self,
        copies: Copies,
        compact: Callable[[], bool],
        prune: Callable[[], object],
        rebuild_store: Callable[[StorageVanished], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the copies, what gives room back, forgets old events, remakes a damaged store."""
        self._copies = copies
        self._compact = compact
        self._prune = prune
        self._rebuild_store = rebuild_store
        self._clock = clock
        self._wall_clock = wall_clock
        self._done_s = clock()

    def __call__(self) -> None:
        """Do it if it was not done today, at night if possible."""
        if not self._is_due():
            return
        self._done_s = self._clock()
        self._prune()
        try:
            if self._compact():
                log.debug("database compacted")
            self._copies.back_up()
        except StorageDamaged as error:
            try:
                self._rebuild_store(error)
            except StorageError as second:
                log.error(tr("❌ %s (le bot continue)"), second)
        except StorageError as error:
            log.debug("%s", error)  # what matters is the database itself

    def _is_due(self) -> bool:
        now_s = self._wall_clock()
        age_s = self._copies.backup_age_s(now_s)
        if age_s is None:
            return True
        if age_s < 0:  # the clock was set back
            age_s = self._clock() - self._done_s
        at_night = datetime.fromtimestamp(now_s).hour in NIGHT_HOURS
        return age_s >= (BACKUP_S if at_night else 2 * BACKUP_S)
