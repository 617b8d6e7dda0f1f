"""One client's connection: what it says, as frames, and what it has yet to read.

Owned by the loop's thread. Other threads may read :meth:`SharedClient.status`: each of its figures
is one number, written by the loop alone.
"""

import logging
import socket
from collections import deque

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from meshbot.model.client_status import ClientStatus
from meshbot.sharing.allowance import Allowance
from meshbot.sharing.client_end import (
    HUNG_UP,
    JUNK,
    NO_FRAME,
    READS_NOTHING,
    SILENT,
    ClientEnd,
    lost,
)
from meshbot.sharing.server_limits import ServerLimits

log = logging.getLogger(__name__)

READ_BYTES = 4096
"""At a time, so that what is done for one client before the next one's turn is little."""
WRITE_BYTES = 64 << 10
JUNK_WINDOW_S = 60.0


class SharedClient:
    """A socket that never blocks, a decoder, and the frames that wait in both directions."""

    def __init__(
        self, number: int, connection: socket.socket, label: str, limits: ServerLimits, now_s: float
    ) -> None:
        """Take over a connection that is set up."""
        self.number = number
        self.connection = connection
        self.label = label
        self.end: ClientEnd | None = None
        """Why it is to be let go; from then on it is given nothing and asked nothing."""
        self.packets = self.refused = 0
        self.ready = False
        self._limits = limits
        self._came_s = self._heard_s = self._moved_s = self._junk_since_s = now_s
        self._spoke = False
        """Whether it ever sent a frame that says something."""
        self._hung_up = False
        self._decoder = FrameDecoder(self._parsed)
        self._heard: deque[mesh_pb2.ToRadio] = deque()
        self._out = bytearray()
        self._most_out = limits.held_bytes
        self._junk_frames = self._old_junk_bytes = 0
        self._frames = Allowance(limits.frames_per_s, limits.frames_per_s * limits.burst_s, now_s)
        self._bytes = Allowance(limits.bytes_per_s, limits.bytes_per_s * limits.burst_s, now_s)

    def share_with(self, clients: int, now_s: float) -> None:
        """Have a part of what all may send and not read, as there are so many."""
        limits, parts = self._limits, max(clients, 1)
        self._most_out = min(limits.held_bytes, limits.all_held_bytes // parts)
        self._frames.set_rate(min(limits.frames_per_s, limits.all_frames_per_s / parts), now_s)
        self._bytes.set_rate(min(limits.bytes_per_s, limits.all_bytes_per_s / parts), now_s)

    # -- What it says --------------------------------------------------------------------------

    def may_read(self, now_s: float) -> bool:
        """Say whether to read more: what came is dealt with, and it is not sending too much."""
        return not (self._heard or self._hung_up or self.end or self._wait_s(now_s))

    def read(self, now_s: float) -> None:
        """Take what came, a limited amount of it."""
        try:
            data = self.connection.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.end = lost(error)
            return
        if not data:
            self._hung_up = True  # what it said before still counts, and is answered
            return
        self._bytes.take(len(data))
        self._heard.extend(self._decoder.feed(data, now_s - self._heard_s))
        self._heard_s = now_s
        if not self._heard:
            self._frames.take(1)  # what comes byte by byte is work too
        self._judge_junk(now_s)

    def next_frame(self, now_s: float) -> mesh_pb2.ToRadio | None:
        """Return the next frame, if there is one and its time has come."""
        if self.end or not self._heard or self._frames.wait_s(now_s):
            return None
        self._frames.take(1)
        message = self._heard.popleft()
        if not self._spoke and message.WhichOneof("payload_variant") is not None:
            self._spoke = True
        return message

    def wait_s(self, now_s: float) -> float | None:
        """Return when it has to be looked at again, though nothing comes; None: not for that."""
        if self.end:
            return None
        if self._heard:
            return self._frames.wait_s(now_s)
        return None if self._hung_up else self._wait_s(now_s) or None

    def _wait_s(self, now_s: float) -> float:
        return max(self._frames.wait_s(now_s), self._bytes.wait_s(now_s))

    def _parsed(self, payload: bytes) -> mesh_pb2.ToRadio | None:
        try:
            return mesh_pb2.ToRadio.FromString(payload)
        except DecodeError:
            self._junk_frames += 1
            return None

    def _judge_junk(self, now_s: float) -> None:
        if now_s - self._junk_since_s >= JUNK_WINDOW_S:
            self._junk_since_s = now_s
            self._junk_frames = 0
            self._old_junk_bytes = self._decoder.skipped_bytes
        junk_bytes = self._decoder.skipped_bytes - self._old_junk_bytes
        if junk_bytes > self._limits.junk_bytes or self._junk_frames > self._limits.junk_frames:
            self.end = JUNK

    # -- What it is told -----------------------------------------------------------------------

    @property
    def pending_bytes(self) -> int:
        """How much it was given that the system has not taken yet."""
        return len(self._out)

    def give(self, payload: bytes, now_s: float) -> None:
        """Add a frame to what it is to read; it ends where that is too much."""
        if self.end:
            return
        try:
            frame = encode_frame(payload)
        except ValueError as error:
            log.debug("Frame for %s left out: %s", self.label, error)
            return
        if len(self._out) + len(frame) > self._most_out:
            self.flush(now_s)
            if not self.end and len(self._out) + len(frame) > self._most_out:
                self.end = READS_NOTHING
            if self.end:
                return
        if not self._out:
            self._moved_s = now_s
        self._out += frame

    def flush(self, now_s: float) -> None:
        """Give the system what it takes."""
        try:
            while self._out:
                sent = self.connection.send(self._out[:WRITE_BYTES])
                del self._out[:sent]
                self._moved_s = now_s
                if sent < WRITE_BYTES:
                    break
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.end = self.end or lost(error)

    # -- Its time ------------------------------------------------------------------------------

    def look(self, now_s: float) -> None:
        """End what has lasted too long."""
        if self.end:
            return
        limits = self._limits
        if self._out and now_s - self._moved_s >= limits.stalled_s:
            self.end = READS_NOTHING
        elif not self._spoke and now_s - self._came_s >= limits.first_frame_s:
            self.end = NO_FRAME
        elif now_s - self._heard_s >= limits.silent_s:
            self.end = SILENT

    def look_hung_up(self) -> None:
        """End, if it hung up, what it said before is dealt with, and it has the answers."""
        if self._hung_up and not (self._heard or self._out or self.end):
            self.end = HUNG_UP

    def status(self, now_s: float) -> ClientStatus:
        """Return the connection at a glance; from any thread."""
        return ClientStatus(
            number=self.number,
            address=self.label,
            connected_s=max(0.0, now_s - self._came_s),
            packets=self.packets,
            refused=self.refused,
            ready=self.ready,
        )
