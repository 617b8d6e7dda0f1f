"""What of the clients' packets may be next."""

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_queue import (
    FRAMES_BURST,
    MARGIN_S,
    OWN_A_SECOND,
    OWN_BURST,
    ROOM,
    SPARE,
    GuestQueue,
)
from meshbot.sharing.guest_task import GuestTask, Lane, lane_of

Port = portnums_pb2.PortNum
OWN = 0x01


def task(client: int, port: int, number: int = 0, to: int = 0x0A, at_s: float = 0.0) -> GuestTask:
    packet = mesh_pb2.MeshPacket(to=to, id=number + 1)
    packet.decoded.portnum = port  # type: ignore[assignment]
    guest = GuestPacket(client, packet, packet.id, at_s)
    return GuestTask(client, at_s, lane_of(packet, OWN), packet=guest)


@pytest.fixture
def queue() -> GuestQueue:
    return GuestQueue(4)


def filled(queue: GuestQueue, *tasks: GuestTask) -> list[GuestTask]:
    for one in tasks:
        assert queue.put(one)
    return list(tasks)


def test_a_client_has_room_for_so_many_packets(queue: GuestQueue) -> None:
    filled(queue, *(task(1, Port.PRIVATE_APP) for _ in range(ROOM + SPARE)))
    assert queue.room(1) == 0
    assert not queue.put(task(1, Port.PRIVATE_APP))
    assert queue.put(task(2, Port.PRIVATE_APP)), "another has room of his own"
    for _ in range(SPARE + 1):  # one of them the other's
        assert queue.take(0.0) is not None
        assert queue.room(1) == 0, "what was taken beyond the room is no room"
    assert queue.take(0.0) is not None
    assert queue.room(1) == 1


def test_so_many_clients_have_room(queue: GuestQueue) -> None:
    filled(queue, *(task(client, Port.PRIVATE_APP) for client in range(4)))
    assert queue.room(9) == 0
    assert not queue.put(task(9, Port.PRIVATE_APP))


def test_a_client_that_is_gone_leaves_room_for_another(queue: GuestQueue) -> None:
    (left,) = filled(queue, task(1, Port.TEXT_MESSAGE_APP))
    queue.forget(1)
    filled(queue, *(task(client, Port.PRIVATE_APP) for client in range(2, 6)))
    assert queue.take_text(0.0) is left, "what was taken goes out all the same"


def test_what_gone_clients_left_is_bounded(queue: GuestQueue) -> None:
    for client in range(100):
        for _ in range(ROOM + SPARE):
            queue.put(task(client, Port.PRIVATE_APP))
        queue.forget(client)
    assert len(queue) == 4 * (ROOM + SPARE)


def test_clients_take_turns(queue: GuestQueue) -> None:
    for client in (1, 1, 1, 2, 2, 3):
        filled(queue, task(client, Port.TEXT_MESSAGE_APP))
    order = [taken.client for _ in range(6) if (taken := queue.take_text(0.0))]
    assert order == [1, 2, 3, 1, 2, 1]


def test_packets_of_a_client_stay_in_order(queue: GuestQueue) -> None:
    tasks = filled(queue, *(task(1, Port.PRIVATE_APP, number) for number in range(5)))
    assert [queue.take(0.0) for _ in tasks] == tasks


@pytest.mark.parametrize(
    ("port", "spacing_s"),
    [
        (Port.TRACEROUTE_APP, 30.0),
        (Port.POSITION_APP, 10.0),
        (Port.WAYPOINT_APP, 10.0),
        (Port.ALERT_APP, 10.0),
        (Port.TELEMETRY_APP, 10.0),
    ],
)
def test_a_spaced_port_waits_and_holds_up_nothing_else(
    queue: GuestQueue, port: int, spacing_s: float
) -> None:
    first, second, third, other = filled(
        queue, task(1, port), task(1, port), task(2, port), task(1, Port.PRIVATE_APP)
    )
    assert queue.take(0.0) is first
    queue.note_given(first, 1.0)
    assert queue.take(1.0) is other
    later_s = 1.0 + spacing_s + MARGIN_S
    assert queue.wait_s(1.0) == pytest.approx(later_s - 1.0)
    assert queue.take(later_s - 0.01) is None
    assert queue.take(later_s) is third, "it is the other client's turn"
    queue.note_given(third, later_s)
    assert queue.take(2 * later_s) is second


def test_texts_are_taken_apart(queue: GuestQueue) -> None:
    (first,) = filled(queue, task(1, Port.TEXT_MESSAGE_APP))
    assert queue.take(0.0) is None
    assert queue.has_text(0.0)
    assert queue.take_text(0.0) is first
    assert not queue.has_text(0.0)


