"""Runs the bot until the system or the operator wants it to end, and tells systemd how it is."""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from meshbot.service.config_error import ConfigError
from meshbot.service.service_notifier import ServiceNotifier
from meshbot.store.storage_error import StorageError
from meshbot.text.language import tr
from meshbot.threads.progress_mark import ProgressMark
from meshbot.threads.shortage import shortage_text
from meshbot.threads.termination import Termination

log = logging.getLogger(__name__)


class Bot(Protocol):
    """What is run here."""

    on_change: Callable[[], object]
    is_to_end: Callable[[], bool]

    @property
    def tried(self) -> bool:
        """Whether the first attempt to connect is over, one way or the other."""

    def load_rest(self) -> None:
        """Load what is not needed for the first attempt to connect, if it is not loaded yet."""

    def progress_marks(self) -> Mapping[str, ProgressMark]:
        """Return the signs of life of the bot's threads, by name."""

    def state_text(self) -> str:
        """Return the state of the link in a few words, which change only when it does."""

    def log_state(self) -> None:
        """Log the state of the link in one line."""

    def reload(self, environment: Mapping[str, str]) -> None:
        """Follow the settings that can change while the bot runs, as they are written now."""

    def start(self) -> None:
        """Start every part; returns at once."""

    def stop(self) -> None:
        """Stop every part, within 5 s."""


def run_bot(bot: Bot, read_environment: Callable[[], Mapping[str, str]]) -> None:
    """Run ``bot`` until SIGTERM or SIGINT; settings are read again on SIGHUP.

    Raises ``StorageError`` when the database cannot be used, and what a lack of threads or memory
    raises; whatever had been started is stopped then.
    """
    notifier = ServiceNotifier(bot.progress_marks(), bot.state_text)

    def reload() -> None:
        kept = tr("❌ Réglages gardés tels quels : %s")
        try:
            bot.reload(read_environment())
        except ConfigError as error:
            log.error(kept, error)
        except Exception as error:  # a wish about settings must not end what runs
            log.exception(kept, shortage_text(error) or repr(error))

    def tick() -> None:
        if bot.tried:
            bot.load_rest()
            notifier.ready()
        notifier.tick()

    with Termination(bot.log_state, lambda: notifier.reload(reload)) as termination:
        bot.on_change = termination.wake
        bot.is_to_end = lambda: termination.requested
        try:
            try:
                bot.start()
            except (MemoryError, RuntimeError):
                bot.stop()
                raise
            try:
                termination.wait(tick, notifier.interval_s)
            finally:
                notifier.stopping()
                bot.stop()
                notifier.close()
        except StorageError:
            if not termination.requested:
                raise
