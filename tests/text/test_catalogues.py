"""No text lacks its translation, and none says anything else than the French one."""

import ast
import gettext
import io
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

from meshbot.text.language import CATALOGUES, ENGLISH, compiled_catalogue
from tests.support.french import french_in

ROOT = Path(__file__).parents[2]
KEYWORDS = {"tr": None, "mark": None, "counted": (2, 3), "tr_plural": (1, 2)}
FRONT = ("main_bot.py", "node_manager.py", "tcp_interface_manager.py")
_PERCENT = re.compile(r"%(?:\.\d)?[sdgf]|%%")
SAME_IN_BOTH = {"sync", "direct"}

Text = str | tuple[str, ...]


def said_in_the_code() -> set[Text]:
    found = {row[2] for row in extract_from_dir(ROOT / "meshbot", keywords=KEYWORDS)}
    for name in FRONT:
        found |= {row[1] for row in extract_from_file("python", ROOT / name, keywords=KEYWORDS)}
    return found


def literals_in_the_code() -> set[str]:
    """Return the first text of each call that says one, f-strings' too: babel skips those."""
    places = {"tr": 0, "mark": 0, "counted": 1, "tr_plural": 0}
    found = set()
    for path in [*(ROOT / "meshbot").rglob("*.py"), *(ROOT / name for name in FRONT)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = places.get(node.func.id, len(node.args))
            for said in node.args[place : place + 1]:
                if isinstance(said, ast.Constant):
                    found.add(str(said.value))
    return found


def in_the_catalogue() -> dict[Text, Text]:
    with (CATALOGUES / f"{ENGLISH}.po").open("rb") as file:
        catalogue = read_po(file, locale=ENGLISH)
    return {
        tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id: (
            tuple(message.string)
            if isinstance(message.string, (list, tuple))
            else message.string or ""
        )
        for message in catalogue
        if message.id
    }


def forms(text: Text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def placeholders(text: str) -> tuple[list[str], list[str]]:
    """Return the names of a text's values, and its ``logging`` arguments in order."""
    if _PERCENT.search(text) and "{" not in text:
        return [], _PERCENT.findall(text)
    fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return sorted(fields), _PERCENT.findall(text)


def test_no_text_is_missing_and_none_is_left_over() -> None:
    said, translated = said_in_the_code(), in_the_catalogue()
    singulars = {forms(text)[0] for text in said}
    assert {text for text in said if forms(text)[0] not in {forms(t)[0] for t in translated}} == (
        set()
    )
    assert {text for text in translated if forms(text)[0] not in singulars} == set()
    assert [text for text, other in translated.items() if not all(forms(other))] == []


def test_no_text_is_said_where_it_is_not_found() -> None:
    assert literals_in_the_code() - {forms(text)[0] for text in in_the_catalogue()} == set()


def test_no_placeholder_differs() -> None:
    for text, other in in_the_catalogue().items():
        for french, english in zip(forms(text), forms(other), strict=True):
            assert placeholders(french) == placeholders(english), french


def test_no_french_is_left_in_english() -> None:
    for other in in_the_catalogue().values():
        for english in forms(other):
            assert french_in(english) == [], english


def test_what_differs_in_words_is_translated() -> None:
    for text, other in in_the_catalogue().items():
        if text == other:
            assert text in SAME_IN_BOTH or french_in("".join(forms(text))) == []


def test_signs_and_line_ends_around_a_text_stay() -> None:
    """Lines are told apart by their first sign, and pieces are put together as they are."""
    sign = re.compile(r"[^\w\s{(\"'«,.;:%\u2026>-]")
    for text, other in in_the_catalogue().items():
        for french, english in zip(forms(text), forms(other), strict=True):
            if sign.match(french):
                assert french.partition(" ")[0] == english.partition(" ")[0], french
            assert french.endswith("\n") == english.endswith("\n"), french


def test_a_catalogue_compiles_with_its_rule_for_plurals() -> None:
    compiled = gettext.GNUTranslations(io.BytesIO(compiled_catalogue(CATALOGUES / f"{ENGLISH}.po")))
    assert [compiled.ngettext("clé", "clés", count) for count in (0, 1, 2)] == [
        "keys",
        "key",
        "keys",
    ]


@pytest.mark.parametrize("line", ["Le nœud redémarre", "3 coupures : rien", "0,5 h", "a ; b"])
def test_french_is_known_when_seen(line: str) -> None:
    assert french_in(line)
