"""The program's log on its way to standard output while the bot runs.

Owns the writer's thread and what it replaces in Python meanwhile: the root logger's handlers, what
happens to errors that end a thread, and to warnings. Python writes both to standard error, where a
reader that stopped reading would stop the thread. Used by the main thread.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from meshbot.service.journal_handler import JournalHandler
from meshbot.service.live_state import LiveState
from meshbot.service.suspension import Suspension
from meshbot.service.terminal_choice import painter_for
from meshbot.service.terminal_writer import TerminalWriter
from meshbot.text.language import tr
from meshbot.text.log_format import JournalFormatter, set_log_level
from meshbot.text.quantities import counted
from meshbot.text.typography import labelled
from meshbot.threads.output_writer import OutputWriter

FLUSH_S = 0.5
"""How long the end waits for a reader. Who reads has it all in some milliseconds."""

HOLD_S = 0.3
"""How long the shell waits for a terminal that is stopped to be left clean."""

log = logging.getLogger(__name__)


class JournalOutput:
    """Used as a context manager around the bot's life."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._writer: OutputWriter | None = None
        self._terminal: TerminalWriter | None = None
        """The same, where it is one with colours and the bot's state."""
        self._suspension: Suspension | None = None
        self._handlers: list[logging.Handler] = []
        self._thread_hook = threading.excepthook
        self._unraisable_hook = sys.unraisablehook

    def __enter__(self) -> Self:
        """Take the log over, at level INFO."""
        root = logging.getLogger()
        self._handlers, root.handlers = root.handlers, [self._new_handler()]
        logging.raiseExceptions = False
        logging.captureWarnings(True)
        set_log_level("INFO")
        threading.excepthook = _log_thread_error
        sys.unraisablehook = _log_unraisable
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what still waits, for a short time at most, and give all back."""
        if self._suspension is not None:
            self._suspension.remove()
        if self._writer is not None:
            self._writer.flush(FLUSH_S)
            self._writer.stop(FLUSH_S)
        threading.excepthook = self._thread_hook
        sys.unraisablehook = self._unraisable_hook
        logging.captureWarnings(False)
        # Without any handler Python writes warnings of the threads that still end to stderr.
        logging.getLogger().handlers = self._handlers or [logging.NullHandler()]

    def show(self, state: Callable[[], LiveState]) -> None:
        """Show the state of the bot from now on, where the output is a terminal that can."""
        if self._terminal is not None:
            self._terminal.show(state)
            self._suspension = Suspension(
                partial(self._terminal.hold, HOLD_S), self._terminal.release
            )
            self._suspension.install()

    def _new_handler(self) -> logging.Handler:
        """Return who takes the lines: the queue, or what a program gave us for standard output."""
        out = sys.stdout
        if out is None:
            return logging.NullHandler()
        try:
            writer = self._new_writer(out.fileno())
            writer.start()
        except (OSError, ValueError, RuntimeError):  # no file at all; no thread to be had
            handler = logging.StreamHandler(out)
            handler.setFormatter(JournalFormatter())
            return handler
        self._writer = writer
        return JournalHandler(writer)

    def _new_writer(self, descriptor: int) -> OutputWriter:
        """Return who writes: with colours and a state where there is a terminal to show them."""
        painter = painter_for(descriptor, os.environ)
        if painter is None:
            return OutputWriter(descriptor, _lost_line)
        self._terminal = TerminalWriter(descriptor, _lost_line, painter)
        return self._terminal


def _lost_line(count: int, failed: bool) -> str:
    """Return the line about lost ones in the journal's layout, though nobody logs it."""
    what = counted(count, "ligne du journal perdue", "lignes du journal perdues")
    why = tr("la sortie refusait d'être écrite") if failed else tr("personne ne lisait la sortie")
    record = logging.LogRecord("", logging.WARNING, "", 0, labelled(f"⚠️ {what}", why), None, None)
    return JournalFormatter().format(record)


def _log_thread_error(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    name = args.thread.name if args.thread is not None else tr("inconnu")
    log.error(
        tr("❌ Erreur inattendue dans le fil %s"),
        name,
        exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
    )


def _log_unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        log.error(
            tr("❌ Erreur inattendue en libérant un objet"),
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )
