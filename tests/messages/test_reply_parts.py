"""How much of an answer is sent."""

from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages.reply_parts import MORE_LATER, ReplyLimit, shortened
from meshbot.text.text_split import split_text

LINES = "\n".join(f"ligne {number} : " + "é" * 30 for number in range(12))


def test_what_is_short_enough_stays_as_it_is() -> None:
    assert shortened(["pong"], ReplyLimit(1, 60)) == ["pong"]
    parts = split_text(LINES, 200, 5)
    assert shortened(parts, ReplyLimit(5, 200)) == parts
    assert shortened(parts, ReplyLimit(len(parts), 200)) == parts


def test_a_long_answer_becomes_one_message_that_says_that_there_is_more() -> None:
    parts = split_text(LINES, 200, 5)
    (only,) = shortened(parts, ReplyLimit(1, 150))
    assert only.startswith("ligne 0 : ")
    assert only.endswith("…\n" + MORE_LATER)
    assert len(only.encode()) <= 150


def test_of_several_messages_only_the_last_is_cut() -> None:
    parts = split_text(LINES, 200, 5)
    first, second = shortened(parts, ReplyLimit(2, 200))
    assert first == parts[0]
    assert second.endswith("…\n" + MORE_LATER)
    assert len(second.encode()) <= 200


@given(st.text(min_size=1, max_size=1_500), st.integers(1, 6), st.integers(60, 200))
def test_never_more_texts_nor_longer_ones_than_allowed(text: str, texts: int, size: int) -> None:
    parts = split_text(text, 200, 5)
    short = shortened(parts, ReplyLimit(texts, size))
    assert len(short) <= texts
    assert all(len(part.encode()) <= 200 for part in short)
    if len(short) == texts:
        assert len(short[-1].encode()) <= size
    assert short == parts or short[-1].endswith(MORE_LATER)
