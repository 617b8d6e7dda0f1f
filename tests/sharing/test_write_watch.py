"""When the node is asked for its configuration again."""

import math

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.sharing.write_watch import EDIT_S, MOST_AN_HOUR, QUIET_S, RETRY_S, WriteWatch

SESSION, OTHER = object(), object()


def admin(**given: object) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket()
    packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    packet.decoded.payload = admin_pb2.AdminMessage(**given).SerializeToString()  # type: ignore[arg-type]
    return packet


SET = admin(set_owner={"long_name": "x"})


def test_nothing_written_is_nothing_asked() -> None:
    watch = WriteWatch()
    assert math.isinf(watch.wait_s(1e9))
    assert not watch.is_due(SESSION, 1e9)


def test_it_is_asked_once_when_no_write_came_for_a_moment() -> None:
    watch = WriteWatch()
    watch.note(SET, SESSION, 10.0)
    watch.note(SET, SESSION, 12.0)
    assert not watch.is_due(SESSION, 10.0 + QUIET_S)
    assert watch.wait_s(12.0) == pytest.approx(QUIET_S)
    assert watch.is_due(SESSION, 12.0 + QUIET_S)
    assert not watch.is_due(SESSION, 1e9)


def test_an_edit_of_several_settings_is_waited_for() -> None:
    watch = WriteWatch()
    watch.note(admin(begin_edit_settings=True), SESSION, 10.0)
    watch.note(SET, SESSION, 11.0)
    assert not watch.is_due(SESSION, 30.0)
    watch.note(admin(commit_edit_settings=True), SESSION, 31.0)
    assert watch.is_due(SESSION, 31.0 + QUIET_S)


def test_an_edit_that_is_never_ended_is_not_waited_for_long() -> None:
    watch = WriteWatch()
    watch.note(admin(begin_edit_settings=True), SESSION, 10.0)
    assert watch.is_due(SESSION, 10.0 + EDIT_S)


def test_another_session_brings_its_configuration_itself() -> None:
    watch = WriteWatch()
    watch.note(SET, SESSION, 10.0)
    assert not watch.is_due(OTHER, 20.0)
    assert not watch.is_due(SESSION, 20.0)


def test_an_edit_ends_with_its_session() -> None:
    watch = WriteWatch()
    watch.note(admin(begin_edit_settings=True), SESSION, 10.0)
    watch.note(SET, OTHER, 20.0)
    assert watch.is_due(OTHER, 20.0 + QUIET_S)


def test_it_is_not_asked_for_ever() -> None:
    watch = WriteWatch()
    asked = 0
    for number in range(2 * MOST_AN_HOUR):
        watch.note(SET, SESSION, 10.0 * number)
        asked += watch.is_due(SESSION, 10.0 * number + QUIET_S)
    assert asked == MOST_AN_HOUR
    assert not watch.is_due(SESSION, 1_000.0)
    last_s = 3_601.0 + RETRY_S
    assert watch.is_due(SESSION, last_s), "what was put off is made up for"


def test_a_payload_that_is_none_counts_as_a_write() -> None:
    watch = WriteWatch()
    packet = mesh_pb2.MeshPacket()
    packet.decoded.payload = b"\xff\xff"
    watch.note(packet, SESSION, 10.0)
    assert watch.is_due(SESSION, 10.0 + QUIET_S)
