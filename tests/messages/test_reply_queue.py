"""Whose turn it is among those who wait for an answer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages.asker import Asker
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.question import Question
from meshbot.messages.reply_queue import MAX_WAITING, MAX_WAITING_PER_ASKER, ReplyQueue
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.waiting_reply import WaitingReply

REGULAR, KNOWN = SenderRank.REGULAR, SenderRank.KNOWN
NEWCOMER, STRANGER = SenderRank.NEWCOMER, SenderRank.STRANGER
PROVEN = (SenderRank.ESTABLISHED, REGULAR, NEWCOMER)


def reply(
    num: int,
    rank: SenderRank = STRANGER,
    *,
    texts: int = 1,
    at_s: float = 0.0,
    command: str = "",
    name: str = "",
) -> WaitingReply:
    asker = Asker(num, rank in PROVEN, rank)
    blank = OutgoingText("", num, queued_s=at_s, asker=asker)
    waiting = WaitingReply(blank, Question(asker, command, name))
    waiting.fill([f"{num}.{index}" for index in range(texts)])
    return waiting


def filled(*replies: WaitingReply) -> ReplyQueue:
    queue = ReplyQueue()
    for one in replies:
        assert queue.put(one) is None
    return queue


def send_next(queue: ReplyQueue, now_s: float = 0.0, air_s: float = 1.0) -> str:
    """Send the text whose turn it is; return it."""
    first = queue.ranked(now_s)[0]
    text = first.texts[0].text
    queue.text_went(first, air_s, now_s)
    first.text_is_over()
    if not first.texts:
        queue.remove(first)
    return text


def sent(queue: ReplyQueue, most: int = 1_000) -> list[str]:
    """Send all that waits, or so many texts of it."""
    texts: list[str] = []
    while len(queue) and len(texts) < most:
        texts.append(send_next(queue))
    return texts


def test_texts_of_long_answers_go_in_turn_each_senders_in_order() -> None:
    queue = filled(reply(1, REGULAR, texts=4), reply(2, REGULAR, texts=2, at_s=0.1))
    assert sent(queue) == ["1.0", "2.0", "1.1", "2.1", "1.2", "1.3"]


def test_one_who_asks_three_things_holds_nobody_up() -> None:
    queue = filled(*[reply(1, REGULAR, texts=4) for _ in range(3)], reply(2, REGULAR, at_s=1.0))
    assert "2.0" in sent(queue, 2)


def test_who_had_less_of_the_air_lately_comes_first() -> None:
    queue = filled(reply(1, REGULAR))
    send_next(queue, air_s=10.0)
    queue.put(reply(1, REGULAR, at_s=5.0))
    queue.put(reply(2, REGULAR, at_s=6.0))
    assert send_next(queue, 6.0) == "2.0"


def test_waiting_makes_up_for_air_that_was_used() -> None:
    queue = filled(reply(1, REGULAR))
    send_next(queue, air_s=5.0)
    queue.put(reply(1, REGULAR, at_s=0.0))
    queue.put(reply(2, REGULAR, at_s=100.0))
    assert queue.ranked(100.0)[0].asker.num == 2
    queue.put(reply(3, REGULAR, at_s=350.0))
    assert queue.ranked(350.0)[1].asker.num == 1


def test_many_things_asked_long_ago_do_not_wait_before_a_newcomers_first() -> None:
    """Twenty senders who asked five things each have had an answer each when he comes."""
    queue = filled(*[reply(num, NEWCOMER) for num in range(10, 30) for _ in range(5)])
    for turn in range(20):
        send_next(queue, 5.0 * turn)
    queue.put(reply(1, NEWCOMER, at_s=100.0))
    texts = [send_next(queue, 100.0 + 5.0 * turn) for turn in range(20)]
    assert texts.index("1.0") < 10


def test_a_proven_sender_is_not_held_up_by_what_was_sent_to_his_number() -> None:
    forged, true = reply(1, KNOWN), reply(1, REGULAR)
    queue = filled(*[reply(1, KNOWN) for _ in range(MAX_WAITING_PER_ASKER)])
    assert queue.put(forged) is forged
    assert queue.put(true) is None
    assert queue.ranked(0.0)[0] is true


@pytest.mark.parametrize("order", list(itertools.permutations(SenderRank)))
def test_ranks_come_in_order_however_they_were_queued(order: tuple[SenderRank, ...]) -> None:
    queue = filled(*[reply(rank + 1, rank) for rank in order])
    assert [one.asker.rank for one in queue.ranked(0.0)] == sorted(SenderRank)


def test_lower_ranks_get_one_turn_in_four_each_in_its_turn() -> None:
    queue = ReplyQueue()
    turns = []
    for _ in range(32):
        for rank in SenderRank:
            queue.put(reply(rank + 1, rank))
        turns.append(int(send_next(queue)[0]) - 1)
    assert [turns.count(rank) for rank in SenderRank] == [24, 2, 2, 2, 2]
    assert all(turns[at] == SenderRank.ESTABLISHED for at in range(32) if at % 4 != 3)


def test_a_regular_who_comes_into_a_flood_of_strangers_is_next() -> None:
    queue = filled(*[reply(num, texts=4) for num in range(10, 31)])
    sent(queue, 7)
    queue.put(reply(1, REGULAR, at_s=99.0))
    assert send_next(queue, 99.0) == "1.0"


def test_a_short_answer_of_a_stranger_comes_before_long_ones_that_waited_longer() -> None:
    queue = filled(*[reply(num, texts=4) for num in range(10, 31)])
    queue.put(reply(99, at_s=60.0))
    assert send_next(queue, 60.0) == "99.0"


def test_how_long_an_answer_will_be_is_known_from_others_of_its_name() -> None:
    queue = filled(reply(1, texts=0, name="nodes"), reply(2, texts=0, at_s=1.0, name="ping"))
    assert [one.asker.num for one in queue.ranked(1.0)] == [1, 2]
    queue.note_length("nodes", 4, 190)
    assert [one.asker.num for one in queue.ranked(1.0)] == [2, 1]
    first = queue.ranked(1.0)[1]
    assert queue.next_bytes(first) == 190
    first.fill(["é" * 10])
    assert queue.next_bytes(first) == 20


def test_the_same_command_waits_once_and_only_the_same() -> None:
    queue = filled(reply(1, REGULAR, command="ping "), reply(2))
    key = (1, True)
    assert queue.holds(key, "ping ")
    assert not queue.holds(key, "ping x")
    assert not queue.holds((1, False), "ping ")
    assert not queue.holds((2, False), "")
    queue.ranked(0.0)[0].leaving = True
    assert not queue.holds(key, "ping "), "it may have been read by now"
    queue.ranked(0.0)[0].leaving = False
    sent(queue)
    assert not queue.holds(key, "ping ")


def test_a_full_queue_drops_a_strangers_for_a_regular() -> None:
    queue = filled(*[reply(num, at_s=num) for num in range(MAX_WAITING - 2)])
    greedy = [reply(7_777, at_s=1.0), reply(7_777, at_s=2.0)]
    for one in greedy:
        queue.put(one)
    newcomer = reply(500, REGULAR, at_s=200.0)
    assert queue.put(newcomer) is greedy[1], "the last of the one with the most"
    assert newcomer in queue.ranked(0.0)
    assert len(queue) == MAX_WAITING


def test_a_full_queue_of_long_answers_has_room_for_a_short_one() -> None:
    queue = filled(*[reply(num, texts=4, at_s=num) for num in range(MAX_WAITING)])
    short, long = reply(500, at_s=200.0), reply(501, texts=4, at_s=200.0)
    dropped = queue.put(short)
    assert dropped is not None
    assert dropped.asker.num == MAX_WAITING - 1
    assert queue.put(long) is long


def test_a_full_queue_of_regulars_has_no_room_for_a_stranger() -> None:
    queue = filled(*[reply(num, REGULAR) for num in range(MAX_WAITING)])
    newcomer = reply(999)
    assert queue.put(newcomer) is newcomer
    assert len(queue) == MAX_WAITING


def test_what_was_begun_is_dropped_last() -> None:
    begun = reply(1, texts=3, at_s=500.0)
    queue = filled(begun, *[reply(num, at_s=num) for num in range(2, MAX_WAITING + 1)])
    begun.text_is_over()
    assert queue.put(reply(600, KNOWN)) is not begun


def test_what_has_to_go_again_goes_before_what_else_its_sender_has() -> None:
    queue = filled(reply(1, REGULAR, texts=2))
    queue.put_back(reply(1, REGULAR, texts=1, at_s=3.0))
    assert sent(queue) == ["1.0", "1.0", "1.1"]


def test_what_is_too_old_is_taken_out() -> None:
    old, young = reply(1, at_s=1.0), reply(1, at_s=2.0)
    queue = filled(old, young)
    assert queue.pop_old(1.5) == [old]
    assert queue.ranked(2.0) == [young]
    queue.remove(old)
    assert len(queue) == 1


ANY_REPLY = st.builds(
    reply,
    st.integers(1, 130),
    st.sampled_from(SenderRank),
    texts=st.integers(1, 4),
    at_s=st.floats(0, 600),
)


@given(st.lists(ANY_REPLY, max_size=250), st.integers(0, 40))
def test_each_reply_is_sent_or_dropped_once_and_regulars_only_for_regulars(
    replies: list[WaitingReply], sent_before: int
) -> None:
    queue = ReplyQueue()
    dropped = []
    for index, one in enumerate(replies):
        if index == sent_before:
            sent(queue, 5)
        victim = queue.put(one)
        assert len(queue) <= MAX_WAITING
        if victim is None:
            continue
        dropped.append(victim)
        ranks = {head.asker.rank for head in queue.ranked(0.0)}
        lane_was_full = victim is one and len(queue) < MAX_WAITING
        assert lane_was_full or victim is one or victim.asker.rank == max(ranks | {REGULAR})
    sent(queue)
    assert len(queue) == 0
    assert len(set(map(id, dropped))) == len(dropped)
    assert all(not one.texts for one in replies if one not in dropped)
