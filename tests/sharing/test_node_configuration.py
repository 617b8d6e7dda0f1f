import time
from pathlib import Path

import pytest
from meshtastic.protobuf import config_pb2, mesh_pb2

from meshbot.mesh.node_table import NodeTable
from meshbot.sharing.configuration_recorder import ConfigurationRecorder
from meshbot.sharing.node_configuration import NodeConfiguration
from meshbot.sharing.node_memory import NodeMemory
from meshbot.simulation.simulated_node import SimulatedNode
from tests.sharing.recorded import LIVE, Answer, answers_of, said, take, take_all
from tests.simulation.client import Client
from tests.support.capture import PATHS

ASKED = (12345, 69420, 69421, 54321, 69420)
KEY = bytes(range(32))
# A field of SecurityConfig that nobody knows yet: number 50, "abc".
UNKNOWN = bytes.fromhex("920303616263")


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def answers(request: pytest.FixtureRequest) -> list[Answer]:
    return answers_of(Path(request.param))


def full_of(answers: list[Answer]) -> NodeConfiguration:
    full = answers[0].configuration
    assert full is not None
    assert not full.light
    return full


@pytest.mark.parametrize("which", range(len(ASKED)))
def test_a_client_gets_what_the_node_sent(answers: list[Answer], which: int) -> None:
    """Full, 69420 and 69421, as each firmware answers them, from one full configuration."""
    full, answer = full_of(answers), answers[which]
    own_num = full.own_num
    nodes = answer.node_frames(own_num) or answers[0].node_frames(own_num)
    frames = full.frames(
        answer.config_id, nodes, private_key=True, own_entry=answer.own_frame(own_num)
    )
    assert frames == answer.frames


@pytest.mark.parametrize("which", range(len(ASKED)))
def test_a_client_gets_the_same_from_a_light_one(answers: list[Answer], which: int) -> None:
    light, answer = answers[1].configuration, answers[which]
    assert light is not None
    own_num = light.own_num
    nodes = answer.node_frames(own_num) or answers[0].node_frames(own_num)
    frames = light.frames(
        answer.config_id, nodes, private_key=True, own_entry=answer.own_frame(own_num)
    )
    assert frames == answer.frames


def test_only_the_private_key_is_blanked(answers: list[Answer]) -> None:
    full = full_of(answers)
    told = full.frames(1, [], private_key=True)
    public = full.frames(1, [], private_key=False)
    assert len(told) == len(public)
    changed = [
        (before, after) for before, after in zip(told, public, strict=True) if before != after
    ]
    assert len(changed) == 1
    before, after = (mesh_pb2.FromRadio.FromString(one) for one in changed[0])
    private_key = before.config.security.private_key
    assert len(private_key) == 32
    assert not any(private_key in one for one in public)
    before.config.security.ClearField("private_key")
    assert before == after


def test_what_is_unknown_beside_the_private_key_stays() -> None:
    security = config_pb2.Config.SecurityConfig(public_key=KEY, private_key=KEY[::-1])
    config = config_pb2.Config(security=security)
    config.security.MergeFromString(UNKNOWN)
    frames = [
        said(my_info=mesh_pb2.MyNodeInfo(my_node_num=5)),
        said(config=config),
        said(config_complete_id=1),
    ]
    configuration = take_all(ConfigurationRecorder(), frames)
    assert configuration is not None
    public = configuration.frames(1, [], private_key=False)
    assert KEY[::-1] not in public[1]
    assert KEY in public[1]
    assert UNKNOWN in public[1]
    assert configuration.frames(1, [], private_key=True) == frames


def test_any_id_comes_back_at_the_end(answers: list[Answer]) -> None:
    full = full_of(answers)
    for config_id in (0, 1, 0xFFFFFFFF):
        end = mesh_pb2.FromRadio.FromString(full.frames(config_id, [], private_key=False)[-1])
        assert end.WhichOneof("payload_variant") == "config_complete_id"
        assert end.config_complete_id == config_id


def test_of_a_fork_the_newer_way_is_assumed() -> None:
    metadata = mesh_pb2.DeviceMetadata(firmware_version="2.5.0-mine")
    frames = [
        said(my_info=mesh_pb2.MyNodeInfo(my_node_num=5)),
        said(metadata=metadata),
        said(config=config_pb2.Config()),
        said(config_complete_id=1),
    ]
    configuration = take_all(ConfigurationRecorder(), frames)
    assert configuration is not None
    assert configuration.firmware == ()
    assert configuration.knows_only_nodes
    assert configuration.own_entry == b""
    assert configuration.frames(69421, [b"n"], private_key=True) == [
        b"n",
        said(config_complete_id=69421),
    ]


@pytest.mark.parametrize("firmware", ["2.5.0", "2.6.7", "2.6.8", "2.7.11", "2.8.0"])
def test_a_client_of_a_node_with_many_gets_the_same_from_both(firmware: str) -> None:
    """Each answer of a node over a socket, beside the one made of what it said before."""
    book = NodeTable()
    memory = NodeMemory(book, clock=time.monotonic, wall_clock=time.time)
    recorder = ConfigurationRecorder()
    with SimulatedNode(firmware=firmware, peers=40) as node, Client(node) as client:
        for config_id in (7, 69420, 69421, 8, 69420):
            client.ask_config(config_id)
            answer, configuration = _answer(client, recorder)
            assert configuration is not None
            assert configuration.light == (config_id == 69420)
            own_num = configuration.own_num
            book.enter_radio_infos(configuration.nodes, own_num)
            memory.learn(configuration.nodes, complete=not configuration.light)
            nodes = memory.payloads(own_num)
            assert len(nodes) == 40
            assert configuration.frames(config_id, nodes, private_key=True) == answer


def _answer(
    client: Client, recorder: ConfigurationRecorder
) -> tuple[list[bytes], NodeConfiguration | None]:
    frames: list[bytes] = []
    while True:
        payload = client.read_payload()
        configuration = take(recorder, payload)
        kind = mesh_pb2.FromRadio.FromString(payload).WhichOneof("payload_variant")
        if kind not in LIVE:
            frames.append(payload)
        if kind == "config_complete_id":
            return frames, configuration
