"""Sees what the operator decided about keys with ``main_bot.py keys`` while the bot runs.

Owned by the worker thread.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from meshbot.store.storage_error import StorageError

log = logging.getLogger(__name__)


class SharedStore(Protocol):
    """The store, which another program may write to as well."""

    def changed_by_others(self) -> bool:
        """Say whether another connection wrote to the file since the last call."""


class DecisionWatch:
    """Looks into the store now and then, which costs no disk access while nothing changed."""

    def __init__(
        self,
        store: SharedStore,
        carry_out: Callable[[], bool],
        on_change: Callable[[], object],
    ) -> None:
        """``carry_out`` does what was decided and says whether keys changed; then ``on_change``."""
        self._store = store
        self._carry_out = carry_out
        self._on_change = on_change
        self._unread = True

    def __call__(self) -> None:
        """Have what was decided since the last call carried out."""
        try:
            self._unread = self._store.changed_by_others() or self._unread
            if not self._unread:
                return
            changed = self._carry_out()
            self._unread = False
        except StorageError as error:
            log.debug("decisions about keys not read: %s", error)
            return
        if changed:
            self._on_change()
