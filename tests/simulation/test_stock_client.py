"""The library's own client on the simulated node, for each firmware."""

import threading
from collections.abc import Iterator

import pytest
from meshtastic.__main__ import export_config
from meshtastic.protobuf import portnums_pb2
from meshtastic.tcp_interface import TCPInterface

from meshbot.simulation.firmware_profile import Platform
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.simulation.client import LIMIT_S, NodeMaker

pytestmark = pytest.mark.slow

PLATFORMS: list[tuple[str, Platform]] = [
    ("2.5.20", "esp32"),
    ("2.7.26", "esp32"),
    ("2.8.0", "esp32"),
    ("2.5.20", "native"),
    ("2.7.26", "native"),
    ("2.8.0", "native"),
]


@pytest.fixture(params=PLATFORMS, ids="-".join)
def stock_node(request: pytest.FixtureRequest, make_node: NodeMaker) -> SimulatedNode:
    firmware, platform = request.param
    return make_node(peers=3, firmware=firmware, traits=SimulatedTraits(platform=platform))


@pytest.fixture
def client(stock_node: SimulatedNode) -> Iterator[TCPInterface]:
    interface = TCPInterface(stock_node.host, portNumber=stock_node.port)
    try:
        yield interface
    finally:
        interface.close()
        # Its heartbeat is cancelled, and ends a moment later.
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join(LIMIT_S)


def test_it_knows_the_node_and_its_neighbours(
    stock_node: SimulatedNode, client: TCPInterface, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client.myInfo is not None and client.metadata is not None
    assert client.myInfo.my_node_num == stock_node.num
    assert client.metadata.firmware_version == stock_node.firmware
    assert client.nodes is not None
    assert {peer.node_id for peer in stock_node.peers} < set(client.nodes)
    client.showNodes()
    client.showInfo()
    shown = capsys.readouterr().out
    assert all(peer.long_name in shown for peer in stock_node.peers)


def test_its_text_is_acknowledged(stock_node: SimulatedNode, client: TCPInterface) -> None:
    answered = threading.Event()
    peer = next(peer for peer in stock_node.peers if peer.hops_away == 0)
    client.sendData(
        b"hello",
        peer.node_id,
        portNum=portnums_pb2.PortNum.TEXT_MESSAGE_APP,
        wantAck=True,
        onResponse=lambda packet: answered.set(),
        onResponseAckPermitted=True,
    )
    assert answered.wait(LIMIT_S)
    assert [text.text for text in stock_node.texts_on_air] == ["hello"]


def test_it_exports_the_configuration(stock_node: SimulatedNode, client: TCPInterface) -> None:
    exported = export_config(client)
    assert "owner_short: SIMU" in exported
    assert "region: EU_868" in exported
