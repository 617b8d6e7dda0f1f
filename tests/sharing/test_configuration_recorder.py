from pathlib import Path

import pytest
from meshtastic.protobuf import channel_pb2, config_pb2, mesh_pb2, module_config_pb2

from meshbot.sharing.configuration_recorder import (
    MAX_NODES,
    MAX_PARTS,
    ConfigurationRecorder,
)
from tests.sharing.recorded import Answer, answers_of, said, take, take_all
from tests.support.capture import PATHS

OWN = 0x0A0B0C0D
OTHERS = (0x11, 0x12, 0x13)
LATER = bytes.fromhex("9a0603616263")  # of kind 99, which nobody knows yet

MY_INFO = said(my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN, pio_env="tbeam"))
OWN_ENTRY = said(
    node_info=mesh_pb2.NodeInfo(num=OWN, user=mesh_pb2.User(short_name="Bot"), last_heard=5)
)
METADATA = said(metadata=mesh_pb2.DeviceMetadata(firmware_version="2.7.26.54e0d8d"))
CHANNEL = said(channel=channel_pb2.Channel(index=1))
LORA = said(config=config_pb2.Config(lora=config_pb2.Config.LoRaConfig(hop_limit=3)))
MODULE = said(moduleConfig=module_config_pb2.ModuleConfig())
FILE = said(fileInfo=mesh_pb2.FileInfo(file_name="/a"))
HEAD = [MY_INFO, OWN_ENTRY, METADATA, LATER, CHANNEL, LORA, MODULE, MODULE]
TAIL = [LATER, FILE]
PACKET = said(packet=mesh_pb2.MeshPacket(to=OWN))
LIVE = [
    PACKET,
    said(queueStatus=mesh_pb2.QueueStatus(free=16)),
    said(log_record=mesh_pb2.LogRecord(message="x")),
    said(rebooted=False),
    said(clientNotification=mesh_pb2.ClientNotification(message="x")),
    said(mqttClientProxyMessage=mesh_pb2.MqttClientProxyMessage(topic="x")),
    bytes.fromhex("62020801"),
    bytes.fromhex("92010208" + "01"),
    b"",
]
RESTART = said(rebooted=True)


def entry(num: int, **fields: int) -> bytes:
    return said(node_info=mesh_pb2.NodeInfo(num=num, **fields))  # type: ignore[arg-type]


def end(config_id: int) -> bytes:
    return said(config_complete_id=config_id)


NODES = [entry(num) for num in OTHERS]
FULL = [*HEAD, *NODES, *TAIL, end(7)]


@pytest.fixture
def recorder() -> ConfigurationRecorder:
    return ConfigurationRecorder()


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def answers(request: pytest.FixtureRequest) -> list[Answer]:
    found = answers_of(Path(request.param))
    assert [one.config_id for one in found] == [12345, 69420, 69421, 54321, 69420]
    return found


def test_real_nodes_answers_are_complete(answers: list[Answer]) -> None:
    for answer in answers:
        configuration = answer.configuration
        assert configuration is not None
        assert configuration.light == (answer.config_id == 69420)
        told = [one.num for one in configuration.nodes]
        frames = answer.node_frames(configuration.own_num)
        assert told == [mesh_pb2.FromRadio.FromString(one).node_info.num for one in frames]
        assert configuration.own_entry == answer.own_frame(configuration.own_num)


def test_what_real_nodes_say_of_themselves() -> None:
    told = [answers_of(path)[0].configuration for path in PATHS]
    assert [one and one.firmware for one in told] == [(2, 5, 20), (2, 7, 26), (2, 8, 0)]
    assert [one and one.knows_only_nodes for one in told] == [False, True, True]
    assert {one and one.pio_env for one in told} == {"native"}
    assert {one and one.short_name for one in told} == {"0e0f"}
    assert [one and one.id for one in told] == ["!0c0d0e0f", "!0c0d0e0f", "!4ecb96c7"]


