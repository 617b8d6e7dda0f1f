"""Cut a byte stream from a node into frames. Pure: bytes in, frames out, no I/O.

A frame is ``0x94 0xC3 | length, 16 bits, big endian | protobuf`` with at most 512 bytes of
protobuf (Meshtastic client API, "stream protocol"). Whatever stands between frames is debug text
on a serial port and rubbish on a TCP link; it is skipped and counted.
"""

START1 = 0x94
START2 = 0xC3
HEADER_BYTES = 4
MAX_PAYLOAD_BYTES = 512

_START = bytes((START1, START2))


def encode_frame(payload: bytes) -> bytes:
    """Return ``payload`` with its header. Raises ``ValueError`` above 512 bytes."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"frame of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
    return _START + len(payload).to_bytes(2, "big") + payload


class FrameDecoder:
    """Collects received bytes and gives back whole payloads, in order.

    Used by one thread at a time (the reader's). Memory is bounded by one frame plus what one
    ``feed`` brought.
    """

    def __init__(self) -> None:
        """Start between two frames."""
        self._pending = bytearray()
        self.skipped_bytes = 0
        """Bytes that belonged to no frame, since the beginning."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes.

        An impossible length means that the two start bytes were rubbish: the search goes on
        behind them, so that a frame right after is not lost.
        """
        pending = self._pending
        pending += data
        payloads: list[bytes] = []
        position = 0
        while True:
            start = pending.find(_START, position)
            if start < 0:
                # The last byte may be the first half of a start.
                keep = 1 if pending[position:].endswith(_START[:1]) else 0
                self.skipped_bytes += len(pending) - position - keep
                position = len(pending) - keep
                break
            self.skipped_bytes += start - position
            position = start
            if len(pending) < start + HEADER_BYTES:
                break
            length = int.from_bytes(pending[start + 2 : start + HEADER_BYTES], "big")
            if length > MAX_PAYLOAD_BYTES:
                self.skipped_bytes += 2
                position = start + 2
                continue
            end = start + HEADER_BYTES + length
            if len(pending) < end:
                break
            payloads.append(bytes(pending[start + HEADER_BYTES : end]))
            position = end
        del pending[:position]
        return payloads
