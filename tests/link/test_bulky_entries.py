"""All that the library notes is kept of the nodes heard last, of the others what matters."""

import pytest
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link import bulky_entries
from meshbot.link.bulky_entries import BulkyEntries
from meshbot.model.known_node import BROADCAST_NUM, node_id

OWN = 0x01


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> MeshInterface:
    """An interface of the library's that heard three nodes say who they are, of two allowed."""
    monkeypatch.setattr(bulky_entries, "MAX_BULKY", 2)
    made = MeshInterface(noProto=True)
    made._startConfig()  # type: ignore[no-untyped-call]
    made.localNode.nodeNum = OWN
    entries = BulkyEntries()
    for num in (OWN, 2, 3, 4):
        hear(made, num)
        entries.note(made, num)
    return made


def hear(interface: MeshInterface, num: int) -> None:
    user = mesh_pb2.User(id=node_id(num), long_name=f"Nom {num}", public_key=b"k" * 32)
    packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=num, rx_time=1_700_000_000, rx_snr=1.5)
    setattr(packet, "from", num)
    packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
    packet.decoded.payload = user.SerializeToString()
    interface._handlePacketFromRadio(packet)  # type: ignore[no-untyped-call]


def test_of_who_was_not_heard_for_long_the_last_packet_is_dropped(
    interface: MeshInterface,
) -> None:
    assert interface.nodesByNum is not None
    assert interface.nodes is not None
    node = interface.nodesByNum[2]
    assert node is interface.nodes[node_id(2)]
    assert "lastReceived" not in node
    assert node["user"]["longName"] == "Nom 2"
    assert set(node["user"]) >= {"id", "publicKey"}
    assert "raw" not in node["user"]
    assert (node["lastHeard"], node["snr"]) == (1_700_000_000, 1.5)


@pytest.mark.parametrize("num", [OWN, 3, 4])
def test_our_own_and_those_heard_last_stay_whole(interface: MeshInterface, num: int) -> None:
    assert interface.nodesByNum is not None
    node = interface.nodesByNum[num]
    assert "lastReceived" in node
    assert "raw" in node["user"]
