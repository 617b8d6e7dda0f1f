"""Key syncs, as the tests ask for them and see them in the journal."""

from node_manager import NodeManager
from tests.mesh.fake_interface import FakeInterface
from tests.mesh.known_mesh import Lines

START_LINE = "🔄 Starting public key synchronization to interface.nodes..."


def synced(manager: NodeManager) -> FakeInterface:
    interface = FakeInterface()
    manager.sync_pubkeys_to_interface(interface, force=True)
    return interface


def ran(manager: NodeManager, interface: FakeInterface, lines: Lines) -> bool:
    """Do a periodic sync; return whether it ran, having checked that it says so or nothing."""
    lines()
    manager.sync_pubkeys_to_interface(interface)
    said = lines()
    assert said == [] or (said[0] == START_LINE and "SYNC COMPLETE" in said[1])
    return bool(said)
