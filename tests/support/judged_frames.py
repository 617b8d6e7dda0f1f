"""What a session takes each frame for, as it comes."""

import contextlib
import queue
from collections.abc import Iterator

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface


@contextlib.contextmanager
def frames_judged(interface: SupervisedInterface) -> Iterator["queue.Queue[bool]"]:
    """Note for each frame, as it comes, whether it shows that the node knows of the session."""
    judged: queue.Queue[bool] = queue.Queue()
    judge = interface.shows_session

    def shows_session(message: mesh_pb2.FromRadio) -> bool:
        shown = judge(message)
        judged.put(shown)
        return shown

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interface, "shows_session", shows_session)
        yield judged
