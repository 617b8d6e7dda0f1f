"""The radio's transmit queue: what waits for the air. Owned by the node's loop thread.

Where the settings want it, each packet takes its time on the air, as on a real radio.
"""

from collections import deque
from collections.abc import Callable

from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.settings import SimulatedSettings

LENGTH = 16


class AirQueue:
    """Sends one packet after another, each after the delay of the settings."""

    def __init__(self, loop: SelectLoop, settings: SimulatedSettings) -> None:
        """Start empty."""
        self._loop = loop
        self._settings = settings
        self._waiting: deque[tuple[Callable[[], None], float]] = deque()
        self._is_busy = False
        self._life = 0
        # Called when there is room for one more: MeshService::loop.
        self.on_room: Callable[[], object] = lambda: None

    @property
    def free(self) -> int:
        """How many packets there is room for."""
        return LENGTH - len(self._waiting)

    def put(self, send: Callable[[], None], air_s: float = 0.0) -> bool:
        """Take a packet, which ``send`` puts on the air for ``air_s``; say if there was room."""
        if not self.free:
            return False
        self._waiting.append((send, air_s))
        return True

    def go_on(self) -> None:
        """Send what waits, now or when it is time.

        Apart from :meth:`put`, so that the client can be told before that a packet waits.
        """
        while self._waiting and not self._is_busy:
            delay_s = self._settings.send_delay_s
            if self._settings.takes_air_time:
                delay_s += self._waiting[0][1]
            if delay_s > 0:
                self._wait(delay_s, self._life)
            else:
                self._waiting.popleft()[0]()

    def clear(self) -> None:
        """Forget everything, as after a restart."""
        self._waiting.clear()
        self._is_busy = False
        self._life += 1

    def _wait(self, delay_s: float, life: int) -> None:
        self._is_busy = True
        self._loop.later(delay_s, lambda: self._on_time(life))

    def _on_time(self, life: int) -> None:
        if life != self._life:
            return
        self._is_busy = False
        self._waiting.popleft()[0]()
        self.on_room()
        self.go_on()
