"""The thread that calls the library's listeners."""

import threading

import meshtastic

from tests.support.limits import WAIT_S


def flush_publishing() -> None:
    """Wait until the library's callback thread has done what was queued so far."""
    done = threading.Event()
    meshtastic.publishingThread.queueWork(done.set)
    assert done.wait(WAIT_S)
