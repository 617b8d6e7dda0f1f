"""What one client can take from the others and from the bot: nothing but its share."""

import os
import resource
import socket
from collections.abc import Iterator

import pytest

from meshbot.link.frame_decoder import START1, START2, encode_frame
from meshbot.sharing import client_end
from meshbot.sharing.client_door import ClientDoor
from meshbot.sharing.server_limits import ServerLimits
from meshbot.sharing.shared_client import READ_BYTES
from tests.sharing.served import HEARTBEAT, NotingNarrator, Served, ask
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.unused_port import unused_port

QUICK_LOOKS = 0.01

# -- Those who do not read ---------------------------------------------------------------------


def test_one_that_reads_nothing_is_dropped_before_it_holds_too_much() -> None:
    with Served(limits=ServerLimits(held_bytes=100_000, kernel_bytes=4096)) as served:
        served.listens()
        reads, sleeps = served.guest(), served.guest(receive_bytes=4096)
        held: list[int] = []

        def give() -> None:
            for guest in (reads, sleeps):
                served.server.send(guest.number, bytes(512))
            held.append(served.server.pending_bytes(sleeps.number))

        given = 0
        while served.narrator.left.empty():
            served.on_loop(give)
            assert reads.next() == bytes(512)
            given += 1
            assert given < 10_000
        assert served.gone() == (sleeps.number, client_end.READS_NOTHING.why, True)
        assert 90_000 < max(held) <= 100_000
        reads.say(ask(3))
        assert reads.next() == b"3"


def test_all_together_hold_no_more_than_the_bot_has_to_spare() -> None:
    limits = ServerLimits(held_bytes=100_000, all_held_bytes=120_000, kernel_bytes=4096)
    with Served(limits=limits) as served:
        served.listens()
        guests = [served.guest(receive_bytes=4096) for _ in range(4)]
        for guest in guests:
            number = guest.number
            served.on_loop(lambda n=number: served.server.send_all(n, [bytes(512)] * 40))  # type: ignore[misc]
        held: list[int] = []

        def give() -> None:
            for _ in range(100):
                served.server.send(1, bytes(512))
                held.append(served.server.pending_bytes(1))

        while served.narrator.left.empty():
            served.on_loop(give)
        assert served.gone() == (1, client_end.READS_NOTHING.why, True)
        assert 25_000 < max(held) <= 30_000


def test_a_burst_that_the_system_takes_is_no_reason_to_drop_anybody() -> None:
    """More than is held for a client, in one go, to one that reads."""
    with Served(limits=ServerLimits(held_bytes=20_000)) as served:
        served.listens()
        guest = served.guest()
        served.on_loop(lambda: served.server.send_all(guest.number, [bytes(500)] * 100))
        assert [guest.next() for _ in range(100)] == [bytes(500)] * 100


def test_one_that_takes_nothing_for_long_is_dropped_with_little_waiting_too() -> None:
    limits = ServerLimits(stalled_s=0.05, tick_s=QUICK_LOOKS, kernel_bytes=4096)
    with Served(limits=limits) as served:
        served.listens()
        guest = served.guest(receive_bytes=4096)
        served.on_loop(lambda: served.server.send_all(guest.number, [bytes(512)] * 200))
        assert served.gone() == (guest.number, client_end.READS_NOTHING.why, True)


def test_one_that_reads_slowly_is_not_dropped() -> None:
    clock = Clock(0.0)
    limits = ServerLimits(stalled_s=60.0, tick_s=0.0, kernel_bytes=4096)
    with Served(limits=limits, clock=clock) as served:
        served.listens()
        guest = served.guest(receive_bytes=4096)
        guest.say(HEARTBEAT)
        assert guest.next() == b"0"
        served.on_loop(lambda: served.server.send_all(guest.number, [bytes(512)] * 400))
        pending = [served.server.pending_bytes(guest.number)]
        while pending[-1]:
            for _ in range(50):  # some of it, every forty seconds
                guest.next()
                if not served.server.pending_bytes(guest.number):
                    break
            served.on_loop()
            now = served.server.pending_bytes(guest.number)
            if now < pending[-1]:
                clock.now_s += 40.0
            pending.append(now)
            served.on_loop()
        assert clock.now_s > 60.0 and len(served.server.clients()) == 1


