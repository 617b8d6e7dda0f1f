"""The one live serial interface to the node: see InterfaceManager for what it promises."""

import random
import time
from collections.abc import Callable

from meshbot.link.interface_manager import InterfaceManager, LinkListener
from meshbot.link.link_policy import LinkSettings
from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.model.link_notes import LinkNotes


class SerialInterfaceManager(InterfaceManager):
    """Opens, replaces and closes the serial port; a wire is not watched for silence."""

    kind = "série"

    def __init__(
        self,
        listener: LinkListener,
        settings: LinkSettings,
        path: str | None,
        *,
        queue_wait_s: float,
        light_reconnect: bool,
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare the link on ``path``, or on the port found by itself where it is None."""
        super().__init__(
            listener,
            settings,
            path or "port détecté automatiquement",
            light_reconnect=light_reconnect,
            notes=notes,
            clock=clock,
            jitter=jitter,
        )
        self._path = path
        self._queue_wait_s = queue_wait_s

    def _new_interface(self, *, without_nodes: bool) -> MeshSerialInterface:
        return MeshSerialInterface(
            self,
            self._path,
            without_nodes=without_nodes,
            queue_wait_s=self._queue_wait_s,
            clock=self._clock,
        )
