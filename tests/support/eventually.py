"""Waits for what becomes so by itself, where nothing tells when."""

import threading
import time
from collections.abc import Callable

from tests.support.limits import WAIT_S

LOOK_S = 0.02


def eventually(is_so: Callable[[], object], what: str = "") -> None:
    """Return when it is so; fail when it does not come to that."""
    until_s, pause = time.monotonic() + WAIT_S, threading.Event()
    while not is_so():
        assert time.monotonic() < until_s, what
        pause.wait(LOOK_S)
