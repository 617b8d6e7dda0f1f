"""The simulated node's answer to ``want_config_id``. Owned by its loop thread."""

from collections import deque
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation import config_frames, packets
from meshbot.simulation.config_frames import ONLY_CONFIG_ID, ONLY_NODES_ID, NodeState
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.radio import SimulatedRadio
from meshbot.simulation.server import SimulatedServer
from meshbot.simulation.session import SimulatedSession
from meshbot.simulation.settings import SimulatedSettings

# What a proxy remembers of another client's request.
_WRONG_ID = 1


class SimulatedHandshake:
    """Sends the configuration, in one piece or frame by frame, whole or not."""

    def __init__(
        self,
        radio: SimulatedRadio,
        server: SimulatedServer,
        settings: SimulatedSettings,
        *,
        loop: SelectLoop,
        state: Callable[[], NodeState],
        complete: Callable[[SimulatedSession, int], None],
    ) -> None:
        """``state`` tells of the node's life; ``complete`` is called at the end of each."""
        self._radio = radio
        self._server = server
        self._settings = settings
        self._loop = loop
        self._state = state
        self._complete = complete

    def own_node_info(self) -> bytes:
        """Return the framed entry of the node itself."""
        return packets.frame(
            config_frames.own_node_info(self._radio.identity, self._settings, self._state())
        )

    def start(self, session: SimulatedSession, config_id: int) -> None:
        """Answer a request, whatever became of earlier ones.

        Once all that has come is read (``StreamAPI::runOncePart``): of two requests that come
        together, only the second is answered.
        """
        answers = self._settings.answers_light if config_id == ONLY_CONFIG_ID else "right"
        if answers == "never":
            return
        session.complete = False
        session.handshake += 1
        handshake = session.handshake

        def begin() -> None:
            if session.link is self._server.link and session.handshake == handshake:
                self._begin(session, config_id, answers)

        self._loop.later(0.0, begin)

    def _begin(self, session: SimulatedSession, config_id: int, answers: str) -> None:
        frames, ends_in_reset = self._frames(config_id)
        if not ends_in_reset:
            told_id = _WRONG_ID if answers == "wrong_id" else config_id
            frames.append(packets.frame(mesh_pb2.FromRadio(config_complete_id=told_id)))
        hangs = self._settings.hang_handshake_after is not None
        frames = frames[: self._settings.hang_handshake_after]

        def finish() -> None:
            if hangs:
                session.muted = True
            elif ends_in_reset:
                self._server.reset_when_drained(session.link)
            else:
                self._complete(session, config_id)

        if self._settings.frame_interval_s > 0:
            self._trickle(session, session.handshake, deque(frames), finish)
        else:
            self._send(session, b"".join(frames), len(frames))
            finish()

    def _frames(self, config_id: int) -> tuple[list[bytes], bool]:
        """Return all but the last frame, and whether the link breaks instead of that one."""
        identity, state = self._radio.identity, self._state()
        only_nodes = config_id == ONLY_NODES_ID and identity.profile.knows_only_nodes
        if only_nodes:
            frames = [self.own_node_info()]
        else:
            frames = config_frames.config_frames(identity, self._settings, state)
        if config_id != ONLY_CONFIG_ID:
            nodes = self._radio.mesh.db.frames(whole=identity.profile.tells_whole_nodes)
            limit = self._settings.reset_dumps_over
            if limit is not None and len(nodes) > limit:
                return frames + nodes[:limit], True
            frames += nodes
        if not only_nodes:
            frames += config_frames.file_frames(identity, state.nodes_in_db)
        return frames, False

    def _trickle(
        self,
        session: SimulatedSession,
        handshake: int,
        frames: deque[bytes],
        finish: Callable[[], None],
    ) -> None:
        # A later request, or the end of the link, makes this handshake void.
        if session.link is not self._server.link or session.handshake != handshake:
            return
        if not frames:
            finish()
            return
        self._send(session, frames.popleft(), 1)
        delay_s = self._settings.frame_interval_s if frames else 0.0
        self._loop.later(delay_s, lambda: self._trickle(session, handshake, frames, finish))

    def _send(self, session: SimulatedSession, data: bytes, frames: int) -> None:
        if not session.muted:
            self._server.send(session.link, data, frames)