# -- Those who say nothing, or nonsense --------------------------------------------------------


def test_one_that_never_says_anything_valid_is_let_go() -> None:
    limits = ServerLimits(first_frame_s=0.05, tick_s=QUICK_LOOKS)
    with Served(limits=limits) as served:
        served.listens()
        guest = served.guest()
        guest.say(b"GET / HTTP/1.1\r\n\r\n" + encode_frame(b""))
        assert served.gone() == (guest.number, client_end.NO_FRAME.why, False)
        assert guest.all() == [b"0"]


def test_one_that_fell_silent_is_let_go_and_one_that_speaks_is_not() -> None:
    clock = Clock(0.0)
    with Served(limits=ServerLimits(tick_s=0.0), clock=clock) as served:
        served.listens()
        silent, speaks = served.guest(), served.guest()
        for guest in (silent, speaks):
            guest.say(ask(1))
            assert guest.next() == b"1"
        for now_s in (800.0, 899.0):
            clock.now_s = now_s
            speaks.say(ask(2))
            assert speaks.next() == b"2"
        assert len(served.server.clients()) == 2
        clock.now_s = 900.0
        served.on_loop()
        assert served.gone() == (silent.number, client_end.SILENT.why, False)
        assert [status.number for status in served.server.clients()] == [speaks.number]


def test_one_whose_words_waited_while_the_loop_stood_still_was_not_silent() -> None:
    clock = Clock(0.0)
    with Served(limits=ServerLimits(tick_s=0.0), clock=clock) as served:
        served.listens()
        guest = served.guest()
        guest.say(ask(1))
        assert guest.next() == b"1"

        def stand_still() -> None:
            guest.say(ask(2))
            clock.now_s = 10_000.0

        served.on_loop(stand_still)
        assert guest.next() == b"2"
        served.on_loop()
        assert len(served.server.clients()) == 1


@pytest.mark.parametrize(
    "rubbish",
    [b"\x00" * 1_000, encode_frame(b"\xff" * 20), bytes((START1, START2, 0xFF, 0xFF)) * 10],
    ids=["no frames", "frames of nothing", "impossible lengths"],
)
def test_one_that_sends_rubbish_is_dropped(rubbish: bytes) -> None:
    with Served(limits=ServerLimits(junk_bytes=20_000, junk_frames=50)) as served:
        served.listens()
        guest, other = served.guest(), served.guest()
        with pytest.raises(OSError):
            while True:
                guest.say(rubbish)
        assert served.gone() == (guest.number, client_end.JUNK.why, True)
        other.say(ask(2))
        assert other.next() == b"2"


def test_a_little_rubbish_now_and_then_is_borne() -> None:
    clock = Clock(0.0)
    with Served(limits=ServerLimits(junk_bytes=1_000, tick_s=0.0), clock=clock) as served:
        served.listens()
        guest = served.guest()
        for minute in range(5):
            clock.now_s = minute * 60.0
            guest.say(b"\x00" * 900 + ask(minute))
            assert guest.next() == b"%d" % minute


# -- Those who send too much -------------------------------------------------------------------


def test_a_flood_is_read_at_its_pace_and_others_are_heard_meanwhile() -> None:
    """Time stands still: of each client, what it may send at once is dealt with, and no more."""
    clock = Clock(0.0)
    limits = ServerLimits(frames_per_s=50.0, burst_s=2.0)
    with Served(limits=limits, clock=clock) as served:
        served.listens()
        floods = [served.guest() for _ in range(7)]
        honest = served.guest()
        for guest in floods:
            guest.say(HEARTBEAT * 1_000)
        for guest in floods:
            assert [guest.next() for _ in range(100)] == [b"0"] * 100
        for number in range(1, 101):
            honest.say(ask(number))
            assert honest.next() == b"%d" % number
        assert [len(served.desk.frames[guest.number]) for guest in floods] == [100] * 7
        clock.now_s = 1.0
        served.on_loop()
        for guest in floods:
            assert [guest.next() for _ in range(50)] == [b"0"] * 50
        served.on_loop()
        assert [len(served.desk.frames[guest.number]) for guest in floods] == [150] * 7


