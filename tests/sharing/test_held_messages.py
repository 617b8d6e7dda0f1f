"""Sealed messages that are held back."""

from meshtastic.protobuf import mesh_pb2

from meshbot.sharing.held_messages import HELD_S, MOST, HeldMessages


def sealed(packet_id: int, sender: int = 7) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(id=packet_id, encrypted=b"x")
    setattr(packet, "from", sender)
    return packet


def test_one_is_taken_once() -> None:
    held = HeldMessages()
    assert held.hold(sealed(1), b"frame", 0.0) == []
    taken = held.take(sealed(1))
    assert taken is not None
    assert taken.payload == b"frame"
    assert held.take(sealed(1)) is None


def test_the_same_id_of_another_sender_is_another_message() -> None:
    held = HeldMessages()
    held.hold(sealed(1, 7), b"frame", 0.0)
    assert held.take(sealed(1, 8)) is None


def test_they_are_due_in_their_order_after_their_time() -> None:
    held = HeldMessages()
    held.hold(sealed(1), b"one", 0.0)
    held.hold(sealed(2), b"two", 1.0)
    assert held.pop_due(HELD_S - 0.1) == []
    assert [one.payload for one in held.pop_due(HELD_S)] == [b"one"]
    assert [one.payload for one in held.pop_due(HELD_S + 1.0)] == [b"two"]


def test_a_flood_pushes_out_the_oldest_and_loses_none() -> None:
    held = HeldMessages()
    out = [one for num in range(MOST + 3) for one in held.hold(sealed(num + 1), b"%d" % num, 0.0)]
    assert [one.payload for one in out] == [b"0", b"1", b"2"]
    assert len(held.pop_due(HELD_S)) == MOST
