"""The library's dictionaries stay bounded, consistent, and whole where it matters."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link import library_bounds
from meshbot.link.frame_decoder import encode_frame
from meshbot.link.library_bounds import LOOK_EVERY, MAX_KEYED, MAX_KEYLESS, LibraryBounds
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.mesh.sync_entry import is_in_place, sync_entry_of
from meshbot.model.known_node import BROADCAST_NUM, KnownNode, node_id
from tests.support.session_events import Events

OWN = 1
OPTIONS = SessionOptions(connect_timeout_s=1, queue_wait_s=1)
KEY = bytes(range(32))


class Dictionaries:
    """What the bounds look at of an interface."""

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.nodesByNum: dict[int, Any] = {}

    def add(self, num: int, *, key: bool = False, stand_in: bool = False) -> None:
        entry: dict[str, Any] = {"num": num, "user": {"id": node_id(num)}}
        if key:
            entry["user"]["publicKey"] = "x"
        if stand_in:
            entry["user"]["hwModel"] = "UNSET"
        else:
            self.nodes[node_id(num)] = entry
        self.nodesByNum[num] = entry

    def is_consistent(self) -> bool:
        return all(
            entry["num"] == int(name[1:], 16) and self.nodesByNum.get(entry["num"]) is entry
            for name, entry in self.nodes.items()
        )


def keep(bounds: LibraryBounds, dictionaries: Dictionaries) -> None:
    bounds.keep(dictionaries, OWN)  # type: ignore[arg-type]


@pytest.fixture
def session() -> MeshTCPInterface:
    """A session in its handshake that is fed by hand."""
    session = MeshTCPInterface(Events(), "127.0.0.1", 1, OPTIONS)
    session.nodes, session.nodesByNum = {}, {}
    feed(session, mesh_pb2.FromRadio(my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN)))
    return session


def feed(session: MeshTCPInterface, message: mesh_pb2.FromRadio) -> None:
    session._receiver.feed(encode_frame(message.SerializeToString()), 0.0)


def position_of(num: int) -> mesh_pb2.FromRadio:
    packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=num)
    setattr(packet, "from", num)
    packet.decoded.portnum = portnums_pb2.PortNum.POSITION_APP
    packet.decoded.payload = mesh_pb2.Position(latitude_i=1).SerializeToString()
    return mesh_pb2.FromRadio(packet=packet)


def entry_of(num: int, key: bytes = b"") -> mesh_pb2.FromRadio:
    user = mesh_pb2.User(id=node_id(num), long_name=f"Node {num}", public_key=key)
    return mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=num, user=user))


def test_made_up_senders_come_and_go_and_the_radios_own_nodes_stay(
    session: MeshTCPInterface,
) -> None:
    for num in range(OWN, 251):
        feed(session, entry_of(num, KEY if num % 2 else b""))
    session.ready_s = session._clock()
    for num in range(10_000, 10_000 + 2 * MAX_KEYLESS):
        feed(session, position_of(num))
    assert session.nodes is not None
    assert session.nodesByNum is not None
    assert len(session.nodesByNum) <= 250 + MAX_KEYLESS + LOOK_EVERY
    assert set(range(OWN, 251)) <= set(session.nodesByNum)
    assert 10_000 + 2 * MAX_KEYLESS - 1 in session.nodesByNum, "the latest is there"
    for name, entry in session.nodes.items():
        assert session.nodesByNum[entry["num"]] is entry
        assert name == node_id(entry["num"])


def test_a_full_download_of_thousands_stays_whole(session: MeshTCPInterface) -> None:
    for num in range(OWN, MAX_KEYLESS + 2 * LOOK_EVERY):
        feed(session, entry_of(num))
    assert session.nodes is not None
    assert len(session.nodes) == MAX_KEYLESS + 2 * LOOK_EVERY - 1


def test_made_up_keys_are_bounded_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """At another size: the true one takes seconds."""
    monkeypatch.setattr(library_bounds, "MAX_KEYED", 300)
    monkeypatch.setattr(library_bounds, "MAX_KEYLESS", 20)
    dictionaries, bounds = Dictionaries(), LibraryBounds()
    for num in range(OWN, 2_000):
        dictionaries.add(num, key=True)
        keep(bounds, dictionaries)
    assert len(dictionaries.nodesByNum) <= 301 + LOOK_EVERY
    assert {OWN, 1_999} <= set(dictionaries.nodesByNum)
    assert dictionaries.is_consistent()
    assert MAX_KEYED >= 22_000, "a tenth more than the node table holds"


def test_there_is_room_for_all_the_keys_of_a_larger_node_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library_bounds, "MAX_KEYED", 300)
    monkeypatch.setattr(library_bounds, "MAX_KEYLESS", 20)
    dictionaries, bounds = Dictionaries(), LibraryBounds(nodes_max=1_000)
    for num in range(OWN, 1_101):
        dictionaries.add(num, key=True)
        keep(bounds, dictionaries)
    assert len(dictionaries.nodesByNum) == 1_100
    for num in range(1_101, 3_000):
        dictionaries.add(num, key=True)
        keep(bounds, dictionaries)
    assert len(dictionaries.nodesByNum) <= 1_101 + LOOK_EVERY


_SMALL = (("MAX_KEYED", 30), ("MAX_KEYLESS", 20), ("MAX_OF_DATABASE", 10), ("LOOK_EVERY", 5))


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.booleans(), st.booleans(), st.booleans()), max_size=300
    )
)
def test_whoever_comes_the_bounds_hold_and_stand_ins_go_first(
    heard: list[tuple[int, bool, bool, bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SMALL:
            patch.setattr(library_bounds, name, value)
        dictionaries, bounds = Dictionaries(), LibraryBounds()
        dictionaries.add(OWN)
        named: set[int] = set()
        for num, key, stand_in, of_database in heard:
            if num != OWN and num not in dictionaries.nodesByNum:
                dictionaries.add(num, key=key, stand_in=stand_in)
                if not key and not stand_in:
                    named.add(num)
            if of_database:
                bounds.note_database(num)
            met = set(dictionaries.nodesByNum)
            keep(bounds, dictionaries)
            assert len(dictionaries.nodesByNum) <= 1 + sum(value for _, value in _SMALL)
            assert met.intersection(bounds._of_database) <= set(dictionaries.nodesByNum)
            assert dictionaries.is_consistent()
        assert OWN in dictionaries.nodesByNum
        if len(named) <= 20:
            assert named <= set(dictionaries.nodesByNum), "as long as stand-ins could go"


class Racing(dict[str, Any]):
    """``interface.nodes``, where the reader drops a node in the middle of what the sync does."""

    def __init__(self, drops: int, by_num: dict[int, Any]) -> None:
        super().__init__()
        self._drops, self._by_num = drops, by_num

    def __setitem__(self, name: str, entry: Any) -> None:
        super().__setitem__(name, entry)
        if self._drops:
            self._drops -= 1
            library_bounds._drop(entry["num"], self, self._by_num)


@pytest.mark.parametrize("drops", [0, 1, 2])
def test_a_key_that_the_sync_puts_in_while_the_reader_drops_the_node_is_in_both(
    drops: int,
) -> None:
    by_num: dict[int, Any] = {}
    nodes = Racing(drops, by_num)
    entry = sync_entry_of(KnownNode(7, "Ann", public_key=KEY))
    entry.put_into(nodes, by_num)
    assert is_in_place(7, entry.key_base64, nodes, by_num)
    assert by_num[7]["user"]["publicKey"] == base64.b64encode(KEY).decode()
