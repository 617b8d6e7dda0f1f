"""The app that the tests play, on the node itself: when it is content, and when it complains."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from meshtastic.protobuf import channel_pb2, mesh_pb2

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.app_client import AppClient, AppGaveUpError
from tests.support.app_manner import ANDROID, IOS, AppManner
from tests.support.app_stage import ONLY_CONFIG_ID, ONLY_NODES_ID, AppStage
from tests.support.limits import WAIT_S

pytestmark = pytest.mark.slow


@pytest.fixture(params=["2.5.20", "2.7.26", "2.8.0"])
def node(request: pytest.FixtureRequest) -> Iterator[SimulatedNode]:
    with SimulatedNode(peers=5, firmware=request.param) as node:
        yield node


@pytest.fixture(params=[ANDROID, IOS], ids=lambda manner: manner.name)
def manner(request: pytest.FixtureRequest) -> AppManner:
    chosen: AppManner = request.param
    return chosen


def test_an_app_is_content_with_the_node_itself(node: SimulatedNode, manner: AppManner) -> None:
    with AppClient(node.host, node.port, manner) as app:
        assert app.own_num == node.num
        assert {peer.num for peer in node.peers} < app.nodes.keys()
        packet_id = app.send_text("bonjour", node.peer(0).num)
        assert app.wait_status(packet_id) in {0, 35}
        assert app.wait_routing(packet_id) == mesh_pb2.Routing.Error.NONE
        node.hear_text(node.peer(1), "salut")
        assert app.wait_text("salut") is not None
        app.check()


def test_android_knows_the_owner_once_connected(node: SimulatedNode) -> None:
    with AppClient(node.host, node.port, ANDROID) as app:
        assert app.wait(lambda app: app.owner is not None)
        assert app.owner is not None and app.owner.long_name == node.long_name


def test_it_gives_up_a_handshake_that_stalls(manner: AppManner) -> None:
    hasty = replace(manner, config_s=0.2)
    with SimulatedNode(peers=1) as node:
        node.hang_handshake_after = 5
        app = AppClient(node.host, node.port, hasty)
        with pytest.raises(AppGaveUpError, match="69420"):
            app.connect()
        assert not app.is_open


def test_it_sees_that_the_node_went_away(manner: AppManner) -> None:
    with SimulatedNode(peers=1) as node, AppClient(node.host, node.port, manner) as app:
        node.close_by_fin()
        assert not app.wait(lambda _: False, WAIT_S)
        assert app.ended == "the node closed it"


def test_it_complains_of_what_was_not_asked_for() -> None:
    with SimulatedNode(peers=1) as node, AppClient(node.host, node.port, IOS) as app:
        node.send_from_radio(mesh_pb2.FromRadio(config_complete_id=7))
        node.send_from_radio(mesh_pb2.FromRadio(queueStatus=mesh_pb2.QueueStatus(mesh_packet_id=9)))
        node.send_from_radio(mesh_pb2.FromRadio(rebooted=True))
        app.wait(lambda app: len(app.complaints) == 2)
        assert len(app.complaints) == 2, app.complaints
        assert app.statuses_not_ours == [9]
        with pytest.raises(AssertionError):
            app.check()


def _told(stage: AppStage, *messages: mesh_pb2.FromRadio) -> list[str]:
    for message in messages:
        stage.take(message)
    return stage.complaints


OWN = mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=1))
OTHER = mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=2))
DONE = mesh_pb2.FromRadio(config_complete_id=ONLY_NODES_ID)
CHANNEL = mesh_pb2.FromRadio(channel=channel_pb2.Channel(index=1))
PACKET = mesh_pb2.FromRadio(packet=mesh_pb2.MeshPacket(id=3))


def test_a_stage_takes_a_list_of_nodes() -> None:
    stage = AppStage(ONLY_NODES_ID, 1)
    assert _told(stage, PACKET, OWN, OTHER, DONE) == []
    assert stage.is_done and [node.num for node in stage.nodes] == [1, 2]


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([OTHER, OWN, DONE], "before the own one"),
        ([OWN, OTHER, OTHER, DONE], "twice"),
        ([OWN, PACKET, DONE], "packet before"),
        ([DONE], "no entry of the own node"),
        ([OWN, mesh_pb2.FromRadio(config_complete_id=5)], "while 69421 was asked"),
        ([OWN, CHANNEL, DONE], "channel in the answer"),
    ],
)
def test_a_stage_complains(messages: list[mesh_pb2.FromRadio], complaint: str) -> None:
    assert any(complaint in text for text in _told(AppStage(ONLY_NODES_ID, 1), *messages))


def test_a_configuration_has_to_be_whole_and_to_begin_with_the_number() -> None:
    done = mesh_pb2.FromRadio(config_complete_id=ONLY_CONFIG_ID)
    my_info = mesh_pb2.FromRadio(my_info=mesh_pb2.MyNodeInfo(my_node_num=1))
    complaints = " ".join(_told(AppStage(ONLY_CONFIG_ID), OWN, my_info, OTHER, done))
    for word in ("first frame", "other nodes", "metadata", "channels []", "config without"):
        assert word in complaints
