"""The radio's transmit queue: what waits for the air. Owned by the node's loop thread."""

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
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_busy = False
        self._life = 0
        # Called when there is room for one more: MeshService::loop.
        self.on_room: Callable[[], object] = lambda: None

    @property
    def free(self) -> int:
        """How many packets there is room for."""
        return LENGTH - len(self._waiting)

    def put(self, send: Callable[[], None]) -> bool:
        """Take a packet, which ``send`` puts on the air; say whether there was room."""
        if not self.free:
            return False
        self._waiting.append(send)
        return True

    def go_on(self) -> None:
        """Send what waits, now or when it is time.

        Apart from :meth:`put`, so that the client can be told before that a packet waits.
        """
        while self._waiting and not self._is_busy:
            if self._settings.send_delay_s > 0:
                self._wait(self._life)
            else:
                self._waiting.popleft()()

    def clear(self) -> None:
        """Forget everything, as after a restart."""
        self._waiting.clear()
        self._is_busy = False
        self._life += 1

    def _wait(self, life: int) -> None:
        self._is_busy = True
        self._loop.later(self._settings.send_delay_s, lambda: self._on_time(life))

    def _on_time(self, life: int) -> None:
        if life != self._life:
            return
        self._is_busy = False
        self._waiting.popleft()()
        self.on_room()
        self.go_on()
