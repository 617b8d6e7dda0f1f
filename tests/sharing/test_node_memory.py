import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf.message import DecodeError
from meshtastic.protobuf import config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.mesh.node_table import NodeTable
from meshbot.model.known_node import KnownNode, node_id
from meshbot.sharing.configuration_recorder import MAX_NODES, ConfigurationRecorder
from meshbot.sharing.node_configuration import MAX_FRAME_BYTES
from meshbot.sharing.node_memory import BOOK_FRESH_S, NodeMemory
from tests.sharing.recorded import answers_of, node_in
from tests.support.capture import PATHS
from tests.support.clock import Clock
from tests.support.real_frames import frames_of_nodes, spoil

OWN, ANN, BOB, EVE = 0x01, 0x0A0A0A0A, 0xB0B0B0B0, 0xEEEEEEEE
KEY, FORGED = b"\x11" * 32, b"\x66" * 32
NOW = 1_700_000_000
DAY_S = 86_400
Port = portnums_pb2.PortNum
Way = mesh_pb2.MeshPacket.TransportMechanism


@pytest.fixture
def clock() -> Clock:
    return Clock(500.0)


@pytest.fixture
def wall_clock() -> Clock:
    return Clock(float(NOW))


@pytest.fixture
def book(clock: Clock, wall_clock: Clock) -> NodeTable:
    return NodeTable(clock=clock, wall_clock=wall_clock)


@pytest.fixture
def memory(book: NodeTable, clock: Clock, wall_clock: Clock) -> NodeMemory:
    return NodeMemory(book, clock=clock, wall_clock=wall_clock, most=20)


def entry(num: int, name: str = "", key: bytes = b"", **fields: object) -> mesh_pb2.NodeInfo:
    info = mesh_pb2.NodeInfo(num=num, **fields)  # type: ignore[arg-type]
    if name or key:
        info.user.CopyFrom(user(num, name, key))
    return info


def user(num: int, name: str, key: bytes = b"") -> mesh_pb2.User:
    return mesh_pb2.User(
        id=node_id(num), long_name=name, short_name=name[:4], public_key=key, macaddr=b"\0" * 6
    )


def packet(num: int, port: int = 0, payload: bytes = b"", **fields: object) -> mesh_pb2.MeshPacket:
    made = mesh_pb2.MeshPacket(rx_rssi=-90, **fields)  # type: ignore[arg-type]
    setattr(made, "from", num)
    made.decoded.portnum = port  # type: ignore[assignment]
    made.decoded.payload = payload
    return made


def position(num: int, place: mesh_pb2.Position, **fields: object) -> mesh_pb2.MeshPacket:
    return packet(num, Port.POSITION_APP, place.SerializeToString(), **fields)


def metrics(num: int, battery: int, **fields: object) -> mesh_pb2.MeshPacket:
    told = telemetry_pb2.Telemetry(
        device_metrics=telemetry_pb2.DeviceMetrics(battery_level=battery)
    )
    return packet(num, Port.TELEMETRY_APP, told.SerializeToString(), **fields)


def again(one: mesh_pb2.MeshPacket) -> mesh_pb2.MeshPacket:
    """Make it what 2.8 tells again of what it remembers."""
    one.ClearField("rx_rssi")
    one.transport_mechanism = Way.TRANSPORT_LORA
    return one


def told(memory: NodeMemory) -> dict[int, mesh_pb2.NodeInfo]:
    frames = memory.payloads(OWN)
    infos = [mesh_pb2.FromRadio.FromString(one).node_info for one in frames]
    assert len({info.num for info in infos}) == len(infos)
    return {info.num: info for info in infos}


def learn(memory: NodeMemory, book: NodeTable, *infos: mesh_pb2.NodeInfo) -> None:
    """Have both learn what the radio tells, as when a configuration is complete."""
    book.enter_radio_infos(infos, OWN)
    memory.learn(infos, complete=True)


def stored(num: int, name: str = "", **fields: object) -> KnownNode:
    values = {"known_since": NOW - 5 * DAY_S, "last_heard": NOW - 99}
    return replace(KnownNode(num, long_name=name, short_name=name[:4], **values), **fields)  # type: ignore[arg-type]


