"""What the report says, each with how it is known. Pure."""

from collections.abc import Iterable

from meshbot.diagnosis.page.markup import EMPTY, Markup, tag, words
from meshbot.diagnosis.statement import Statement
from meshbot.text.language import tr


def statement_list(statements: Iterable[Statement]) -> Markup:
    """Return statements with their marks; nothing where there are none."""
    rows = [
        tag(
            "li",
            tag("span", words(_mark(one)), class_=f"mark {_mark(one)[0]}"),
            words(f" {one.text}"),
        )
        for one in statements
    ]
    return tag("ul", *rows, class_="statements") if rows else EMPTY


def _mark(statement: Statement) -> str:
    return tr("observé") if statement.observed else tr("déduit")
