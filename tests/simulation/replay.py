"""Plays the client's side of a recording against the simulated node, on a clock of its own."""

import threading

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import LIMIT_S, Client
from tests.simulation.recording import Recording

_STEP_S = 0.2
_SEND_DELAY_S = 0.1
# Three transmissions of a direct text, nine seconds apart, as recorded.
_RETRANSMIT_S = 26.0


class Replay:
    """One simulated node, and the time it believes it is."""

    def __init__(self, capture: Recording) -> None:
        self._capture = capture
        self._now_s = capture.started_at_s
        self._sent = 0
        self.node = SimulatedNode(
            firmware=capture.firmware,
            peers=capture.peers,
            clock=lambda: self._now_s,
            traits=SimulatedTraits(
                platform="native",
                num=capture.first_num,
                long_name=capture.own.user.long_name,
                short_name=capture.own.user.short_name,
                private_key=capture.private_key,
                past_uptime_s=capture.past_uptime_s,
            ),
        )
        self.node.region = capture.region  # type: ignore[assignment]
        self.node.send_delay_s = _SEND_DELAY_S
        self.node.retransmit_s = _RETRANSMIT_S
        told = capture.first_telemetry
        if told is not None:
            self.node.first_telemetry_s = told[1]

    def play(self) -> list[list[mesh_pb2.FromRadio]]:
        """Return what the client gets in each session."""
        with self.node:
            return [self._play_session(index) for index in range(len(self._capture.sessions))]

    def _play_session(self, index: int) -> list[mesh_pb2.FromRadio]:
        session = self._capture.sessions[index]
        self._advance_to(session.sent[0][0])
        with Client(self.node) as client:
            for at_s, message in session.sent:
                self._advance_to(at_s)
                client.send(message)
                self._sent += 1
                assert self.node.wait_until(self._has_heard_all, LIMIT_S)
            if index == len(self._capture.sessions) - 1:
                self._advance_to(self._capture.end_s)
            return [client.read() for _ in range(self.node.frames_sent_this_connection)]

    def _has_heard_all(self, node: SimulatedNode) -> bool:
        return len(node.frames_received) == self._sent

    def _advance_to(self, at_s: float) -> None:
        """Let time pass, in steps so small that one thing leads to another in order."""
        while self._now_s < at_s:
            self._now_s = min(at_s, self._now_s + _STEP_S)
            passed = threading.Event()
            self.node.later(0.0, passed.set)
            assert passed.wait(LIMIT_S)
