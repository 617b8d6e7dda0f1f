"""Calls that any thread leaves for a loop, and the bell."""

import select
import socket
import threading
from functools import partial

from meshbot.sharing.post_box import PostBox


def rings(ear: socket.socket) -> bool:
    return bool(select.select([ear], [], [], 0.0)[0])


def test_the_bell_rings_once_until_it_is_heard() -> None:
    box = PostBox(10)
    ear = box.open()
    assert not rings(ear)
    for _ in range(5):
        box.post(int)
    assert rings(ear)
    box.hear()
    assert not rings(ear), "one byte, however many were posted"
    box.ring()
    assert rings(ear)
    box.close()


def test_what_came_before_the_bell_is_there_and_what_comes_after_the_end_is_not() -> None:
    box = PostBox(10)
    assert box.post(int)
    box.ring()
    box.hear()
    box.open()
    assert box.take() is int and box.take() is None
    box.close()
    assert not box.post(int) and len(box) == 0
    box.ring()
    box.close()


def test_it_holds_no_more_than_it_may() -> None:
    box = PostBox(2)
    assert [box.post(int), box.post(str), box.post(int)] == [True, True, False]
    assert box.dropped == 1 and [box.take(), box.take()] == [int, str]


def test_nothing_is_lost_between_many_threads_and_the_loop() -> None:
    box = PostBox(100_000)
    ear = box.open()
    made: list[int] = []

    def post() -> None:
        for number in range(2_000):
            box.post(partial(made.append, number))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(made) < 8_000:
        assert select.select([ear], [], [], 30.0)[0], "a bell was lost"
        box.hear()
        while (call := box.take()) is not None:
            call()
    for thread in threads:
        thread.join()
    box.close()
