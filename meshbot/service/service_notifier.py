"""Tells systemd how the bot is: ready, its state in words, alive or not (``sd_notify(3)``).

Owned by the main thread, which calls :meth:`ServiceNotifier.tick` now and then. Outside of systemd
it does nothing. The watchdog is fed only while every thread of the bot makes progress; a node that
is away is no lack of progress.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping

import sdnotify

from meshbot.text.language import tr
from meshbot.threads.progress_mark import ProgressMark

log = logging.getLogger(__name__)

STUCK_S = 90.0
"""Longest step that is no fault: looking up a name can take half a minute."""
MAX_TICK_S = 20.0


class ServiceNotifier:
    """The bot as systemd sees it."""

    def __init__(
        self,
        marks: Mapping[str, ProgressMark],
        status: Callable[[], str],
        environment: Mapping[str, str] = os.environ,
        *,
        stuck_s: float = STUCK_S,
    ) -> None:
        """Watch over the threads of ``marks``, by name; ``status`` is the state in words."""
        self._marks = marks
        self._status = status
        self._stuck_s = stuck_s
        self._said_status = ""
        self._said_stuck = False
        self._said_ready = False
        self._notifier = sdnotify.SystemdNotifier() if environment.get("NOTIFY_SOCKET") else None
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(watchdog_us) / 1e6 if watchdog_us.isdecimal() else None

    @property
    def interval_s(self) -> float | None:
        """How often to call :meth:`tick`; None outside of systemd."""
        if self._notifier is None:
            return None
        return min(MAX_TICK_S, self._watchdog_s / 3) if self._watchdog_s else MAX_TICK_S

    def ready(self) -> None:
        """Say, once, that the start is over: the link is up, or was tried in vain."""
        if not self._said_ready:
            self._said_ready = True
            self._say("READY=1")

    def reload(self, work: Callable[[], object]) -> None:
        """Do what a reload does, telling systemd when it begins and ends."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
        self._say(f"RELOADING=1\nMONOTONIC_USEC={now_us}")
        try:
            work()
        finally:
            self._say("READY=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._say(tr("STOPPING=1\nSTATUS=Arrêt en cours"))

    def close(self) -> None:
        """Let go of systemd's socket."""
        notifier, self._notifier = self._notifier, None
        if notifier is not None and notifier.socket is not None:
            notifier.socket.close()

    def tick(self) -> None:
        """Tell what is new, and feed the watchdog if all is well."""
        if self._notifier is None:
            return
        status = self._status()
        if status != self._said_status:
            self._said_status = status
            self._say(f"STATUS={status}")
        stuck = [name for name, mark in self._marks.items() if mark.busy_s() > self._stuck_s]
        if not stuck:
            self._said_stuck = False
            self._say("WATCHDOG=1")
        elif not self._said_stuck:
            self._said_stuck = True
            log.error(
                tr("❌ Sans progrès depuis plus de %.0f s : %s ; systemd va relancer le bot"),
                self._stuck_s,
                ", ".join(stuck),
            )

    def _say(self, message: str) -> None:
        if self._notifier is not None:
            # The library sends Latin-1, and nothing at all where that cannot say it.
            self._notifier.notify(message.encode("utf-8").decode("latin-1"))
