"""How old a packet was when it came, as far as that is certain. Owned by the worker's thread.

What is heard while no client is connected is kept by the node and sent in one burst right behind
the configuration, each packet with the time at which it was heard, by the node's clock. That clock
may be an hour slow, or in 1970, or in 2036, and ours may be wrong too: a Raspberry Pi starts
without knowing the time. So a stamp is compared with the same clock's time in the same handshake:
the node's entry of itself says, in ``last_heard``, what time it is
(``MeshService::refreshLocalMeshNode``, called for each configuration, 2.5 to 2.8; 0 while the node
does not know). How wrong the clock is cancels out.

What is left to be wrong is a clock that was set between the two, by a client or a GPS. Then a stamp
proves nothing, and the packet counts as new. This is seen where

- the clock did not run with ours from the session before to this one;
- the packet would have been kept for longer than we were away;
- its stamp is of a clock that was never set: those count from 1970, or from 2000;
- by our clock, too, it is younger than by the node's.

Nor is a packet old that does not belong to the burst: it came after a pause, or late.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_receiver import ToldTime
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S

RESOLUTION_S = 1.0
BURST_PAUSE_S = 1.0  # a node sends what it kept as fast as the link takes it
SLACK_S = 60.0
DRIFT = 0.001  # a node counts by a crystal, which is a hundred times better
FIRST_SET_TIME = 978_307_200  # 2001


class _Burst(NamedTuple):
    """What a session's kept packets are dated by; ``told`` None: by nothing."""

    session: SupervisedInterface
    told: ToldTime | None


class NodeClock:
    """Dates the packets of one session after another."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        """Begin without having heard the time."""
        self._wall_clock = wall_clock
        self._burst: _Burst | None = None
        self._told_before: ToldTime | None = None
        self._last_s = 0.0

    def age_when_received_s(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> float:
        """Return how old a packet certainly was; 0 for one that may have been new.

        To be called for each packet heard, in the order received.
        """
        ready_s = interface.ready_s
        if ready_s is None:
            return 0.0
        if self._burst is None or self._burst.session is not interface:
            self._burst = _Burst(interface, self._trusted(interface.told_time))
            self._last_s = ready_s
        pause_s, self._last_s = received_s - self._last_s, received_s
        since_ready_s = received_s - ready_s
        if pause_s > BURST_PAUSE_S or since_ready_s > BACKLOG_S:
            self._burst = _Burst(interface, None)  # it is over
        told = self._burst.told
        if told is None or packet.rx_time < FIRST_SET_TIME:
            return 0.0
        age_s = told.time - packet.rx_time - RESOLUTION_S + received_s - told.at_s
        ours_s = self._wall_clock() - packet.rx_time - RESOLUTION_S
        if ours_s > -SLACK_S:  # else the two clocks have nothing in common
            age_s = min(age_s, ours_s)
        away_s = interface.away_s
        if away_s is not None and age_s > away_s + since_ready_s + SLACK_S:
            return 0.0
        return max(age_s, 0.0)

    def _trusted(self, told: ToldTime | None) -> ToldTime | None:
        """Return what a node said of the time, unless its clock was set since it last did."""
        before, self._told_before = self._told_before, told or self._told_before
        if told is None or before is None:
            return told
        passed_s = told.at_s - before.at_s
        is_steady = abs(told.time - before.time - passed_s) <= SLACK_S + DRIFT * passed_s
        return told if is_steady else None
