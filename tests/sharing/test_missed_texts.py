"""What a client missed."""

from meshbot.sharing.missed_texts import KEPT_HOSTS, KEPT_S, KEPT_TEXTS, MissedTexts


def test_a_client_is_given_what_came_while_it_was_away_and_once() -> None:
    missed = MissedTexts()
    missed.heard(b"before", 1.0)
    missed.left("phone", 2.0)
    missed.heard(b"meanwhile", 3.0)
    assert missed.take("phone", 4.0) == [b"meanwhile"]
    assert missed.take("phone", 4.0) == []


def test_somebody_new_missed_nothing() -> None:
    missed = MissedTexts()
    missed.heard(b"before", 1.0)
    assert missed.take("phone", 2.0) == []


def test_what_is_older_than_a_day_is_not_told() -> None:
    missed = MissedTexts()
    missed.left("phone", 0.0)
    missed.heard(b"old", 1.0)
    missed.heard(b"new", 10.0)
    assert missed.take("phone", KEPT_S + 5.0) == [b"new"]


def test_neither_texts_nor_machines_grow_without_limit() -> None:
    missed = MissedTexts()
    for num in range(KEPT_HOSTS + 1):
        missed.left(f"host{num}", 0.0)
    for num in range(KEPT_TEXTS + 1):
        missed.heard(b"%d" % num, 1.0)
    assert missed.take("host0", 2.0) == []
    told = missed.take("host1", 2.0)
    assert (len(told), told[0]) == (KEPT_TEXTS, b"1")
