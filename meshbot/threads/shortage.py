"""What this machine refuses the program: memory, threads, files. Light to import.

It may be wanted before anything else can be imported, so it imports nothing of the bot but
its texts.
"""

import errno
import os
import sys
from types import TracebackType

from meshbot.text.language import mark, tr

_NO_THREAD_WORDS = "can't start new thread"
"""All that Python (3.11 to 3.13) says when the system refuses one."""
_NO_MEMORY_WORDS = ("cannot allocate memory", "failed to map segment")
"""How the dynamic linker puts it, inside an ``ImportError``."""
NO_MEMORY_TEXT = mark("Mémoire insuffisante sur cette machine")
_TEXTS = {
    errno.EMFILE: mark("Trop de fichiers ouverts par le bot (limite nofile, « ulimit -n »)"),
    errno.ENFILE: mark("Trop de fichiers ouverts sur cette machine"),
    errno.ENOMEM: NO_MEMORY_TEXT,
}


class NoThreadError(RuntimeError):
    """The system refuses another thread."""


def shortage_text(error: BaseException) -> str | None:
    """Return what an error says is lacking, None for any other error."""
    if isinstance(error, MemoryError):
        return tr(NO_MEMORY_TEXT)
    if isinstance(error, NoThreadError) or (
        isinstance(error, RuntimeError) and _NO_THREAD_WORDS in str(error)
    ):
        return tr(
            "Cette machine n'accorde plus de fil d'exécution au bot (limite nproc, TasksMax de "
            "systemd, ou mémoire)"
        )
    if isinstance(error, ImportError) and any(
        words in str(error).lower() for words in _NO_MEMORY_WORDS
    ):
        return tr(NO_MEMORY_TEXT)
    known = _TEXTS.get(error.errno or 0) if isinstance(error, OSError) else None
    return tr(known) if known else None


def no_descriptor_text() -> str | None:
    """Say that no file can be opened for want of a descriptor; None if one is left.

    For errors that do not say so: SQLite's, and the resolver's of names.
    """
    try:
        os.close(os.dup(0))
    except OSError as error:
        return shortage_text(error)
    return None


def say_shortage(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell of an error that nothing caught (``sys.excepthook``), in one line where that suffices.

    The exit code is 1 either way.
    """
    text = shortage_text(error)
    if text is None:
        sys.__excepthook__(kind, error, trace)
    else:
        sys.stdout.flush()
        sys.stderr.write(tr("❌ {what} : le bot ne démarre pas\n", what=text))
