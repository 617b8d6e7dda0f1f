"""What was edited in the files of an installed bot, carried over into its settings file."""

import sys
from pathlib import Path

import pytest

from tests.support.program import ROOT

sys.path.insert(0, str(ROOT / "deploy"))

import carry_over


class Files:
    def __init__(self, folder: Path) -> None:
        self.delivered, self.installed = folder / "delivered", folder / "installed"
        self.settings = folder / "meshbot.env"
        self.settings.write_text("# settings\n", encoding="utf-8")
        for place in (self.delivered, self.installed):
            place.mkdir()
            self.write(place, "config.py", 'HOST = "a"\nPORT = 1\nNODES: tuple[str, ...] = ()\n')
            self.write(place, "main_bot.py", "X_S = 1\nclass MeshBot:\n    DELAY: float = 30\n")

    @staticmethod
    def write(place: Path, name: str, text: str) -> None:
        (place / name).write_text(text, encoding="utf-8")

    def carry_over(self) -> tuple[int, str]:
        arguments = [str(self.delivered), str(self.installed), str(self.settings)]
        return carry_over.main(arguments), self.settings.read_text(encoding="utf-8")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_nothing_edited_changes_nothing(files: Files) -> None:
    assert files.carry_over() == (0, "# settings\n")


def test_what_was_edited_is_added_below_and_said(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write(files.installed, "config.py", 'HOST = "b"\nPORT = 1\nNODES = ("!a", "!b")\n')
    files.write(files.installed, "main_bot.py", "class MeshBot:\n    DELAY = 0.5\n")
    lines = ["MESHBOT_HOST=b", "MESHBOT_NODES=!a,!b", "MESHBOT_DELAY=0.5"]
    code, text = files.carry_over()
    assert code == 0
    assert text.startswith("# settings\n\n# Repris ")
    assert text.splitlines()[3:] == lines
    said = capsys.readouterr().out
    assert all(f"repris dans {files.settings} : {line}" in said for line in lines)
    assert files.carry_over() == (0, text)


@pytest.mark.parametrize(
    ("line", "carried"),
    [
        ("MESHBOT_PORT=5", False),
        (" MESHBOT_PORT = 5", False),
        ("MESHBOT_PORT=", False),
        ("#MESHBOT_PORT=5", True),
        ("MESHBOT_PORTS=5", True),
    ],
)
def test_a_name_that_the_settings_have_is_left_as_it_is(
    line: str, carried: bool, files: Files
) -> None:
    files.settings.write_text(line, encoding="utf-8")
    files.write(files.installed, "config.py", "PORT = 2\n")
    _, text = files.carry_over()
    assert ("MESHBOT_PORT=2" in text.splitlines()) is carried
    assert text.splitlines()[0] == line


def test_addresses_with_passwords_are_carried_over_and_not_shown(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, urls in (
        (files.delivered, "()"),
        (files.installed, '("ntfy://s3cret", "json://s3cret")'),
    ):
        files.write(place, "config.py", f"ALERT_URLS = {urls}\n")
    code, text = files.carry_over()
    assert code == 0
    assert "MESHBOT_ALERT_URLS=ntfy://s3cret,json://s3cret\n" in text
    said = capsys.readouterr().out
    assert "MESHBOT_ALERT_URLS=…" in said
    assert "s3cret" not in said


def test_names_of_ones_own_and_of_the_program_itself_are_not_settings(files: Files) -> None:
    files.write(files.installed, "config.py", 'HOST = "a"\nMINE = 5\nlower = 1\n')
    files.write(files.installed, "main_bot.py", "X_S = 2\nclass MeshBot:\n    DELAY = 30\n")
    assert files.carry_over() == (0, "# settings\n")


def test_a_value_that_has_to_be_worked_out_is_left_to_the_operator_and_said(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write(files.installed, "main_bot.py", "class MeshBot:\n    DELAY = 2 * 60\n")
    assert files.carry_over() == (0, "# settings\n")
    assert (
        f"À reprendre à la main dans {files.settings} : DELAY = 2 * 60" in capsys.readouterr().out
    )


@pytest.mark.parametrize("content", [b"PORT = (", b"\xff\xfe", b"PORT = 1\x00"])
def test_a_file_that_cannot_be_read_is_said_and_nothing_is_changed(
    content: bytes, files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write(files.installed, "config.py", "PORT = 2\n")
    (files.installed / "main_bot.py").write_bytes(content)
    assert files.carry_over() == (1, "# settings\n")
    assert "main_bot.py illisible" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "True"),
        (False, "False"),
        (30, "30"),
        (0.5, "0.5"),
        ("nœud.local", "nœud.local"),
        ((0, 2), "0,2"),
        ([], ""),
    ],
)
def test_values_are_written_as_the_bot_reads_them(value: object, text: str) -> None:
    assert carry_over.as_text(value) == text


def test_every_setting_of_the_project_can_be_carried_over() -> None:
    found = carry_over.constants_in(ROOT / "config.py")
    found |= carry_over.constants_in(ROOT / "main_bot.py")
    assert {"TCP_HOST", "SERIAL_PORT", "ADMIN_NODES", "TCP_PUBKEY_SYNC_DELAY"} <= found.keys()
    assert "VERSION" not in found
    assert not [name for name, value in found.items() if isinstance(value, carry_over.Expression)]
