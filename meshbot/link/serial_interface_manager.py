"""The one live serial interface to the node: see InterfaceManager for what it promises."""

from dataclasses import replace

from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_listener import LinkListener
from meshbot.link.link_options import LinkOptions
from meshbot.link.link_policy import NEVER_S
from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.link.session_options import SessionOptions

CLEANUP_S = 1.0


class SerialInterfaceManager(InterfaceManager):
    """Opens, replaces and closes the serial port; a wire is not watched for silence."""

    kind = "série"

    def __init__(self, listener: LinkListener, options: LinkOptions, path: str | None) -> None:
        """Prepare the link on ``path``, or on the port found by itself where it is None."""
        # A wire is not watched for silence: the system reports a loss. And it has no rivals.
        settings = replace(
            options.settings, silent_timeout_s=NEVER_S, cleanup_s=CLEANUP_S, contested_s=0.0
        )
        super().__init__(
            listener, replace(options, settings=settings), path or "port détecté automatiquement"
        )
        self._path = path

    def _new_interface(self, options: SessionOptions) -> MeshSerialInterface:
        return MeshSerialInterface(self, self._path, options)
