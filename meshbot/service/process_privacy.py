"""What others may see of this process and of the files it makes.

The node's private key is in its memory (``OwnKeys``) and the mesh's keys are in its files.
"""

import contextlib
import os
import resource

PRIVATE_UMASK = 0o077
_PR_SET_DUMPABLE = 4  # prctl(2)


def keep_process_private() -> None:
    """Leave no core when the process dies, and let no other of the same user read its memory.

    Both, as the size limit does not count where cores go to a program (core(5)). What cannot be
    had is done without: the service's system calls are restricted, and there systemd sees to it.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ImportError, MemoryError, OSError, AttributeError):
        # Importing it makes a callback, for which some systems give a service no memory.
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def keep_files_private() -> None:
    """Have every file that is made from now on be for the bot's own user only."""
    os.umask(PRIVATE_UMASK)