def test_unknown_frames_are_kept_and_live_ones_left_out(recorder: ConfigurationRecorder) -> None:
    mixed = [frame for part in FULL for frame in (*LIVE, part)]
    configuration = take_all(recorder, mixed)
    assert configuration is not None
    assert configuration.parts == (*HEAD, *TAIL)
    assert configuration.frames(7, NODES, private_key=True) == FULL


def test_other_nodes_stand_before_the_files_if_none_were_told(
    recorder: ConfigurationRecorder,
) -> None:
    light = take_all(recorder, [*HEAD, *TAIL, end(69420)])
    assert light is not None
    assert light.light
    assert light.frames(7, NODES, private_key=True) == FULL


def test_a_node_without_others_is_not_light(recorder: ConfigurationRecorder) -> None:
    alone = take_all(recorder, [*HEAD, *TAIL, end(7)])
    assert alone is not None
    assert not alone.light


def test_who_answers_69420_with_everything_is_not_light(recorder: ConfigurationRecorder) -> None:
    whole = take_all(recorder, [*FULL[:-1], end(69420)])
    assert whole is not None
    assert not whole.light


@pytest.mark.parametrize("cut", range(1, len(FULL)))
@pytest.mark.parametrize("between", [[], [RESTART]], ids=["asked again", "rebooted"])
def test_one_that_is_broken_off_leaves_nothing(
    recorder: ConfigurationRecorder, cut: int, between: list[bytes]
) -> None:
    configuration = take_all(recorder, [*FULL[:cut], *between, *FULL])
    assert configuration is not None
    assert configuration.frames(7, NODES, private_key=True) == FULL
    assert [one.num for one in configuration.nodes] == list(OTHERS)


def test_a_reboot_ends_what_was_begun(recorder: ConfigurationRecorder) -> None:
    assert take_all(recorder, [*FULL[:-1], RESTART, end(7)]) is None


def test_an_end_without_a_beginning_is_none(recorder: ConfigurationRecorder) -> None:
    assert take_all(recorder, [end(1), *FULL[1:]]) is None
    assert take_all(recorder, FULL) is not None
    assert take_all(recorder, [end(1), end(69420), end(69421), FILE, end(2)]) is None


def test_an_end_of_others_before_the_settings_is_not_ours(
    recorder: ConfigurationRecorder,
) -> None:
    early = take_all(recorder, [*HEAD[:3], end(1), end(69421)])
    assert early is None
    configuration = take_all(recorder, [*HEAD[3:], *NODES, *TAIL, end(7)])
    assert configuration is not None
    assert configuration.frames(7, NODES, private_key=True) == FULL


def test_an_end_of_others_among_the_nodes_costs_none_of_them(
    recorder: ConfigurationRecorder,
) -> None:
    assert take_all(recorder, [*HEAD, NODES[0], end(1)]) is not None
    configuration = take_all(recorder, [*NODES[1:], *TAIL, end(7)])
    assert configuration is not None
    assert [one.num for one in configuration.nodes] == list(OTHERS)


def test_the_answer_to_69421_renews_the_nodes(recorder: ConfigurationRecorder) -> None:
    take_all(recorder, FULL)
    own_later = entry(OWN, last_heard=9)
    renewed = take_all(recorder, [own_later, NODES[2], PACKET, entry(0x14), end(69421)])
    assert renewed is not None
    assert [one.num for one in renewed.nodes] == [0x13, 0x14]
    expected = [MY_INFO, own_later, *HEAD[2:], *TAIL, end(69420)]
    assert renewed.frames(69420, [], private_key=True) == expected


def test_of_two_answers_to_69421_the_last_counts(recorder: ConfigurationRecorder) -> None:
    take_all(recorder, [*FULL, OWN_ENTRY, *NODES, end(69421)])
    renewed = take_all(recorder, [OWN_ENTRY, NODES[0], end(69421)])
    assert renewed is not None
    assert [one.num for one in renewed.nodes] == [OTHERS[0]]


