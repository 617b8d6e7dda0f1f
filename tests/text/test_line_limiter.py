"""A recurring event gets one line an interval."""

from meshbot.text import line_limiter
from meshbot.text.line_limiter import LineLimiter


def test_the_first_line_is_allowed_and_its_repetition_is_not() -> None:
    limiter = LineLimiter(60.0)
    assert limiter.allows("a", 0.0)
    assert not limiter.allows("a", 59.9)


def test_a_line_is_due_again_after_the_interval() -> None:
    limiter = LineLimiter(60.0)
    limiter.allows("a", 0.0)
    assert limiter.allows("a", 60.0)
    assert not limiter.allows("a", 60.0)


def test_refused_lines_do_not_put_the_next_one_off() -> None:
    limiter = LineLimiter(60.0)
    assert [limiter.allows("a", float(now_s)) for now_s in range(0, 130, 10)].count(True) == 3


def test_keys_are_limited_apart() -> None:
    limiter = LineLimiter(60.0)
    limiter.allows((1, "why"), 0.0)
    assert limiter.allows((2, "why"), 0.0)
    assert limiter.allows((1, "else"), 0.0)
    assert not limiter.allows((1, "why"), 0.0)


def test_the_key_said_longest_ago_is_forgotten_first() -> None:
    limiter = LineLimiter(60.0)
    limiter.allows("again", 0.0)
    limiter.allows("oldest", 0.0)
    limiter.allows("again", 60.0)
    for key in range(line_limiter.MAX_KEYS - 1):
        assert limiter.allows(key, 61.0)
    assert not limiter.allows("again", 62.0)
    assert limiter.allows("oldest", 59.0), "forgotten, though its interval is not over"


def test_strangers_have_a_part_of_the_lines_and_the_rest_is_kept_for_others() -> None:
    limiter = LineLimiter(60.0, 5, 3)
    said = [limiter.allows(("stranger", number), 0.0, stranger=True) for number in range(100)]
    assert said.count(True) == 3
    assert limiter.allows("a regular", 0.0)
    assert limiter.allows("another", 0.0)
    assert not limiter.allows("a third", 0.0), "all of it is limited as before"
    assert limiter.allows(("stranger", 200), 60.0, stranger=True)


def test_where_regulars_took_all_there_is_nothing_for_strangers() -> None:
    limiter = LineLimiter(60.0, 2, 2)
    assert limiter.allows(1, 0.0)
    assert limiter.allows(2, 0.0)
    assert not limiter.allows(3, 0.0, stranger=True)
