"""How much the clients of the shared node may ask of the bot. Constants, which tests make small."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Each limit of one client, and that of all together."""

    held_bytes: int = 1 << 20
    """What is kept for a client that does not read; one more and it is dropped."""
    all_held_bytes: int = 16 << 20
    """The same of all clients; each has an equal part of it."""
    kernel_bytes: int = 128 << 10
    """What the system may keep for one on top of that; it doubles the figure."""
    stalled_s: float = 60.0
    """A client that takes nothing of what waits for it in that time is dropped."""
    silent_s: float = 15 * 60.0
    """A client that says nothing for so long is dropped, as by the firmware."""
    first_frame_s: float = 60.0
    """Who never said anything valid is a port scanner."""
    vanished_s: float = 120.0
    """A client whose machine is gone is noticed in that time."""
    frames_per_s: float = 300.0
    """What is read of a client; more waits on its own side. A radio takes a few packets a second,
    but a file comes in hundreds of small frames."""
    all_frames_per_s: float = 1_000.0
    """The same of all clients; each has an equal part of it."""
    bytes_per_s: float = 64 << 10
    all_bytes_per_s: float = 256 << 10
    burst_s: float = 2.0
    """For how long of its allowance a client may send at once after it was quiet."""
    junk_bytes: int = 64 << 10
    """Bytes outside frames, in a minute, before a client is dropped. Some send 32 to begin with."""
    junk_frames: int = 100
    """Frames that are none of the protocol, in a minute, before a client is dropped."""
    accepts_per_s: float = 10.0
    accept_burst: int = 40
    parting: int = 16
    """So many connections that we ended may wait for their clients to read why."""
    parting_s: float = 2.0
    posted: int = 10_000
    """Calls posted and not made yet; the newest of more are dropped."""
    retry_s: float = 30.0
    """How long after the port could not be opened it is tried again."""
    tick_s: float = 1.0