def test_all_together_send_no_more_than_the_loop_bears() -> None:
    clock = Clock(0.0)
    limits = ServerLimits(frames_per_s=50.0, all_frames_per_s=80.0, burst_s=1.0)
    with Served(limits=limits, clock=clock) as served:
        served.listens()
        floods = [served.guest() for _ in range(4)]
        for guest in floods:
            guest.say(HEARTBEAT * 500)
            assert [guest.next() for _ in range(50)] == [b"0"] * 50
        clock.now_s = 1.0
        served.on_loop()
        for guest in floods:
            assert [guest.next() for _ in range(20)] == [b"0"] * 20
        served.on_loop()
        assert [len(served.desk.frames[guest.number]) for guest in floods] == [70] * 4


def test_what_is_read_of_a_client_is_bounded_in_bytes_too() -> None:
    clock = Clock(0.0)
    limits = ServerLimits(bytes_per_s=10_000, burst_s=1.0, junk_bytes=1 << 30)
    with Served(limits=limits, clock=clock) as served:
        served.listens()
        guest, other = served.guest(), served.guest()
        guest.say(encode_frame(b"") + b"\x00" * 50_000)
        other.say(ask(1))
        assert other.next() == b"1"
        decoder = served.server._clients[guest.number]._decoder
        served.rounds_until(lambda: decoder.skipped_bytes >= 10_000)
        for _ in range(10):
            served.on_loop()
        assert decoder.skipped_bytes <= 10_000 + READ_BYTES


def test_who_connects_again_and_again_is_let_in_at_a_bearable_pace() -> None:
    clock = Clock(0.0)
    limits = ServerLimits(accept_burst=3, accepts_per_s=1.0)
    with Served(limits=limits, clock=clock) as served:
        served.listens()
        guests = [served.stranger() for _ in range(5)]
        for number in (1, 2, 3):
            assert served.desk.events.get(timeout=WAIT_S) == ("came", number)
        guests[0].say(ask(1))
        assert guests[0].next() == b"1"
        assert len(served.server.clients()) == 3
        clock.now_s = 1.0
        served.on_loop()
        assert served.desk.events.get(timeout=WAIT_S) == ("came", 4)


# -- The port ----------------------------------------------------------------------------------


def test_a_taken_port_is_tried_until_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = Served(port=port, limits=ServerLimits(retry_s=0.02))
        served.server.start()
        for _ in range(3):
            told = served.narrator.told.get(timeout=WAIT_S)
            assert told == ("not listening", f"127.0.0.1:{port}", "98")
        assert served.server.address is None
    try:
        while (told := served.narrator.told.get(timeout=WAIT_S))[0] == "not listening":
            pass
        assert told == ("listening", f"127.0.0.1:{port}", "closed")
        assert served.server.address == ("127.0.0.1", port)
        guest = served.guest()
        guest.say(ask(1))
        assert guest.next() == b"1"
    finally:
        served.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("address", "error"),
    [("192.0.2.1", "99"), ("a..b", "None"), ("2001:db8::1", "99")],
    ids=["elsewhere", "no name", "elsewhere in IPv6"],
)
def test_an_address_that_is_not_there_is_said_and_the_rest_goes_on(
    address: str, error: str
) -> None:
    if ":" in address and not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    with Served(address=address) as served:
        kind, where, number = served.narrator.told.get(timeout=WAIT_S)
        assert kind == "not listening" and address in where
        assert number == error or ":" in address  # where IPv6 is switched off, another one
        served.on_loop()


def test_it_ends_at_once_while_it_waits_to_try_again() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Served(port=taken.getsockname()[1]) as served,
    ):
        assert served.narrator.told.get(timeout=WAIT_S)[0] == "not listening"


def test_all_addresses_of_both_kinds_can_be_listened_on() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with Served(address="::") as served:
        assert served.listens() == ("listening", f"[::]:{served.port}", "open")
        for host, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
            guest = served.guest(host=host)
            guest.say(ask(6))
            assert guest.next() == b"6"
            port = guest.socket.getsockname()[1]
            assert served.server.clients()[-1].address == f"{shown}:{port}"
        assert list(served.desk.hosts.values()) == ["127.0.0.1", "::1"]


