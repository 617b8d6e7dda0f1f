"""``docs/settings.md`` names every setting and constant with its default, and no other."""

import re

import config
from main_bot import MeshBot
from meshbot.service.operator_constants import constants_of
from tests.documents.page import Page

PAGE = Page("docs/settings.md")


def documented(heading: str) -> dict[str, str]:
    """Return the defaults by name, of the items ``NAME`` = ``default``: under a heading."""
    found = re.findall(r"^- `([A-Z_]+)` = `([^`]+)`: \S", PAGE.section(heading), re.MULTILINE)
    assert len(dict(found)) == len(found), "one is said twice"
    return dict(found)


def shown(value: object) -> str:
    """Return a default as it is written in the file that it stands in."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_each_constant_is_documented_with_its_default() -> None:
    expected = {name: shown(value) for name, value in constants_of(MeshBot).items()}
    assert documented("Constants of MeshBot") == expected


def test_each_setting_is_documented_with_its_default() -> None:
    expected = {name: shown(getattr(config, name)) for name in dir(config) if name.isupper()}
    assert documented("config.py") == expected