# -- What the radio says --------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_real_entries_are_told_as_they_were(
    memory: NodeMemory, book: NodeTable, path: Path
) -> None:
    full = answers_of(path)[0]
    configuration = full.configuration
    assert configuration is not None
    own_num = configuration.own_num
    book.enter_radio_infos(configuration.nodes, own_num)
    memory.learn(configuration.nodes, complete=True)
    assert memory.payloads(own_num) == full.node_frames(own_num)


def test_all_fields_of_an_entry_stay(memory: NodeMemory, book: NodeTable) -> None:
    info = entry(ANN, "Ann", KEY, snr=7.5, last_heard=NOW - 9, channel=2, via_mqtt=True)
    info.hops_away, info.is_favorite, info.is_ignored, info.is_muted = 3, True, True, True
    info.is_key_manually_verified = True
    info.position.latitude_i, info.device_metrics.battery_level = 5, 50
    info.user.role = config_pb2.Config.DeviceConfig.Role.ROUTER
    info.user.hw_model = mesh_pb2.HardwareModel.HELTEC_V3
    info.user.is_unmessagable = True
    info.MergeFromString(bytes.fromhex("7001"))  # has_xeddsa_signed, of 2.8
    learn(memory, book, info)
    assert told(memory)[ANN] == info


def test_our_own_node_is_not_among_the_others(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(OWN, "Me"), entry(ANN, "Ann"))
    memory.hear(packet(OWN))
    assert list(told(memory)) == [ANN]


def test_nor_is_it_when_the_radio_did_not_tell_of_it(memory: NodeMemory, book: NodeTable) -> None:
    book.fill([stored(OWN, "Me")], ())
    assert told(memory) == {}
    memory.hear(packet(OWN))
    assert told(memory) == {}


def test_the_radios_order_comes_first_then_who_was_heard_last(
    memory: NodeMemory, book: NodeTable
) -> None:
    learn(memory, book, entry(9, "Nine"), entry(3, "Three"), entry(7, "Seven", last_heard=NOW))
    for num, rx_time in ((5, NOW - 50), (4, NOW - 5), (6, NOW - 500)):
        memory.hear(packet(num, rx_time=rx_time))
    assert list(told(memory)) == [9, 3, 7, 4, 5, 6]


