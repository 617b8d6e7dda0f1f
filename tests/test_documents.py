"""The documents tell what the program does: constants, settings, commands, files, no gaps."""

import re
from pathlib import Path

import pytest

import config
from main_bot import MeshBot
from meshbot.messages.commands import Commands
from meshbot.service.operator_constants import constants_of

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*.md")]


def documented(name: str) -> str | None:
    """Return the default that the README's table gives for a name."""
    row = re.search(rf"^\| `{name}` \| (.+?) \|", README, re.MULTILINE)
    return row.group(1).strip("`") if row else None


@pytest.mark.parametrize(("name", "value"), constants_of(MeshBot).items())
def test_each_constant_is_documented_with_its_default(name: str, value: object) -> None:
    assert documented(name) == str(value)


@pytest.mark.parametrize("name", [name for name in dir(config) if name.isupper()])
def test_each_setting_is_documented_with_its_default(name: str) -> None:
    value = getattr(config, name)
    assert documented(name) == (f'"{value}"' if isinstance(value, str) else str(value))


@pytest.mark.parametrize("name", Commands(None).names)  # type: ignore[arg-type]
def test_each_command_is_documented(name: str) -> None:
    assert re.search(rf"^\| `/{name}` \| \S+", README, re.MULTILINE)


def test_each_module_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [p.name for p in ROOT.glob("*.py") if f"`{p.name}`" not in text] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere_and_no_gap_is_left(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"@@|TODO|FIXME|XXX", text)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target
