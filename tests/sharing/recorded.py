"""Configurations of real nodes, fed to the recorder."""

from dataclasses import dataclass
from pathlib import Path

from meshtastic.protobuf import mesh_pb2

from meshbot.sharing.configuration_recorder import ConfigurationRecorder
from meshbot.sharing.node_configuration import NodeConfiguration
from tests.support.capture import frames_of

LIVE = {"packet", "queueStatus", "log_record"}


@dataclass(frozen=True)
class Answer:
    """What a node sent to a ``want_config_id``, up to its end, and what came of it."""

    config_id: int
    frames: list[bytes]
    configuration: NodeConfiguration | None

    def node_frames(self, own_num: int) -> list[bytes]:
        """Return the other nodes' entries."""
        return [one for one in self.frames if node_in(one) not in (0, own_num)]

    def own_frame(self, own_num: int) -> bytes:
        """Return the node's own entry."""
        return next(one for one in self.frames if node_in(one) == own_num)


def node_in(payload: bytes) -> int:
    """Return whose entry a frame is, 0 if it is none."""
    return int(mesh_pb2.FromRadio.FromString(payload).node_info.num)


def take(recorder: ConfigurationRecorder, payload: bytes) -> NodeConfiguration | None:
    return recorder.take(mesh_pb2.FromRadio.FromString(payload), payload)


def take_all(recorder: ConfigurationRecorder, frames: list[bytes]) -> NodeConfiguration | None:
    """Have it take frames; return what was complete last."""
    found = None
    for payload in frames:
        found = take(recorder, payload) or found
    return found


def said(**fields: object) -> bytes:
    """Return a frame of the node's."""
    return mesh_pb2.FromRadio(**fields).SerializeToString()  # type: ignore[arg-type]


def answers_of(path: Path) -> list[Answer]:
    """Play a recording to one recorder a session; return the answers in their order."""
    answers: list[Answer] = []
    recorder, asked, frames = ConfigurationRecorder(), 0, list[bytes]()
    for _, ours, payload in frames_of(path):
        if ours:
            message = mesh_pb2.ToRadio.FromString(payload)
            if message.disconnect:
                recorder = ConfigurationRecorder()
            if message.want_config_id:
                asked, frames = message.want_config_id, []
            continue
        configuration = take(recorder, payload)
        kind = mesh_pb2.FromRadio.FromString(payload).WhichOneof("payload_variant")
        if asked and kind not in LIVE:
            frames.append(payload)
        if asked and kind == "config_complete_id":
            answers.append(Answer(asked, frames, configuration))
            asked = 0
    return answers
