"""Counts what happens to the bot, for who asks: by the link's journal, and by what its parts tell.

Owns the counts; any thread may tell and ask. ``_lock`` guards them and is a leaf.
"""

import threading
from collections.abc import Callable

from meshbot.model.bot_tally import BotTally
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.reply_fate import ReplyFate
from meshbot.status.counts import Counts

MAX_NAMES = 50
"""So many commands are told apart; the bot has fewer."""


class BotCounters(BotTally):
    """The counts of this run of the bot."""

    def __init__(self, now_s: float) -> None:
        """Begin with none; there is no link yet."""
        self._lock = threading.Lock()
        self._counts = Counts(down_since_s=now_s)
        self._events: dict[EventKind, Callable[[LinkEvent], None]] = {
            EventKind.CONNECTED: self._connected,
            EventKind.LOST: self._lost,
            EventKind.RECONNECTED: self._reconnected,
            EventKind.SYNC_COMPLETE: self._synced,
        }

    def counts(self) -> Counts:
        """Return what was counted so far."""
        with self._lock:
            return self._counts.copy()

    def note_event(self, event: LinkEvent) -> None:
        """Count what was noted in the link's journal."""
        count = self._events.get(event.kind)
        if count is not None:
            with self._lock:
                count(event)

    def command_heard(self, name: str) -> None:
        """Count a command that gets an answer; ``name``: one of the bot's, or nothing."""
        with self._lock:
            commands = self._counts.commands
            if name not in commands and len(commands) >= MAX_NAMES:
                name = ""
            commands[name] = commands.get(name, 0) + 1

    def reply_ended(self, fate: ReplyFate) -> None:
        """Count what became of a reply."""
        with self._lock:
            self._counts.replies[fate] += 1

    def node_answered(self, seconds: float) -> None:
        """Count an answer of the node to the question whether it lives."""
        with self._lock:
            self._counts.probes.add(seconds)

    # -- With ``_lock`` held -------------------------------------------------------------------

    def _connected(self, event: LinkEvent) -> None:
        self._counts.down_since_s = None
        self._counts.handshakes.add(event.seconds or 0.0)

    def _lost(self, event: LinkEvent) -> None:
        if self._counts.down_since_s is None:
            self._counts.down_since_s = event.mono_s
        cause = (event.cause or Cause.OTHER).group
        self._counts.losses[cause] += 1

    def _reconnected(self, event: LinkEvent) -> None:
        self._counts.reconnections += 1
        self._counts.outages.add(event.seconds or 0.0)

    def _synced(self, event: LinkEvent) -> None:
        injected, _, _ = event.text.partition(" ")
        self._counts.key_syncs += 1
        self._counts.injected_keys += int(injected) if injected.isdecimal() else 0
