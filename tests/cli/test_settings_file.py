"""A file of settings is changed where it is to be, and nowhere else."""

import os
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from meshbot.cli.settings_file import SettingsFile
from meshbot.service.config_error import ConfigError

KEPT = """# Mon nœud
export MESHBOT_TCP_HOST="10.0.0.1"  # le toit
MESHBOT_ADMIN_NODES='!a1b2c3d4:DMqo'
OTHER="two
MESHBOT_TCP_PORT=1
lines"

not a line at all
MESHBOT_TCP_PORT = 4500
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.env"


def written(path: Path, **settings: str) -> str:
    file = SettingsFile(path)
    file.load()
    file.write(settings)
    return path.read_text(encoding="utf-8")


def test_a_new_file_is_its_owners_alone_whatever_the_umask(path: Path) -> None:
    os.umask(0)
    assert written(path, TCP_HOST="a", TCP_PORT="1") == "MESHBOT_TCP_HOST=a\nMESHBOT_TCP_PORT=1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


def test_an_open_file_is_closed_to_others(path: Path) -> None:
    path.write_text("A=1\n")
    path.chmod(0o666)
    assert written(path, TCP_HOST="a") == "A=1\nMESHBOT_TCP_HOST=a\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_other_line_is_kept_to_the_letter(path: Path) -> None:
    path.write_text(KEPT, encoding="utf-8")
    text = written(path, TCP_HOST="10.0.0.2", TCP_PORT="4500", LANGUAGE="en")
    expected = KEPT.replace(
        'export MESHBOT_TCP_HOST="10.0.0.1"  # le toit', "export MESHBOT_TCP_HOST=10.0.0.2"
    )
    assert text == expected + "MESHBOT_LANGUAGE=en\n"
    assert dotenv_values(path)["OTHER"] == "two\nMESHBOT_TCP_PORT=1\nlines"


def test_what_changes_is_shown_before(path: Path) -> None:
    path.write_text(KEPT, encoding="utf-8")
    file = SettingsFile(path)
    file.load()
    assert file.changes({"TCP_HOST": "b", "TCP_PORT": "4500", "LANGUAGE": "en"}) == [
        '- export MESHBOT_TCP_HOST="10.0.0.1"  # le toit',
        "+ MESHBOT_TCP_HOST=b",
        "+ MESHBOT_LANGUAGE=en",
    ]
    assert path.read_text(encoding="utf-8") == KEPT


def test_a_setting_that_stands_twice_stands_once_afterwards(path: Path) -> None:
    path.write_text("MESHBOT_A=1\nB=2\nMESHBOT_A=3\nC=4\n")
    file = SettingsFile(path)
    file.load()
    assert file.value("A") == "3", "as the bot reads it"
    assert file.changes({"A": "5"}) == ["- MESHBOT_A=1", "- MESHBOT_A=3", "+ MESHBOT_A=5"]
    assert written(path, A="5") == "B=2\nMESHBOT_A=5\nC=4\n"


def test_a_last_line_without_an_end_does_not_swallow_the_next(path: Path) -> None:
    path.write_text("A=1")
    assert written(path, TCP_HOST="a") == "A=1\nMESHBOT_TCP_HOST=a\n"


def test_a_name_without_the_prefix_is_somebody_elses(path: Path) -> None:
    path.write_text("TCP_HOST=theirs\n")
    assert written(path, TCP_HOST="a") == "TCP_HOST=theirs\nMESHBOT_TCP_HOST=a\n"


def test_control_characters_of_the_file_reach_no_terminal(path: Path) -> None:
    path.write_text("MESHBOT_A='\x1b[2J\x07" + "x" * 500 + "'\n")
    file = SettingsFile(path)
    file.load()
    (old, new) = file.changes({"A": "b"})
    assert old.isprintable() and len(old) < 250
    assert new == "+ MESHBOT_A=b"


def test_the_file_behind_a_link_is_changed_and_the_link_stays(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.env"
    target.write_text("A=1\n")
    path.symlink_to(target)
    written(path, TCP_HOST="a")
    assert path.is_symlink()
    assert target.read_text() == "A=1\nMESHBOT_TCP_HOST=a\n"


def test_folders_that_are_missing_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "meshbot.env"
    written(path, TCP_HOST="a")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_cannot_be_written_leaves_all_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("A=1\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        written(path, TCP_HOST="a")
    assert path.read_text() == "A=1\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["folder", "fifo", "latin-1"])
def test_what_is_no_text_file_is_refused_and_not_waited_for(kind: str, path: Path) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"A=\xe9\n")
    with pytest.raises(ConfigError, match=r"bot\.env"):
        SettingsFile(path).load()


@given(st.text(st.characters(exclude_categories=["C"]), max_size=40))
def test_any_value_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    path = tmp_path_factory.mktemp("values") / "bot.env"
    written(path, SERIAL_PORT=value)
    assert dotenv_values(path, interpolate=False) == {"MESHBOT_SERIAL_PORT": value}


def test_what_somebody_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("MESHBOT_LANGUAGE=fr\n")
    file = SettingsFile(path)
    file.load()
    path.write_text("MESHBOT_LANGUAGE=fr\nMESHBOT_REQUIRE_PKI=True\n")
    file.write({"LANGUAGE": "en"})
    assert path.read_text() == "MESHBOT_LANGUAGE=en\nMESHBOT_REQUIRE_PKI=True\n"


def test_what_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("NOTE=it's\nOTHER='open\n")
    file = SettingsFile(path)
    file.load()
    file.write({"SERIAL_PORT": "/dev/ttyUSB0"})  # without quotation marks nothing ends the open one
    before = path.read_text()
    with pytest.raises(ConfigError, match="un guillemet ou une apostrophe y reste ouvert"):
        file.write({"SERIAL_PORT": "/dev/a node"})
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
