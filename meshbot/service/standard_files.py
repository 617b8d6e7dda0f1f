"""The three files that every program is given, also where whoever started it closed them.

Of a closed one (``>&-`` in a shell) the system gives the number to the next file that is opened.
That would be the database, and the journal would be written into it.
"""

import contextlib
import os
import sys

STANDARD_FILES = 3


def fill_standard_files() -> None:
    """Put the null device where a standard file is closed. To be called before anything else."""
    with contextlib.suppress(OSError):  # no null device: then there is nothing to be done
        descriptor = os.open(os.devnull, os.O_RDWR)
        while descriptor < STANDARD_FILES:  # the system gives the lowest number that is free
            os.set_inheritable(descriptor, True)
            descriptor = os.open(os.devnull, os.O_RDWR)
        os.close(descriptor)
        # What Python found closed is None there; libraries and our own commands write to it.
        if sys.stdout is None:
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        if sys.stderr is None:
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
