"""Cut a byte stream from a node into frames. Pure: bytes in, frames out, no I/O.

A frame is ``0x94 0xC3 | length, 16 bits, big endian | protobuf`` with at most 512 bytes of
protobuf (Meshtastic client API, "stream protocol"). Whatever stands between frames is debug text
on a serial port and rubbish on a TCP link; it is skipped and counted.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

_Frame = TypeVar("_Frame")

START1 = 0x94
START2 = 0xC3
HEADER_BYTES = 4
MAX_PAYLOAD_BYTES = 512
HALF_FRAME_PAUSE_S = 1.0

_START = bytes((START1, START2))


def encode_frame(payload: bytes) -> bytes:
    """Return ``payload`` with its header. Raises ``ValueError`` above 512 bytes."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"frame of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
    return _START + len(payload).to_bytes(2, "big") + payload


class FrameDecoder(Generic[_Frame]):
    """Collects received bytes and gives back whole frames, parsed, in order.

    ``parse`` turns a payload into what the caller works with, or returns None for what is no
    frame. Then its start bytes were rubbish, or only half of it came and the rest belongs to the
    frames after it: the search goes on right behind its start, so that those are not lost.
    Before that ``mend`` may make something of the payload after all; it is told whether the payload
    stands alone, that is whether no other frame may begin inside.

    Used by one thread at a time (the reader's). Memory is bounded by one frame plus what one
    ``feed`` brought.
    """

    def __init__(
        self,
        parse: Callable[[bytes], _Frame | None],
        mend: Callable[[bytes, bool], _Frame | None] = lambda payload, stands_alone: None,
    ) -> None:
        """Start between two frames."""
        self._parse = parse
        self._mend = mend
        self._pending = bytearray()
        self.skipped_bytes = 0
        """Bytes that belonged to no frame, since the beginning."""

    def feed(self, data: bytes, pause_s: float = 0.0) -> list[_Frame]:
        """Return the frames that ``data`` completes.

        ``pause_s`` is how long nothing had come before it. A sender writes a frame in one go, so
        what begins like a frame after a pause is one: the rest of the frame before never comes.
        An impossible length means that the two start bytes were rubbish.
        """
        frames: list[_Frame] = []
        if self._pending and pause_s >= HALF_FRAME_PAUSE_S and data.startswith(_START):
            frames += self._scan(no_more_comes=True)
        self._pending += data
        return frames + self._scan(no_more_comes=False)

    def _scan(self, *, no_more_comes: bool) -> list[_Frame]:
        """Take the frames out of what is pending, and drop what belongs to no frame."""
        pending = self._pending
        frames: list[_Frame] = []
        position = 0
        while True:
            start = pending.find(_START, position)
            if start < 0:
                # The last byte may be the first half of a start.
                half_start = pending[position:].endswith(_START[:1]) and not no_more_comes
                end = len(pending) - half_start
                self.skipped_bytes += end - position
                position = end
                break
            self.skipped_bytes += start - position
            position = start
            begin = start + HEADER_BYTES
            length = int.from_bytes(pending[start + 2 : begin], "big")
            end = begin + length
            if length > MAX_PAYLOAD_BYTES:
                frame = None
            elif len(pending) >= max(begin, end):
                frame = self._frame_in(begin, end)
            elif no_more_comes:
                frame = None
            else:
                break
            if frame is None:
                self.skipped_bytes += len(_START)
                position = start + len(_START)
            else:
                frames.append(frame)
                position = end
        del pending[:position]
        return frames

    def _frame_in(self, begin: int, end: int) -> _Frame | None:
        payload = bytes(self._pending[begin:end])
        frame = self._parse(payload)
        return frame if frame is not None else self._mend(payload, self._stands_alone(begin, end))

    def _stands_alone(self, begin: int, end: int) -> bool:
        """Say whether no frame may begin in a part of what is pending, or in its last bytes."""
        pending = self._pending
        start = pending.find(_START[:1], begin, end)
        while start >= 0:
            header = pending[start : start + HEADER_BYTES]
            length = int.from_bytes(header[2:].ljust(2, b"\0"), "big")
            if _START.startswith(header[:2]) and length <= MAX_PAYLOAD_BYTES:
                return False
            start = pending.find(_START[:1], start + 1, end)
        return True
