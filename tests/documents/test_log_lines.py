"""The lines of the journal that the documents name are lines that the program says."""

import re
from collections.abc import Iterator
from functools import cache
from types import CodeType

import pytest

from tests.documents.page import ROOT, Page

VARIES = re.compile(r"…|\d+\w*|\btcp\b|\breconnexion\b")
"""What the program fills in: the documents show an example, or dots."""
SIGN = re.compile(r"[^\w\s(].*?(?=\s|$)")
"""The sign that a line begins with."""


def texts_in(code: CodeType) -> Iterator[str]:
    """Return the texts that a module's code holds; of an f-string its parts."""
    todo: list[object] = [code]
    while todo:
        constant = todo.pop()
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            todo += constant.co_consts
        elif isinstance(constant, tuple | frozenset):
            todo += constant


@cache
def modules() -> dict[str, str]:
    """Return all texts of each module, without docstrings, in small letters."""
    paths = [*ROOT.glob("*.py"), *(ROOT / "meshbot").rglob("*.py")]
    return {
        str(path): "\0".join(
            texts_in(compile(path.read_bytes(), path, "exec", optimize=2, dont_inherit=True))
        ).casefold()
        for path in paths
    }


def is_said(line: str) -> bool:
    """Say whether one module holds each fixed part of a line, and any the sign in front of it."""
    line = line.casefold().strip()
    sign = SIGN.match(line)
    if sign is not None and not any(sign.group() in texts for texts in modules().values()):
        return False
    rest = line[sign.end() :] if sign is not None else line
    fixed = [part.strip(" :;,.()") for part in VARIES.split(rest)]
    fixed = [part for part in fixed if re.search(r"[^\W\d_]", part)]
    return any(all(part in texts for part in fixed) for texts in modules().values())


def lines_of_the_journal() -> list[str]:
    """Return the lines that ``docs/log-lines.md`` explains."""
    lines: list[str] = []
    for item in Page("docs/log-lines.md").items:
        told, _, meaning = item.partition("\n")
        assert meaning, f"not explained: {item}"
        lines += re.findall(r"`([^`]+)`", told)
    return lines


def symptoms() -> list[str]:
    """Return the lines by which ``docs/troubleshooting.md`` is entered."""
    heads = re.findall(r"^\*\*(?:`[^`]+`[^`–]*)+–", Page("docs/troubleshooting.md").prose, re.M)
    return [line.replace("\n", " ") for head in heads for line in re.findall(r"`([^`]+)`", head)]


def test_there_are_lines_to_look_at() -> None:
    assert len(lines_of_the_journal()) > 60
    assert len(symptoms()) > 10


@pytest.mark.parametrize("line", lines_of_the_journal() + symptoms())
def test_each_line_is_said_by_the_program(line: str) -> None:
    assert is_said(line)


@pytest.mark.parametrize(
    "line",
    [
        "✅ Reconnexion TCP achevée (background)",
        "🎉 Reconnexion TCP réussie (background)",
        "🔑 Clé publique de … apprise, mais pas enregistrée",
    ],
)
def test_a_line_that_nothing_says_is_noticed(line: str) -> None:
    assert not is_said(line)