def test_the_node_itself_gets_so_much_in_a_second_from_all(queue: GuestQueue) -> None:
    for number in range(OWN_BURST + 2):
        filled(queue, task(1 + number % 3, Port.ADMIN_APP, number, to=OWN))
    (other,) = filled(queue, task(1, Port.PRIVATE_APP))
    taken = [queue.take(5.0) for _ in range(OWN_BURST + 1)]
    assert other in taken
    assert None not in taken
    assert queue.take(5.0) is None
    assert queue.wait_s(5.0) == pytest.approx(1 / OWN_A_SECOND)
    assert queue.take(5.0 + 1 / OWN_A_SECOND) is not None
    assert queue.take(5.0 + 1 / OWN_A_SECOND) is None


def test_without_room_in_the_node_only_what_is_not_for_the_air_goes(queue: GuestQueue) -> None:
    on_air, own = filled(queue, task(1, Port.PRIVATE_APP), task(1, Port.ADMIN_APP, to=OWN))
    assert queue.take(0.0, has_room=False) is own
    assert queue.take(0.0, has_room=False) is None
    assert queue.take(0.0) is on_air


def test_frames_have_room_of_their_own_and_go_with_their_client(queue: GuestQueue) -> None:
    for _ in range(ROOM):
        assert queue.put(GuestTask(1, 0.0, Lane.FRAME, frame=mesh_pb2.ToRadio()))
    assert not queue.put(GuestTask(1, 0.0, Lane.FRAME, frame=mesh_pb2.ToRadio()))
    assert queue.room(1) == ROOM
    queue.forget(1)
    assert len(queue) == 0


def test_frames_have_a_limit_in_time(queue: GuestQueue) -> None:
    for client in (1, 2):
        for _ in range(ROOM):
            queue.put(GuestTask(client, 0.0, Lane.FRAME, frame=mesh_pb2.ToRadio()))
    assert sum(queue.take(1.0) is not None for _ in range(2 * ROOM)) == FRAMES_BURST


def test_what_is_put_back_is_first_again(queue: GuestQueue) -> None:
    first, second = filled(queue, task(1, Port.PRIVATE_APP), task(1, Port.PRIVATE_APP))
    assert queue.take(0.0) is first
    first.not_before_s = 3.0
    queue.put_back(first)
    assert queue.take(2.0) is None, "the order is kept"
    assert queue.take(3.0) is first
    assert queue.take(3.0) is second


def test_what_is_old_is_taken_out(queue: GuestQueue) -> None:
    old, new = filled(
        queue, task(1, Port.PRIVATE_APP, at_s=1.0), task(1, Port.PRIVATE_APP, at_s=5.0)
    )
    assert queue.pop_old(2.0) == [old]
    assert queue.take(6.0) is new


def test_a_packet_that_a_client_sealed_stands_with_the_others(queue: GuestQueue) -> None:
    packet = mesh_pb2.MeshPacket(to=0x0A, encrypted=b"x" * 30)
    assert lane_of(packet, OWN) == Lane.OTHER


@pytest.mark.parametrize(
    ("port", "to"), [(Port.PRIVATE_APP, 0x0A), (Port.ADMIN_APP, OWN), (Port.TEXT_MESSAGE_APP, 0x0A)]
)
def test_who_hangs_up_and_comes_back_gets_not_ahead(port: int, to: int) -> None:
    """Each time it is a new client; the one that stays waits for it once, not for each."""
    queue = GuestQueue(8)
    take = queue.take_text if port == Port.TEXT_MESSAGE_APP else queue.take
    queue.welcome(1, "honest")
    filled(queue, task(1, port, to=to), task(1, port, to=to))
    assert take(0.0) is not None
    served = []
    for number in range(2, 40):
        at_s = float(number)
        queue.welcome(number, "rude")
        filled(queue, *(task(number, port, to=to, at_s=at_s) for _ in range(3)))
        if number > 2:
            queue.forget(number - 1)
        taken = take(at_s)
        assert taken is not None
        served.append(taken.client)
    assert 1 in served[:3]


def test_those_of_a_machine_that_are_gone_take_turns_as_one() -> None:
    queue = GuestQueue(8)
    for number in range(2, 30):
        queue.welcome(number, "rude")
        filled(queue, task(number, Port.PRIVATE_APP))
        queue.forget(number)
    queue.welcome(1, "honest")
    filled(queue, *(task(1, Port.PRIVATE_APP, at_s=1.0) for _ in range(5)))
    served = [queue.take(2.0) for _ in range(11)]
    assert [one.client for one in served if one is not None].count(1) == 5
    while queue.take(1_000.0) is not None:
        pass
    assert not any(isinstance(holder, str) for holder in queue._turns), "nothing stays of them"


def test_a_machine_that_leaves_much_pushes_out_its_own() -> None:
    queue = GuestQueue(2)
    queue.welcome(1, "honest")
    (kept,) = filled(queue, task(1, Port.PRIVATE_APP))
    queue.forget(1)
    for number in range(2, 10):
        queue.welcome(number, "rude")
        filled(queue, *(task(number, Port.PRIVATE_APP, at_s=1.0) for _ in range(ROOM)))
        queue.forget(number)
    assert len(queue) <= 2 * (ROOM + SPARE)
    assert kept in [queue.take(2.0) for _ in range(2)]
