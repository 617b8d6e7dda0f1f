"""A reply cut into messages that fit the air."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.text.text_split import split_text

texts = st.text(alphabet=st.sampled_from("ab \n\té€😀…"), max_size=80) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"]), max_size=80
)
# A character has up to 4 bytes, so no limit below that can be kept.
sizes = st.integers(4, 60)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(texts, sizes, st.integers(1, 6))
def test_every_part_fits_and_is_not_empty_and_there_are_not_too_many(
    text: str, max_bytes: int, max_parts: int
) -> None:
    parts = split_text(text, max_bytes, max_parts)
    assert len(parts) <= max_parts
    assert all(parts)
    assert all(len(part.encode("utf-8")) <= max_bytes for part in parts)


@given(texts, sizes)
def test_nothing_but_white_space_is_lost_when_the_parts_suffice(text: str, max_bytes: int) -> None:
    assert squeezed("".join(split_text(text, max_bytes, 1_000))) == squeezed(text)


@given(texts, sizes, st.integers(1, 4))
def test_a_text_too_long_is_cut_from_its_end_and_says_so(
    text: str, max_bytes: int, max_parts: int
) -> None:
    parts = split_text(text, max_bytes, max_parts)
    joined = squeezed("".join(parts))
    if joined != squeezed(text):
        assert len(parts) == max_parts
        assert joined.endswith("…")
        assert squeezed(text).startswith(joined.removesuffix("…"))


def test_a_text_that_fits_is_one_part_without_the_blanks_around_it() -> None:
    assert split_text("  été à midi\n", 200, 5) == ["été à midi"]


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_nothing_gives_no_part(text: str) -> None:
    assert split_text(text, 200, 5) == []


def test_a_text_of_exactly_the_limit_is_not_cut() -> None:
    assert split_text("é" * 100, 200, 1) == ["é" * 100]


def test_it_is_cut_at_a_line_end_rather_than_between_words() -> None:
    assert split_text("line one\ntwo three", 14, 5) == ["line one", "two three"]


def test_a_near_line_end_wins_even_where_the_limit_falls_between_two_words() -> None:
    assert split_text("line one\ntwo three", 12, 5) == ["line one", "two three"]


def test_it_is_cut_between_words_where_no_line_ends() -> None:
    assert split_text("alpha beta gamma", 12, 5) == ["alpha beta", "gamma"]


def test_a_word_that_just_fits_stays_whole() -> None:
    assert split_text("alpha beta gamma", 10, 5) == ["alpha beta", "gamma"]


def test_a_line_end_far_from_the_limit_does_not_waste_a_message() -> None:
    assert split_text("a\n" + "b" * 30, 20, 5) == ["a\n" + "b" * 18, "b" * 12]


def test_a_long_word_is_cut_between_characters() -> None:
    assert split_text("é" * 5, 5, 5) == ["éé", "éé", "é"]


def test_emoji_are_not_cut_by_the_smallest_limit() -> None:
    assert split_text("😀😀😀", 4, 5) == ["😀", "😀", "😀"]


def test_what_does_not_fit_is_replaced_by_an_ellipsis() -> None:
    assert split_text("abcdef ghijkl mnopqr", 9, 2) == ["abcdef", "ghijkl…"]


def test_an_emoji_without_room_for_it_gives_way_to_the_ellipsis() -> None:
    assert split_text("😀😀😀", 4, 2) == ["😀", "…"]
