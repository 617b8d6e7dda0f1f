"""Serving clients over real sockets: what they say, what they are told, how they come and go."""

import socket
import threading

import pytest

from meshbot.link.frame_decoder import START1, encode_frame
from meshbot.sharing import client_end
from meshbot.sharing.server_limits import ServerLimits
from tests.sharing.served import HEARTBEAT, Guest, Served, ask
from tests.support.journal import Journal
from tests.support.limits import WAIT_S

pytestmark = pytest.mark.slow

# -- Frames ------------------------------------------------------------------------------------


def test_a_client_is_heard_and_answered_on_the_loop() -> None:
    with Served() as served:
        assert served.listens() == ("listening", f"127.0.0.1:{served.port}", "closed")
        guest = served.guest()
        guest.say(ask(7))
        assert guest.next() == b"7"
        assert served.desk.hosts == {1: "127.0.0.1"}
        assert served.desk.threads == {"share-clients"}


def test_frames_come_whole_however_they_are_cut_and_whatever_stands_between() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest()
        stream = b"\xc3" * 32 + ask(1) + b"debug text" + ask(2) + bytes((START1,)) + ask(3)
        for byte in stream:
            guest.say(bytes((byte,)))
        assert [guest.next() for _ in range(3)] == [b"1", b"2", b"3"]


def test_many_frames_at_once_are_answered_in_their_order() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest()
        guest.say(b"".join(ask(number) for number in range(1, 501)))
        assert [guest.next() for _ in range(500)] == [b"%d" % number for number in range(1, 501)]


def test_what_is_sent_to_one_goes_to_that_one_in_its_order() -> None:
    with Served() as served:
        served.listens()
        guests = [served.guest() for _ in range(8)]
        for guest in guests:
            payloads = [b"%d %d" % (guest.number, count) for count in range(200)]
            served.server.post(
                lambda guest=guest, payloads=payloads: served.server.send_all(  # type: ignore[misc]
                    guest.number, payloads
                )
            )
        for guest in guests:
            assert [guest.next() for _ in range(200)] == [
                b"%d %d" % (guest.number, count) for count in range(200)
            ]


def test_who_is_gone_and_what_is_too_long_is_passed_over() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest()
        server = served.server

        def use() -> None:
            for number in (99, guest.number):
                server.send(number, bytes(513))
                server.send(number, b"fits")
            server.close_client(99, "personne")
            server.set_ready(99)
            server.count_packet(99)
            server.count_refused(99)
            assert not server.pending_bytes(99)

        served.on_loop(use)
        assert guest.next() == b"fits"


def test_the_snapshot_tells_who_is_there_and_what_he_did() -> None:
    with Served() as served:
        served.listens()
        first, second = served.guest(), served.guest()
        served.on_loop(lambda: served.server.set_ready(second.number))
        served.on_loop(lambda: served.server.count_packet(second.number))
        served.on_loop(lambda: served.server.count_refused(second.number))
        statuses = served.server.clients()
        names = [f"127.0.0.1:{guest.socket.getsockname()[1]}" for guest in (first, second)]
        assert [status.address for status in statuses] == names
        assert [(s.number, s.packets, s.refused, s.ready) for s in statuses] == [
            (1, 0, 0, False),
            (2, 1, 1, True),
        ]


# -- Coming and going --------------------------------------------------------------------------


def test_who_hangs_up_or_resets_is_gone_and_nobody_else() -> None:
    with Served() as served:
        served.listens()
        stays, hangs_up, resets = served.guest(), served.guest(), served.guest()
        hangs_up.close()
        assert served.gone() == (hangs_up.number, client_end.HUNG_UP.why, False)
        resets.reset()
        assert served.gone() == (resets.number, "il a coupé la connexion", False)
        stays.say(ask(5))
        assert stays.next() == b"5"
        assert [status.number for status in served.server.clients()] == [stays.number]


def test_who_only_stops_talking_still_gets_his_answers() -> None:
    """``printf … | nc`` closes its half of the connection and reads on."""
    with Served() as served:
        served.listens()
        guest = served.guest(receive_bytes=4096)
        served.desk.on_frame = lambda client, message: served.server.send_all(
            client, [bytes(500)] * 1_000
        )
        guest.say(HEARTBEAT)
        guest.socket.shutdown(socket.SHUT_WR)
        assert guest.all() == [bytes(500)] * 1_000
        assert served.gone() == (guest.number, client_end.HUNG_UP.why, False)


def test_who_is_closed_gets_what_he_was_given_and_why_is_told() -> None:
    with Served() as served:
        served.listens()
        guest, other = served.guest(), served.guest()

        def part(client: int, message: object) -> None:
            served.server.send(client, b"farewell")
            served.server.close_client(client, "il a dit au revoir")
            served.server.send(client, b"too late")

        served.desk.on_frame = part
        guest.say(HEARTBEAT * 3)
        assert guest.all() == [b"farewell"]
        assert served.gone() == (guest.number, "il a dit au revoir", False)
        assert len(served.desk.frames[guest.number]) == 1, "is not heard any more"
        assert [status.number for status in served.server.clients()] == [other.number]


def test_one_too_many_is_told_so_and_may_come_when_another_left() -> None:
    with Served(max_clients=2) as served:
        served.listens()
        first, _ = served.guest(), served.guest()
        late = Guest(("127.0.0.1", served.port))
        name = f"127.0.0.1:{late.socket.getsockname()[1]}"
        late.say(HEARTBEAT * 100)  # unread bytes would reset the connection, and the word be lost
        said = late.all()
        late.close()
        assert len(said) == 1 and "déjà 2 clients".encode() in said[0]
        assert served.narrator.turned_away.get(timeout=WAIT_S) == (name, 2)
        assert len(served.server.clients()) == 2
        first.close()
        served.gone()
        assert served.guest().number == 3


