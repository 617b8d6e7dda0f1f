"""Full or light: what works is found out, and neither is tried against the other for ever."""

import itertools

import pytest

from meshbot.link.download_choice import AT_ONCE_S, LIGHT_CLOSES, DownloadChoice
from meshbot.link.link_policy import Ending

BAD_ANSWERS = (Ending.WENT_SILENT, Ending.MISANSWERED)
CLOSES = (Ending.CLOSED_BY_NODE, Ending.BROKEN)


def after_the_first() -> DownloadChoice:
    choice = DownloadChoice(light_reconnect=True)
    assert not choice.is_light
    assert not choice.succeeded(light=False, answered_after_s=0.1)
    return choice


def fail(choice: DownloadChoice, ending: Ending = Ending.WENT_SILENT, nodes: int = 0) -> bool:
    return choice.failed(ending, light=choice.is_light, nodes=nodes)


def test_the_first_is_full_and_those_after_it_light() -> None:
    choice = after_the_first()
    for _ in range(5):
        assert choice.is_light
        assert not choice.succeeded(light=True, answered_after_s=0.1)


def test_a_first_one_that_fails_without_nodes_is_full_again() -> None:
    choice = DownloadChoice(light_reconnect=True)
    for ending in (*BAD_ANSWERS, *CLOSES, Ending.NOT_OPENED):
        assert not fail(choice, ending)
        assert not choice.is_light


def test_without_light_reconnect_all_are_full_whatever_happens() -> None:
    choice = DownloadChoice(light_reconnect=False)
    assert not fail(choice, nodes=80)
    choice.succeeded(light=False, answered_after_s=0.1)
    assert not choice.is_light
    assert not choice.insists, "a trial may choose otherwise"
    assert not fail(choice, nodes=80)
    assert not choice.is_light


def test_a_full_one_that_is_cut_while_the_nodes_come_is_followed_by_a_light_one() -> None:
    choice = DownloadChoice(light_reconnect=True)
    assert fail(choice, Ending.BROKEN, nodes=80)
    assert choice.is_light


@pytest.mark.parametrize("endings", list(itertools.product(BAD_ANSWERS, repeat=2)))
def test_after_two_light_ones_that_do_not_work_full_ones_are_the_rule(
    endings: tuple[Ending, Ending],
) -> None:
    choice = after_the_first()
    for ending in endings:
        assert choice.is_light
        fail(choice, ending)
    assert not choice.is_light
    assert choice.succeeded(light=False, answered_after_s=0.1), "that is news"
    for _ in range(5):
        assert not choice.is_light
        assert choice.insists
        assert not choice.succeeded(light=False, answered_after_s=0.1)


def test_a_node_that_was_stopped_until_now_says_nothing_against_light_ones() -> None:
    choice = after_the_first()
    fail(choice)
    fail(choice)
    assert not choice.is_light
    assert not choice.succeeded(light=False, answered_after_s=AT_ONCE_S + 1.0)
    assert choice.is_light


def test_a_node_that_was_away_meanwhile_could_not_have_answered_light_ones() -> None:
    choice = after_the_first()
    for _ in range(3):
        fail(choice)
        fail(choice)
        assert not choice.is_light
        choice.node_was_away()
        assert choice.is_light
    assert not choice.succeeded(light=True, answered_after_s=0.1)


def test_two_in_a_row_are_meant() -> None:
    choice = after_the_first()
    for _ in range(5):
        fail(choice)
        assert choice.is_light
        choice.succeeded(light=True, answered_after_s=0.1)


def test_attempts_that_open_nothing_say_nothing_of_light_ones() -> None:
    choice = after_the_first()
    for ending in (Ending.NOT_OPENED, Ending.CLOSED_BY_US) * 10:
        fail(choice, ending)
        assert choice.is_light


def test_a_node_that_closes_light_handshakes_gets_a_full_one_once_and_no_verdict() -> None:
    choice = after_the_first()
    for n in range(LIGHT_CLOSES):
        assert choice.is_light
        fail(choice, CLOSES[n % 2])
    assert not choice.is_light
    assert not choice.succeeded(light=False, answered_after_s=0.1)
    assert choice.is_light


def test_if_the_full_one_fails_too_light_ones_are_not_to_blame() -> None:
    choice = after_the_first()
    tried = []
    for _ in range(9):
        tried.append(choice.is_light)
        fail(choice)
    assert tried == [True, True, False] * 3


def test_where_neither_works_neither_is_taken_each_time_against_the_other() -> None:
    """Light ones are not answered, full ones are too much for the node."""
    choice = DownloadChoice(light_reconnect=True)
    tried = []
    for _ in range(7):
        light = choice.is_light
        tried.append(light)
        fail(choice, Ending.WENT_SILENT if light else Ending.BROKEN, 0 if light else 80)
    assert tried == [False, True, True, False, True, True, False]


def test_full_ones_that_became_too_much_are_given_up_again() -> None:
    choice = after_the_first()
    fail(choice)
    fail(choice)
    choice.succeeded(light=False, answered_after_s=0.1)
    assert fail(choice, Ending.BROKEN, nodes=80)
    assert choice.is_light
