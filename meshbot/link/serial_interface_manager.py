"""The one live serial interface to the node: see InterfaceManager for what it promises."""

from dataclasses import replace

from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_listener import LinkListener
from meshbot.link.link_options import LinkOptions
from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.link.serial_port_finder import SerialPortFinder
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.text.language import mark, tr

CLEANUP_S = 1.0  # a port is free as soon as it is closed
PATIENCE = 0.5
"""Of the longest silence: on a wire nothing is delayed or sent again, and a question is free."""

ASK_AGAIN_SHARE = 1 / 6
"""Of the time that a handshake may stand still: when the configuration is asked for again."""


class SerialInterfaceManager(InterfaceManager):
    """Opens, watches, replaces and closes the serial port.

    The system reports a port that is gone, but not a node that is dead behind one: the bridge on
    its board has the port, and lives on. So a wire is watched for silence as well.
    """

    kind = mark("série")

    def __init__(self, listener: LinkListener, options: LinkOptions, path: str | None) -> None:
        """Prepare the link on ``path``, or on the port found by itself where it is None."""
        given = options.settings
        settings = replace(
            given,
            silent_timeout_s=given.silent_timeout_s * PATIENCE,
            # What says nothing boots: it does not stand in a backlog, as on TCP.
            probe_timeout_s=max(given.probe_timeout_s, given.handshake_timeout_s),
            cleanup_s=min(CLEANUP_S, given.cleanup_s),
            contested_s=0.0,  # no rivals: the port is ours alone
        )
        super().__init__(
            listener,
            replace(options, settings=settings),
            path or tr("port détecté automatiquement"),
        )
        self._path = path
        self._finder = SerialPortFinder(path)
        self._ask_again_s = given.handshake_timeout_s * ASK_AGAIN_SHARE

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """Remember the device, which is a node, and tell the link thread."""
        self._finder.is_the_node()
        super().interface_ready(interface)

    def _new_interface(self, options: SessionOptions) -> MeshSerialInterface:
        return MeshSerialInterface(
            self, self._path, options, finder=self._finder, ask_again_s=self._ask_again_s
        )