def test_a_name_is_listened_on_and_whether_a_network_can_come_is_said() -> None:
    with Served(address="localhost") as served:
        assert served.listens()[2] == "closed"
    with Served(address="0.0.0.0") as served:
        assert served.listens() == ("listening", f"0.0.0.0:{served.port}", "open")


def test_a_connection_is_set_up_so_that_a_machine_that_vanished_is_noticed() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest()
        ours = served.server._clients[guest.number].connection
        tcp = [
            ours.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_NODELAY,
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
            )
        ]
        assert tcp == [1, 60, 15, 4, 120_000]
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert not ours.getblocking()


def test_a_client_that_hung_up_outside_costs_the_door_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And an error that comes each time does not keep the loop busy."""
    tries: list[None] = []

    def fail(listening: socket.socket) -> object:
        tries.append(None)
        raise ConnectionAbortedError

    clock = Clock(0.0)
    with Served(limits=ServerLimits(accept_burst=5), clock=clock) as served:
        served.listens()
        guest = served.guest()
        served.on_loop()
        monkeypatch.setattr("meshbot.sharing.client_door.next_connection", fail)
        served.stranger()
        served.rounds_until(lambda: len(tries) == 4)
        guest.say(ask(8))
        assert guest.next() == b"8"
        for _ in range(5):
            served.on_loop()
        assert len(tries) == 4
        monkeypatch.undo()
        clock.now_s = 1.0
        served.on_loop()
        assert served.desk.events.get(timeout=WAIT_S) == ("came", 2)


# -- No means ----------------------------------------------------------------------------------


@pytest.fixture
def no_descriptors() -> Iterator[list[int]]:
    """Descriptors that can be closed, so that there are some again; before, call ``exhaust``."""
    held: list[int] = []
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield held
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    for descriptor in held:
        os.close(descriptor)


def exhaust(held: list[int]) -> None:
    """Leave no descriptor to this process."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + 8, limit[1]))
    held.append(probe)
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass


def test_without_descriptors_clients_wait_outside_and_the_loop_does_not_spin(
    no_descriptors: list[int], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []
    look = ClientDoor.next_connection

    def counted(door: ClientDoor, now_s: float) -> object:
        tries.append(None)
        return look(door, now_s)

    monkeypatch.setattr(ClientDoor, "next_connection", counted)
    clock = Clock(0.0)
    with Served(clock=clock) as served:
        served.listens()
        guest = served.guest()
        with socket.socket() as late:
            late.settimeout(WAIT_S)
            served.on_loop()  # the look that finds nobody after the guest is over
            exhaust(no_descriptors)
            before = len(tries)
            late.connect(("127.0.0.1", served.port))
            journal.wait_for("les nouveaux clients du nœud partagé attendent")
            for number in range(1, 20):
                guest.say(ask(number))
                assert guest.next() == b"%d" % number
            assert len(tries) == before + 1
            clock.now_s = 1.0
            served.on_loop()
            for descriptor in no_descriptors:
                os.close(descriptor)
            no_descriptors.clear()
            clock.now_s = 2.0
            served.on_loop()
            assert served.desk.events.get(timeout=WAIT_S) == ("came", 2)
            late.sendall(ask(9))
            assert late.recv(5) == encode_frame(b"9")
    assert len([line for line in journal.lines if "partagé attendent" in line]) == 1


def test_without_descriptors_at_the_start_it_waits_with_one_line(
    no_descriptors: list[int], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meshbot.sharing.client_server.OPEN_PAUSE_S", 0.02)
    served = Served()
    exhaust(no_descriptors)
    served.server.start()
    try:
        journal.wait_for("le nœud n'est pas encore partagé")
        for descriptor in no_descriptors:
            os.close(descriptor)
        no_descriptors.clear()
        served.listens()
    finally:
        served.__exit__(None, None, None)
    assert len([line for line in journal.lines if "pas encore partagé" in line]) == 1


def test_a_door_that_was_never_opened_closes() -> None:
    served = Served(port=unused_port())
    door = ClientDoor(served.server._settings, NotingNarrator(), ServerLimits(), 0.0)
    door.close()
    assert not door.may_accept(0.0) and door.next_connection(0.0) is None