def test_an_evicted_node_stays_known(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann", KEY, snr=3.0), entry(BOB, "Bob"))
    learn(memory, book, entry(BOB, "Bob"))
    nodes = told(memory)
    assert list(nodes) == [BOB, ANN]
    assert nodes[ANN].user.public_key == KEY
    assert nodes[ANN].snr == 3.0


def test_entries_that_are_not_all_evict_nobody(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann"), entry(BOB, "Bob"))
    memory.learn([entry(EVE, "Eve")], complete=False)
    assert list(told(memory)) == [ANN, BOB, EVE]


def test_a_removed_node_is_gone_until_it_is_heard(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann"), entry(BOB, "Bob"))
    memory.remove(ANN)
    learn(memory, book, entry(BOB, "Bob"))
    assert list(told(memory)) == [BOB]
    memory.hear(packet(ANN))
    assert list(told(memory)) == [BOB, ANN]


def test_a_removed_node_that_the_radio_tells_of_is_back(
    memory: NodeMemory, book: NodeTable
) -> None:
    memory.remove(ANN)
    learn(memory, book, entry(ANN, "Ann"))
    assert list(told(memory)) == [ANN]
    learn(memory, book)
    assert list(told(memory)) == [ANN]


def test_an_id_is_that_of_the_number(memory: NodeMemory, book: NodeTable) -> None:
    info = entry(ANN, "Ann")
    info.user.id = node_id(BOB)
    learn(memory, book, info)
    assert told(memory)[ANN].user.id == node_id(ANN)


def test_an_entry_without_a_user_gets_none(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, snr=1.0))
    memory.hear(packet(BOB, Port.NODEINFO_APP, user(BOB, "Bob", FORGED).SerializeToString()))
    nodes = told(memory)
    assert not nodes[ANN].HasField("user")
    assert not nodes[BOB].HasField("user")  # the bot has not looked at it yet


def test_a_user_stays_when_the_radio_loses_it(memory: NodeMemory, book: NodeTable) -> None:
    first = entry(ANN, "Ann", is_muted=True)
    first.user.is_unmessagable = True
    learn(memory, book, first)
    learn(memory, book, entry(ANN, snr=1.0))
    info = told(memory)[ANN]
    assert info.user.is_unmessagable
    assert not info.is_muted


# -- Keys and names -------------------------------------------------------------------------------


def test_a_key_is_the_pinned_one(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann", KEY))
    forged = entry(ANN, "Ann", FORGED, is_key_manually_verified=True)
    forged.MergeFromString(bytes.fromhex("7001"))
    memory.learn([forged], complete=True)
    info = told(memory)[ANN]
    assert info.user.public_key == KEY
    assert not info.is_key_manually_verified
    assert FORGED not in memory.payloads(OWN)[0]
    assert info.ByteSize() == entry(ANN, "Ann", KEY).ByteSize()  # nothing unknown


def test_a_key_that_nobody_pinned_is_not_told(memory: NodeMemory) -> None:
    memory.learn([entry(ANN, "Ann", FORGED)], complete=True)
    info = told(memory)[ANN]
    assert info.user.long_name == "Ann"
    assert not info.user.public_key


def test_a_heard_key_is_told_only_when_it_is_believed(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann", KEY), entry(BOB, "Bob"))
    for num, key in ((ANN, FORGED), (BOB, KEY)):
        announced = user(num, "Heard", key)
        memory.hear(packet(num, Port.NODEINFO_APP, announced.SerializeToString()))
        book.enter_user(num, announced)
    nodes = told(memory)
    assert nodes[ANN].user.public_key == KEY
    assert nodes[BOB].user.public_key == book.public_key(BOB)
    assert nodes[ANN].user.long_name == nodes[BOB].user.long_name == "Heard"


def test_a_name_learned_later_is_told(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann"))
    assert told(memory)[ANN].user.long_name == "Ann"
    later = mesh_pb2.User(
        long_name="Anna",
        short_name="A",
        hw_model=mesh_pb2.HardwareModel.RAK4631,
        role=config_pb2.Config.DeviceConfig.Role.ROUTER,
    )
    book.enter_user(ANN, later)
    shown = told(memory)[ANN].user
    assert (shown.long_name, shown.short_name, shown.hw_model, shown.role) == ("Anna", "A", 9, 2)


@pytest.mark.parametrize("model", ["HELTEC_V3", "4711", "no such model", "-3", "9" * 30, ""])
def test_whatever_is_stored_as_a_model_is_told_if_it_is_one(
    memory: NodeMemory, book: NodeTable, model: str
) -> None:
    book.fill([stored(ANN, "Ann", hw_model=model)], ())
    expected = {"HELTEC_V3": mesh_pb2.HardwareModel.HELTEC_V3, "4711": 4711}
    assert told(memory)[ANN].user.hw_model == expected.get(model, 0)


def test_names_have_the_firmwares_length(memory: NodeMemory, book: NodeTable) -> None:
    book.fill([stored(ANN, "é" * 40, short_name="éééé"), stored(BOB, "\ud800half")], ())
    nodes = told(memory)
    assert nodes[ANN].user.long_name == "é" * 19
    assert nodes[ANN].user.short_name == "éé"
    assert nodes[BOB].user.long_name == "?half"


def test_so_have_those_that_only_the_radio_knows(memory: NodeMemory) -> None:
    memory.learn([entry(ANN, "n" * 99)], complete=True)
    assert told(memory)[ANN].user.long_name == "n" * 39


def test_a_node_with_a_key_and_no_name_gets_the_usual_one(
    memory: NodeMemory, book: NodeTable
) -> None:
    book.fill([stored(ANN, public_key=KEY)], ())
    shown = told(memory)[ANN].user
    assert (shown.long_name, shown.short_name) == ("Meshtastic 0a0a", "0a0a")
    assert shown.public_key == KEY


# -- What was heard -------------------------------------------------------------------------------


def test_how_and_when_it_was_heard(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann", last_heard=NOW - 999, snr=1.0, via_mqtt=True))
    memory.hear(packet(ANN, rx_time=NOW - 7, rx_snr=5.25, hop_start=3, hop_limit=1))
    info = told(memory)[ANN]
    assert (info.last_heard, info.snr, info.hops_away) == (NOW - 7, 5.25, 2)
    assert not info.via_mqtt
    memory.hear(packet(ANN, rx_time=NOW, via_mqtt=True, rx_snr=9.0))
    info = told(memory)[ANN]
    assert (info.last_heard, info.snr, info.via_mqtt) == (NOW, 5.25, True)


def test_a_radio_without_a_clock_takes_ours(memory: NodeMemory) -> None:
    memory.hear(packet(ANN))
    assert told(memory)[ANN].last_heard == NOW


@pytest.mark.parametrize("way", [Way.TRANSPORT_MULTICAST_UDP, Way.TRANSPORT_MQTT, "marked"])
def test_a_network_measures_nothing_and_is_heard(memory: NodeMemory, way: object) -> None:
    one = again(packet(ANN))
    if way == "marked":
        one.via_mqtt = True
    else:
        one.transport_mechanism = way  # type: ignore[assignment]
    memory.hear(one)
    assert told(memory)[ANN].last_heard == NOW


def test_what_is_told_again_is_not_heard_now(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann", last_heard=NOW - 50, hops_away=2, snr=1.0))
    place = mesh_pb2.Position(latitude_i=4, longitude_i=5, time=NOW - 300)
    memory.hear(again(position(ANN, place, hop_start=3, hop_limit=3, rx_time=NOW - 300)))
    memory.hear(again(metrics(ANN, 77, rx_time=NOW - 50)))
    memory.hear(again(metrics(BOB, 50)))
    info = told(memory)[ANN]
    assert (info.last_heard, info.hops_away, info.snr) == (NOW - 50, 2, 1.0)
    assert info.position.latitude_i == 4
    assert info.device_metrics.battery_level == 77
    assert told(memory)[BOB].last_heard == 0


def test_what_is_told_again_replaces_nothing_newer(memory: NodeMemory) -> None:
    memory.hear(position(ANN, mesh_pb2.Position(latitude_i=9, time=NOW), rx_time=NOW))
    memory.hear(metrics(ANN, 90, rx_time=NOW))
    old = mesh_pb2.Position(latitude_i=1, time=NOW - 9_000)
    memory.hear(again(position(ANN, old, rx_time=NOW - 9_000)))
    memory.hear(again(metrics(ANN, 10, rx_time=NOW - 9_000)))
    info = told(memory)[ANN]
    assert info.last_heard == NOW
    assert info.position.latitude_i == 9
    assert info.device_metrics.battery_level == 90


def test_the_radio_keeps_of_a_position_what_it_does(memory: NodeMemory) -> None:
    place = mesh_pb2.Position(
        latitude_i=488_000_000,
        longitude_i=23_000_000,
        altitude=35,
        time=NOW - 4,
        location_source=mesh_pb2.Position.LocSource.LOC_EXTERNAL,
        precision_bits=13,
    )
    memory.hear(position(ANN, place))
    assert told(memory)[ANN].position == place
    more = mesh_pb2.Position(sats_in_view=7, ground_speed=2)
    more.MergeFrom(place)
    more.time = 0
    memory.hear(position(ANN, more))
    assert told(memory)[ANN].position == place  # and the time that was known


@pytest.mark.parametrize(
    "payload",
    [b"", mesh_pb2.Position(time=NOW).SerializeToString(), b"\xff\xff\xff", b"\x0d\x01"],
    ids=["asked", "time only", "not readable", "cut"],
)
def test_a_position_without_a_place_replaces_none(memory: NodeMemory, payload: bytes) -> None:
    memory.hear(position(ANN, mesh_pb2.Position(latitude_i=9)))
    memory.hear(packet(ANN, Port.POSITION_APP, payload))
    assert told(memory)[ANN].position.latitude_i == 9


@pytest.mark.parametrize("port", [Port.TELEMETRY_APP, Port.NODEINFO_APP, Port.POSITION_APP])
def test_what_cannot_be_read_is_still_heard(memory: NodeMemory, port: int) -> None:
    memory.hear(packet(ANN, port, b"\xff\x00garbage", rx_time=NOW - 3))
    assert told(memory)[ANN].last_heard == NOW - 3


def test_other_telemetry_does_not_replace_the_devices(memory: NodeMemory) -> None:
    memory.hear(metrics(ANN, 90))
    other = telemetry_pb2.Telemetry()
    other.environment_metrics.temperature = 20.0
    memory.hear(packet(ANN, Port.TELEMETRY_APP, other.SerializeToString()))
    assert told(memory)[ANN].device_metrics.battery_level == 90


def test_of_telemetry_only_what_is_known_is_kept(memory: NodeMemory) -> None:
    one = metrics(ANN, 50)
    device = telemetry_pb2.DeviceMetrics(battery_level=50).SerializeToString() + b"\x92\x06\x01v"
    one.decoded.payload = b"\x12" + bytes([len(device)]) + device
    memory.hear(one)
    assert told(memory)[ANN].device_metrics == telemetry_pb2.DeviceMetrics(battery_level=50)


def test_the_channel_is_that_of_the_introduction(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann"))
    memory.hear(packet(ANN, Port.TEXT_MESSAGE_APP, b"x", channel=5))
    assert told(memory)[ANN].channel == 0
    announced = mesh_pb2.User(long_name="Ann", is_licensed=True, is_unmessagable=True)
    memory.hear(packet(ANN, Port.NODEINFO_APP, announced.SerializeToString(), channel=3))
    info = told(memory)[ANN]
    assert info.channel == 3
    assert info.user.is_licensed
    assert info.user.is_unmessagable
    introduction = announced.SerializeToString()
    memory.hear(packet(ANN, Port.NODEINFO_APP, introduction, channel=99))
    memory.hear(packet(ANN, Port.NODEINFO_APP, introduction, channel=1, pki_encrypted=True))
    assert told(memory)[ANN].channel == 3


def test_what_nobody_opened_tells_of_nobody(memory: NodeMemory) -> None:
    sealed = packet(ANN)
    sealed.encrypted = b"xyz"
    memory.hear(sealed)
    memory.hear(packet(0))
    memory.hear(packet(0xFFFFFFFF))
    assert told(memory) == {}


def test_entries_without_position_keep_what_was_heard(memory: NodeMemory, book: NodeTable) -> None:
    memory.hear(position(ANN, mesh_pb2.Position(latitude_i=9), rx_time=NOW - 9))
    memory.hear(metrics(ANN, 66, rx_time=NOW - 8))
    learn(memory, book, entry(ANN, "Ann", last_heard=NOW - 1, snr=2.0))
    info = told(memory)[ANN]
    assert info.position.latitude_i == 9
    assert info.device_metrics.battery_level == 66
    assert (info.last_heard, info.snr) == (NOW - 1, 2.0)


def test_an_entry_of_before_a_loss_of_power_takes_back_nothing(
    memory: NodeMemory, book: NodeTable
) -> None:
    memory.hear(position(ANN, mesh_pb2.Position(latitude_i=9), rx_time=NOW - 9, rx_snr=4.0))
    old = entry(ANN, "Ann", last_heard=NOW - 9_999, snr=2.0, hops_away=4, is_favorite=True)
    old.position.latitude_i = 1
    learn(memory, book, old)
    info = told(memory)[ANN]
    assert (info.last_heard, info.snr, info.hops_away) == (NOW - 9, 4.0, 4)
    assert info.position.latitude_i == 9
    assert info.is_favorite


def test_a_time_that_was_wrong_does_not_stay(
    memory: NodeMemory, book: NodeTable, wall_clock: Clock
) -> None:
    memory.hear(packet(ANN, rx_time=NOW + 900 * DAY_S))
    memory.hear(packet(BOB, rx_time=NOW - 5))
    wall_clock.now_s = 0.0  # nor is ours known
    learn(memory, book, entry(ANN, "Ann", last_heard=NOW - 60))
    assert told(memory)[ANN].last_heard == NOW - 5


# -- The bot's own memory -------------------------------------------------------------------------


def test_who_only_the_bot_knows_is_told(memory: NodeMemory, book: NodeTable) -> None:
    known = stored(BOB, "Bob", public_key=KEY, snr_db=3.5, hops=2, role="ROUTER")
    book.fill([known, stored(EVE, "Eve", last_heard=NOW - 5), stored(0x77)], ())
    learn(memory, book, entry(ANN, "Ann"))
    nodes = told(memory)
    assert list(nodes) == [ANN, EVE, BOB]  # nobody knows who 0x77 is
    info = nodes[BOB]
    assert (info.last_heard, info.snr, info.hops_away) == (NOW - 99, 3.5, 2)
    assert (info.user.public_key, info.user.role) == (KEY, 2)


def test_whom_the_radio_gave_no_time_the_bot_may_know_one(
    memory: NodeMemory, book: NodeTable
) -> None:
    book.fill([stored(BOB, "Bob", last_heard=NOW - 5), stored(EVE, "Eve")], ())
    learn(memory, book, entry(EVE, "Eve"), entry(BOB, "Bob"))
    learn(memory, book)
    assert [(num, info.last_heard) for num, info in told(memory).items()] == [
        (BOB, NOW - 5),
        (EVE, NOW - 99),
    ]


def test_the_book_is_not_searched_for_each_client(
    memory: NodeMemory, book: NodeTable, clock: Clock
) -> None:
    assert told(memory) == {}
    book.fill([stored(BOB, "Bob")], ())
    assert told(memory) == {}
    clock.now_s += BOOK_FRESH_S
    assert list(told(memory)) == [BOB]


def test_frames_of_whom_only_the_book_knows_are_made_once(
    memory: NodeMemory, book: NodeTable, clock: Clock
) -> None:
    book.fill([stored(BOB, "Bob")], ())
    first = memory.payloads(OWN)[0]
    clock.now_s += BOOK_FRESH_S
    assert memory.payloads(OWN)[0] is first
    book.enter_user(BOB, user(BOB, "Robert"))
    clock.now_s += BOOK_FRESH_S
    assert told(memory)[BOB].user.long_name == "Robert"


# -- Our own node ---------------------------------------------------------------------------------


def test_our_own_entry_keeps_up(memory: NodeMemory) -> None:
    own = entry(OWN, "Me", KEY, last_heard=NOW - 9_000, is_favorite=True)
    payload = mesh_pb2.FromRadio(node_info=own).SerializeToString()
    assert memory.own_payload(OWN, payload) == payload
    memory.hear(again(metrics(OWN, 44, rx_time=NOW - 3)))
    own.last_heard, own.device_metrics.battery_level = NOW - 3, 44
    renewed = memory.own_payload(OWN, payload)
    assert mesh_pb2.FromRadio.FromString(renewed).node_info == own
    assert memory.own_payload(OWN, renewed) == renewed
    assert memory.own_payload(OWN, b"") == b""
    own.last_heard, own.device_metrics.battery_level = NOW, 55
    later = mesh_pb2.FromRadio(node_info=own).SerializeToString()
    assert memory.own_payload(OWN, later) == later


def test_our_own_entry_moves(memory: NodeMemory) -> None:
    own = entry(OWN, "Me", last_heard=NOW - 9_000)
    own.position.latitude_i, own.position.time = 1, NOW - 9_000
    payload = mesh_pb2.FromRadio(node_info=own).SerializeToString()
    for latitude, time in ((2, NOW - 60), (3, NOW - 9_500)):
        place = mesh_pb2.Position(latitude_i=latitude, time=time)
        memory.hear(again(position(OWN, place, rx_time=NOW - 50)))
    renewed = mesh_pb2.FromRadio.FromString(memory.own_payload(OWN, payload))
    assert renewed.node_info.position.latitude_i == 2


# -- Limits ---------------------------------------------------------------------------------------


def test_made_up_numbers_push_nobody_out(
    memory: NodeMemory, book: NodeTable, wall_clock: Clock, clock: Clock
) -> None:
    """Silent nodes that the radio holds, or held, or only the bot knows, outlast a flood."""
    book.fill([stored(BOB, "Bob", last_heard=NOW - DAY_S)], ())
    radio = [entry(num, f"Node {num}", last_heard=NOW - DAY_S) for num in range(2, 9)]
    learn(memory, book, *radio)
    learn(memory, book, *radio[1:])  # the radio has forgotten one, whom the bot has known for long
    memory.hear(packet(BOB, rx_time=NOW - DAY_S))
    wall_clock.now_s += 2 * DAY_S
    for num in range(1_000, 3_000):
        wall_clock.now_s += 1
        memory.hear(packet(num))
        if num % 2:
            book.enter_user(num, user(num, "Fake"))
    clock.now_s += BOOK_FRESH_S
    nodes = told(memory)
    assert [info.num for info in radio[1:]] == list(nodes)[:6]
    assert {2, BOB} <= nodes.keys()
    assert len(nodes) == 20
    newest = 2_999
    assert newest in nodes  # a newcomer has room, too
    assert len(memory._entries) <= 7 + 20 + 20 // 8 + 1


def test_who_proved_himself_comes_before_the_others(
    memory: NodeMemory, book: NodeTable, wall_clock: Clock
) -> None:
    friends = [stored(num, "Friend", last_dm=NOW, known_since=NOW) for num in range(2, 11)]
    settled = [stored(num, "Known") for num in range(100, 150)]
    book.fill([*friends, *settled], ())
    for node in [*friends, *settled]:
        wall_clock.now_s += 1
        memory.hear(packet(node.num))
    nodes = told(memory)
    assert {node.num for node in friends} <= nodes.keys()
    assert len(nodes) == 20


def test_of_a_full_memory_a_quarter_is_the_newcomers(
    memory: NodeMemory, book: NodeTable, wall_clock: Clock
) -> None:
    settled = [stored(num, "Known") for num in range(100, 150)]
    late = [stored(num, "Late", known_since=NOW) for num in range(200, 250)]
    book.fill([*settled, *late], ())
    for node in [*settled, *late, *settled]:
        wall_clock.now_s += 1
        memory.hear(packet(node.num))
    nodes = told(memory)
    assert sorted(nodes) == [*range(135, 150), *range(245, 250)]


def test_the_radios_own_may_be_more_than_are_added(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, *(entry(num, "x") for num in range(2, 52)))
    memory.hear(packet(EVE))
    assert list(told(memory)) == list(range(2, 52))


def test_a_radios_database_without_an_end_ends(memory: NodeMemory) -> None:
    for start in range(1, 4 * MAX_NODES, MAX_NODES):
        memory.learn((entry(start + more) for more in range(MAX_NODES)), complete=False)
    assert len(memory.payloads(0)) == MAX_NODES


def test_a_flood_does_not_grow_memory(memory: NodeMemory) -> None:
    def flood(start: int) -> None:
        for num in range(start, start + 2_000):
            memory.hear(packet(num))
            memory.remove(num + 7)

    flood(1_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        flood(1_000_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(memory._entries) <= 23
    assert len(memory._removed) <= 20
    assert grown < 50_000


def test_no_frame_is_larger_than_any(memory: NodeMemory, book: NodeTable) -> None:
    unknown = entry(ANN, "Ann")
    unknown.MergeFromString(bytes.fromhex("9206") + b"\xc2\x03" + b"u" * 450)
    hopeless = entry(BOB, "Bob")
    hopeless.user.macaddr = b"m" * 600
    learn(memory, book, unknown, hopeless, entry(EVE, "Eve"))
    memory.hear(position(ANN, mesh_pb2.Position(latitude_i=1, longitude_i=2, time=NOW)))
    big = metrics(ANN, 50)
    big.decoded.payload += bytes.fromhex("9206") + b"\xc8\x01" + b"v" * 200
    memory.hear(big)
    assert [node_in(one) for one in memory.payloads(OWN)] == [ANN, EVE]
    assert all(len(one) <= MAX_FRAME_BYTES for one in memory.payloads(OWN))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_a_node_says_is_too_much(
    memory: NodeMemory, book: NodeTable, seed: int
) -> None:
    """Frames of real nodes, broken: none raises, and all that is told can be read."""
    chance, recorder, frames = random.Random(seed), ConfigurationRecorder(), frames_of_nodes()
    complete = 0
    for payload in chance.choices(frames, k=2_000):
        broken = bytearray(payload)
        for _ in range(chance.randrange(3)):
            spoil(broken, chance)
        try:
            message = mesh_pb2.FromRadio.FromString(bytes(broken))
        except DecodeError:
            continue
        if message.HasField("packet"):
            memory.hear(message.packet)
        configuration = recorder.take(message, bytes(broken))
        if configuration is None:
            continue
        complete += 1
        book.enter_radio_infos(configuration.nodes, configuration.own_num)
        memory.learn(configuration.nodes, complete=not configuration.light)
        own_entry = memory.own_payload(configuration.own_num, configuration.own_entry)
        told_now = configuration.frames(
            chance.choice((1, 69420, 69421)),
            memory.payloads(configuration.own_num),
            private_key=False,
            own_entry=own_entry,
        )
        for frame in told_now:
            assert len(frame) <= MAX_FRAME_BYTES
            said = mesh_pb2.FromRadio.FromString(frame)
            assert not said.config.security.private_key
    assert complete > 5


def test_frames_are_made_once(memory: NodeMemory, book: NodeTable) -> None:
    learn(memory, book, entry(ANN, "Ann"), entry(BOB, "Bob"))
    first, second = memory.payloads(OWN), memory.payloads(OWN)
    assert [one is two for one, two in zip(first, second, strict=True)] == [True, True]
    memory.hear(packet(ANN))
    third = memory.payloads(OWN)
    assert [one is two for one, two in zip(second, third, strict=True)] == [False, True]