def test_69421_after_a_light_one_makes_it_whole(recorder: ConfigurationRecorder) -> None:
    take_all(recorder, [*HEAD, *TAIL, end(69420)])
    renewed = take_all(recorder, [OWN_ENTRY, *NODES, end(69421)])
    assert renewed is not None
    assert not renewed.light
    assert [one.num for one in renewed.nodes] == list(OTHERS)


def test_69421_in_the_middle_is_no_end_of_the_settings(recorder: ConfigurationRecorder) -> None:
    first = take_all(recorder, FULL)
    renewed = take_all(recorder, [*HEAD[:-1], OWN_ENTRY, NODES[1], end(69421)])
    assert first is not None
    assert renewed is not None
    assert renewed.parts == first.parts
    assert [one.num for one in renewed.nodes] == [OTHERS[1]]
    assert take_all(recorder, FULL) is not None


def test_69421_before_any_configuration_is_nothing(recorder: ConfigurationRecorder) -> None:
    assert take_all(recorder, [OWN_ENTRY, *NODES, end(69421)]) is None


def test_to_old_firmware_69421_is_a_number_like_any_other(
    recorder: ConfigurationRecorder,
) -> None:
    metadata = said(metadata=mesh_pb2.DeviceMetadata(firmware_version="2.6.7.2d6181f"))
    frames = [MY_INFO, OWN_ENTRY, metadata, *HEAD[3:], *NODES, *TAIL, end(69421)]
    configuration = take_all(recorder, frames)
    assert configuration is not None
    assert configuration.frames(69421, NODES, private_key=True) == frames


def test_own_entry_among_the_others_takes_the_place_of_the_first(
    recorder: ConfigurationRecorder,
) -> None:
    again = entry(OWN, last_heard=9)
    configuration = take_all(recorder, [*HEAD, NODES[0], again, NODES[1], *TAIL, end(7)])
    assert configuration is not None
    assert configuration.own_entry == again
    assert [one.num for one in configuration.nodes] == list(OTHERS[:2])


def test_numbers_that_are_no_nodes_are_left_out(recorder: ConfigurationRecorder) -> None:
    configuration = take_all(recorder, [*HEAD, entry(0), entry(0xFFFFFFFF), *FULL[len(HEAD) :]])
    assert configuration is not None
    assert [one.num for one in configuration.nodes] == list(OTHERS)


def test_nothing_grows_without_bounds(recorder: ConfigurationRecorder) -> None:
    for _ in range(MAX_PARTS + 50):
        take_all(recorder, [MY_INFO, OWN_ENTRY, LORA] if not recorder._draft else [LATER])
    for num in range(1, MAX_NODES + 50):
        take(recorder, entry(num))
    configuration = take(recorder, end(7))
    assert configuration is not None
    assert len(configuration.parts) == MAX_PARTS
    assert len(configuration.nodes) == MAX_NODES
    for num in range(1, MAX_NODES + 50):
        take(recorder, entry(num + MAX_NODES))
        take(recorder, LATER)
    renewed = take(recorder, end(69421))
    assert renewed is not None
    assert len(renewed.parts) == MAX_PARTS
    assert len(renewed.nodes) == MAX_NODES


def test_a_frame_that_is_too_large_is_left_out(recorder: ConfigurationRecorder) -> None:
    large = said(fileInfo=mesh_pb2.FileInfo(file_name="x" * 520))
    configuration = take_all(recorder, [*FULL[:-1], large, end(7)])
    assert configuration is not None
    assert large not in configuration.parts


def test_the_keys_are_not_shown(recorder: ConfigurationRecorder) -> None:
    security = config_pb2.Config.SecurityConfig(private_key=b"secret-secret")
    frame = said(config=config_pb2.Config(security=security))
    configuration = take_all(recorder, [*HEAD, frame, end(7)])
    assert "secret" not in repr(configuration)
