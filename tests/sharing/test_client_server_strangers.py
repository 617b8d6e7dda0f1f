"""Strangers who do whatever comes to their mind, beside a client that does what it should."""

import random
import socket

import pytest

from meshbot.link.frame_decoder import encode_frame
from meshbot.sharing.server_limits import ServerLimits
from tests.sharing.served import HEARTBEAT, Guest, Served, ask
from tests.support.descriptors import open_sockets
from tests.support.limits import WAIT_S

pytestmark = pytest.mark.slow

LIMITS = ServerLimits(
    frames_per_s=1e6,
    all_frames_per_s=1e6,
    bytes_per_s=1e9,
    all_bytes_per_s=1e9,
    accept_burst=10_000,
    parting=4,
    parting_s=0.05,
    tick_s=0.01,
    junk_bytes=4_000,
    junk_frames=20,
)


def behave(stranger: Guest, chance: random.Random) -> None:
    """Do some things that a client may do, or should not."""
    try:
        for _ in range(chance.randrange(6)):
            match chance.randrange(6):
                case 0:
                    stranger.say(chance.randbytes(chance.randrange(2_000)))
                case 1:
                    stranger.say(HEARTBEAT * chance.randrange(50))
                case 2:
                    stranger.say(encode_frame(chance.randbytes(chance.randrange(512))))
                case 3:
                    stranger.say(ask(1)[: chance.randrange(6)])
                case 4:
                    stranger.socket.shutdown(socket.SHUT_WR)
                case _:
                    stranger.socket.setblocking(False)  # and what it says then may be cut
                    stranger.socket.recv(10)
    except OSError:
        pass  # let go of, or nothing there
    if chance.random() < 0.5:
        stranger.reset()
    else:
        stranger.close()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_strangers_do_an_honest_client_is_served_and_nothing_is_left(seed: int) -> None:
    chance = random.Random(seed)
    with Served(max_clients=4, limits=LIMITS) as served:
        served.listens()
        honest = served.guest()
        served.on_loop()
        before = open_sockets()
        for number in range(1, 151):
            some = [Guest(("127.0.0.1", served.port)) for _ in range(chance.randrange(4))]
            for stranger in some:
                behave(stranger, chance)
            honest.say(ask(number))
            assert honest.next() == b"%d" % number
        served.rounds_until(lambda: len(served.server.clients()) == 1 and open_sockets() <= before)
        came = gone = 0
        while not served.desk.events.empty():
            event, _ = served.desk.events.get(timeout=WAIT_S)
            came, gone = came + (event == "came"), gone + (event == "gone")
        assert came == gone > 50


@pytest.mark.parametrize("seed", range(5))
def test_it_ends_in_time_whatever_is_going_on(seed: int) -> None:
    chance = random.Random(seed)
    with Served(max_clients=5, limits=LIMITS) as served:
        served.listens()
        guests = [served.stranger(receive_bytes=4096) for _ in range(7)]
        for guest in guests:
            try:
                guest.say((HEARTBEAT + chance.randbytes(5)) * chance.randrange(300))
            except OSError:
                continue  # turned away
        for number in range(1, 6):
            if chance.random() < 0.5:
                served.server.post(
                    lambda number=number: served.server.send_all(  # type: ignore[misc]
                        number, [bytes(512)] * 1_000
                    )
                )
        assert served.server.stop(WAIT_S)
        for guest in guests:
            try:
                guest.all()
            except OSError:
                continue  # a reset, as it went on talking