def test_many_who_are_turned_away_hold_nothing() -> None:
    with Served(max_clients=1, limits=ServerLimits(parting=3, accept_burst=1_000)) as served:
        served.listens()
        served.guest()
        late = [served.stranger() for _ in range(20)]
        for guest in late:
            assert len(guest.all()) == 1
        for _ in late:
            served.narrator.turned_away.get(timeout=WAIT_S)


def test_who_is_turned_away_and_never_hangs_up_is_forgotten() -> None:
    limits = ServerLimits(parting_s=0.05, tick_s=0.02)
    with Served(max_clients=1, limits=limits) as served:
        served.listens()
        served.guest()
        late = served.stranger()
        assert len(late.all()) == 1
        with pytest.raises(OSError):
            while True:
                late.say(HEARTBEAT)


# -- The bot's side ----------------------------------------------------------------------------


def test_an_error_of_the_desk_costs_a_line_and_no_client() -> None:
    with Served() as served:
        served.listens()
        guest, other = served.guest(), served.guest()
        echo = served.desk.on_frame

        def fail(client: int, message: object) -> None:
            served.desk.on_frame = echo
            raise RuntimeError("what nobody thought of")

        served.desk.on_frame = fail
        guest.say(ask(1) + ask(2))
        assert guest.next() == b"2"
        other.say(ask(3))
        assert other.next() == b"3"


def test_calls_are_made_in_their_order_also_those_posted_before_the_start() -> None:
    made: list[int] = []
    served = Served()
    for number in range(10):
        served.server.post(lambda number=number: made.append(number))  # type: ignore[misc]
    with served:
        served.listens()
        for number in range(10, 2_000):
            served.server.post(lambda number=number: made.append(number))  # type: ignore[misc]
        served.on_loop()
        assert made == list(range(2_000))


def test_what_is_posted_while_the_loop_is_stuck_is_bounded(journal: Journal) -> None:
    with Served(limits=ServerLimits(posted=50, tick_s=0.01)) as served:
        served.listens()
        stuck, may_go = threading.Event(), threading.Event()

        def stick() -> None:
            stuck.set()
            may_go.wait(WAIT_S)

        served.server.post(stick)
        assert stuck.wait(WAIT_S)
        made: list[int] = []
        for number in range(80):
            served.server.post(lambda number=number: made.append(number))  # type: ignore[misc]
        may_go.set()
        journal.wait_for("le plus récent se perd")
        while not served.desk.ticks.empty():
            served.desk.ticks.get()
        for _ in range(2):  # the second is of a later round than the line
            served.desk.ticks.get(timeout=WAIT_S)
        assert made == list(range(50)) and served.server.dropped_posts == 30


def test_the_desk_is_asked_for_what_is_due() -> None:
    with Served(limits=ServerLimits(tick_s=0.01)) as served:
        for _ in range(3):
            served.desk.ticks.get(timeout=WAIT_S)


# -- The end -----------------------------------------------------------------------------------


def test_at_the_end_everybody_gets_what_waits_and_a_farewell_that_is_no_reset() -> None:
    with Served() as served:
        served.listens()
        guests = [served.guest() for _ in range(5)]
        held = threading.Event()

        def hold(client: int, message: object) -> None:
            held.set()
            served.server._stopping.wait(WAIT_S)
            for guest in guests:
                served.server.send(guest.number, b"last")

        served.desk.on_frame = hold
        guests[0].say(HEARTBEAT)
        assert held.wait(WAIT_S)
        for guest in guests:
            guest.say(encode_frame(b""))  # nobody reads that any more
        assert served.server.stop(WAIT_S)
        for guest in guests:
            assert guest.all() == [b"last"]
        assert [served.gone()[1] for _ in guests] == [client_end.STOPPING.why] * 5
        assert served.server.clients() == [] and served.server.address is None


def test_one_that_reads_nothing_does_not_delay_the_end() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest(receive_bytes=4096)
        served.on_loop(lambda: served.server.send_all(guest.number, [bytes(512)] * 2_000))
        assert served.server.stop(WAIT_S)
        assert served.gone()[1] == client_end.STOPPING.why


def test_it_may_be_stopped_before_it_is_started_and_used_after_its_end() -> None:
    served = Served()
    assert served.server.stop(WAIT_S)
    with Served() as other:
        other.listens()
        assert other.server.stop(WAIT_S)
        other.server.post(lambda: None)
        assert other.server.stop(WAIT_S)


def test_an_error_of_the_desk_at_the_end_is_the_only_thing_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Served() as served:
        served.listens()
        served.guest()
        served.guest()
        gone: list[int] = []

        def fail(client: int) -> None:
            gone.append(client)
            raise RuntimeError("what nobody thought of")

        served.desk.client_gone = fail  # type: ignore[method-assign]
        assert served.server.stop(WAIT_S)
        assert gone == [1, 2]
        assert len([entry for entry in caplog.records if "inattendue" in entry.message]) == 2


def test_the_next_one_can_listen_at_once_on_the_same_port() -> None:
    with Served() as served:
        served.listens()
        guest = served.guest()
        assert served.server.stop(WAIT_S)
        with Served(port=served.port) as again:
            again.listens()
            assert guest.all() == []
            follower = again.guest()
            follower.say(ask(4))
            assert follower.next() == b"4"
