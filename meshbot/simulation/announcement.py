"""The simulated node's NodeInfo to the mesh, half a minute after its start and on request.

Owned by its loop thread. As ``NodeInfoModule.cpp`` does: not more often than once a minute.
"""

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation import packets
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.radio import SimulatedRadio
from meshbot.simulation.settings import SimulatedSettings

_Priority = mesh_pb2.MeshPacket.Priority
_LOOK_S = 1.0
_AT_MOST_EVERY_S = 60.0


class Announcement:
    """When the node says who it is."""

    def __init__(
        self, loop: SelectLoop, settings: SimulatedSettings, radio: SimulatedRadio
    ) -> None:
        """Belong to a node that does not run yet."""
        self._loop = loop
        self._settings = settings
        self._radio = radio
        self._started_s = loop.clock()
        self._sent_at_s: float | None = None

    def begin(self) -> None:
        """Announce the node from now on, for as long as the loop runs."""
        self.restart(0.0)
        self._look()

    def restart(self, down_s: float) -> None:
        """Wait anew when the node is back."""
        self._started_s = self._loop.clock() + down_s
        self._sent_at_s = None

    def send_now(self) -> None:
        """Announce it because a client asks for it, unless that was done just now."""
        now_s = self._loop.clock()
        if self._sent_at_s is None or now_s - self._sent_at_s >= _AT_MOST_EVERY_S:
            self._send(now_s, _Priority.DEFAULT, wants_answers=True)

    def _look(self) -> None:
        now_s = self._loop.clock()
        if self._sent_at_s is None:
            due_s = self._started_s + self._settings.first_node_info_s
        else:
            due_s = self._sent_at_s + self._settings.node_info_interval_s
        if now_s >= due_s:
            # 2.5 asks for everybody's after its start.
            is_old = self._radio.identity.profile.version < (2, 6)
            self._send(
                now_s, _Priority.BACKGROUND, wants_answers=is_old and self._sent_at_s is None
            )
        self._loop.later(_LOOK_S, self._look)

    def _send(self, now_s: float, priority: _Priority.ValueType, *, wants_answers: bool) -> None:
        self._sent_at_s = now_s
        user = self._radio.identity.user(self._settings, on_air=True)
        data = packets.node_info_data(user.SerializeToString())
        data.want_response = wants_answers
        self._radio.send_own(packets.BROADCAST_NUM, data, priority, tells_client=True)
