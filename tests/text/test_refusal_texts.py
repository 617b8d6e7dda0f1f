"""What clients are refused, in words."""

import pytest

from meshbot.text.refusal_texts import refusals_text


def test_the_most_frequent_kinds_are_named_and_the_rest_counted() -> None:
    kinds = {"empty": 1, "settings": 7, "no room": 2, "files": 2, "sender": 1}
    assert refusals_text(kinds, 3) == (
        "7 × changer les réglages du nœud (SHARE_ALLOW_ADMIN), 2 × toucher aux fichiers du nœud, "
        "2 × place prise (SHARE_MAX_CLIENTS), 2 × autre chose"
    )
    assert refusals_text({}, 3) == ""


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("of a newer bot", "of a newer bot"), ("<b>\n‹x›", "b x"), ("", "?"), ("é" * 99, "é" * 40)],
)
def test_a_kind_that_nobody_knows_is_shown_as_it_may_be(kind: str, shown: str) -> None:
    assert refusals_text({kind: 4}, 3) == f"4 × {shown}"
