"""Where settings come from beside the program's own files, in a checkout and installed."""

import logging
import os
import subprocess
from pathlib import Path

import pytest

import config
from main_bot import MeshBot
from meshbot.service import outside_settings as module
from meshbot.service.config_error import ConfigError
from meshbot.service.outside_settings import is_checkout, outside_settings, settings_files
from tests.support.limits import WAIT_S

INSTALLED = Path("/opt/venv/lib/python3.11/site-packages")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The account's folder, with a file of settings; those for all are beside it."""
    monkeypatch.setattr(module, "FOR_ALL", tmp_path / "etc" / "meshbot.env")
    folder = tmp_path / "home" / ".config" / "meshbot"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    return tmp_path / "home"


def own_file(home: Path) -> Path:
    return home / ".config" / "meshbot" / "meshbot.env"


def test_installed_the_accounts_file_wins_over_that_for_all_and_the_environment_over_both(
    home: Path,
) -> None:
    module.FOR_ALL.write_text("MESHBOT_TCP_HOST=all\nMESHBOT_TCP_PORT=1\nMESHBOT_LOG_LEVEL=DEBUG\n")
    own_file(home).write_text("MESHBOT_TCP_HOST=own\nMESHBOT_TCP_PORT=2\n")
    found = outside_settings(INSTALLED, {"HOME": str(home), "MESHBOT_TCP_HOST": "environment"})
    assert found["MESHBOT_TCP_HOST"] == "environment"
    assert found["MESHBOT_TCP_PORT"] == "2"
    assert found["MESHBOT_LOG_LEVEL"] == "DEBUG"
    assert found.origins["MESHBOT_TCP_PORT"] == str(own_file(home))
    assert found.origins["MESHBOT_LOG_LEVEL"] == str(module.FOR_ALL)


def test_installed_what_is_kept_goes_to_the_account_and_a_checkouts_stays(
    home: Path, tmp_path: Path
) -> None:
    assert outside_settings(INSTALLED, {"HOME": str(home)})["MESHBOT_DATABASE_PATH"] == str(
        home / ".local/share/meshbot/meshbot.db"
    )
    elsewhere = {"HOME": str(home), "XDG_DATA_HOME": "/srv", "XDG_CONFIG_HOME": "relative"}
    assert outside_settings(INSTALLED, elsewhere)["MESHBOT_DATABASE_PATH"] == (
        "/srv/meshbot/meshbot.db"
    )
    assert settings_files(INSTALLED, elsewhere)[0] == own_file(home)
    assert outside_settings(tmp_path, {"HOME": str(home)}) == {"HOME": str(home)}
    assert settings_files(tmp_path, {}) == (tmp_path / ".env",)


def test_a_name_without_its_prefix_is_taken_but_not_out_of_the_environment(
    home: Path,
) -> None:
    own_file(home).write_text("TCP_HOST=roof\nMESHBOT_TCP_PORT=2\nTCP_PORT=3\nlower=x\n")
    found = outside_settings(INSTALLED, {"HOME": str(home), "LOG_LEVEL": "DEBUG"})
    assert (found["MESHBOT_TCP_HOST"], found["MESHBOT_TCP_PORT"]) == ("roof", "2")
    assert "MESHBOT_LOG_LEVEL" not in found
    assert "MESHBOT_lower" not in found


def test_a_file_that_cannot_be_read_is_named(home: Path, tmp_path: Path) -> None:
    own_file(home).write_bytes(b"MESHBOT_TCP_HOST=\xff\xfe\n")
    with pytest.raises(ConfigError, match=str(own_file(home))):
        outside_settings(INSTALLED, {"HOME": str(home)})


def test_a_pipe_is_not_waited_for(home: Path) -> None:
    os.mkfifo(own_file(home))
    writer = subprocess.Popen(["timeout", "1", "tee", own_file(home)], stdin=subprocess.DEVNULL)
    try:  # it ends what would else wait for ever
        with pytest.raises(ConfigError, match=f"{own_file(home)} n'est pas un fichier"):
            outside_settings(INSTALLED, {"HOME": str(home)})
    finally:
        writer.wait(WAIT_S)


def test_a_file_without_end_is_not_read(home: Path) -> None:
    with own_file(home).open("wb") as file:
        file.truncate(module.MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="File too large"):
        outside_settings(INSTALLED, {"HOME": str(home)})


def test_a_folder_in_the_place_of_a_file_is_told_and_left(home: Path) -> None:
    own_file(home).mkdir()
    found = outside_settings(INSTALLED, {"HOME": str(home)})
    assert found.doubts == [f"{own_file(home)} illisible (Is a directory) : ignoré"]


def test_nothing_is_read_from_devices(home: Path) -> None:
    own_file(home).symlink_to("/dev/zero")
    assert outside_settings(INSTALLED, {"HOME": str(home)}).doubts == []


def test_lines_may_end_as_those_of_other_systems(home: Path) -> None:
    own_file(home).write_bytes(b"MESHBOT_TCP_HOST=roof\r\nMESHBOT_TCP_PORT='2'\r\n")
    found = outside_settings(INSTALLED, {"HOME": str(home)})
    assert (found["MESHBOT_TCP_HOST"], found["MESHBOT_TCP_PORT"]) == ("roof", "2")


def test_a_value_that_makes_no_sense_is_blamed_on_its_file(home: Path, tmp_path: Path) -> None:
    own_file(home).write_text("TCP_PORT=99999\n")
    with pytest.raises(ConfigError, match=rf"TCP_PORT = '99999' .*\({own_file(home)}\)"):
        MeshBot(environment=outside_settings(INSTALLED, {"HOME": str(home)}))


def test_a_name_in_a_file_that_nothing_reads_is_told_with_the_file(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CONNECTION_MODE", "simulated")
    own_file(home).write_text("TCP_HOTS=roof\nTZ=Europe/Paris\n")
    found = outside_settings(INSTALLED, {"HOME": str(home), "MESHBOT_NOTHING": "1"})
    bot = MeshBot(environment=found)
    with caplog.at_level(logging.WARNING):
        bot._say_hello(0)
    said = [record.getMessage() for record in caplog.records]
    unknown = f"⚠️ MESHBOT_TCP_HOTS inconnu dans {own_file(home)} : ignoré"
    assert f"{unknown}, plutôt MESHBOT_TCP_HOST ?" in said
    assert any(line.startswith("⚠️ MESHBOT_TZ inconnu dans ") for line in said)
    assert "⚠️ Variable d'environnement MESHBOT_NOTHING inconnue : ignorée" in said


def test_a_folder_that_pip_has_filled_is_no_checkout_whatever_its_name(tmp_path: Path) -> None:
    assert is_checkout(tmp_path)
    (tmp_path / "meshbot.egg-info").mkdir()  # what "pip install -e" leaves
    assert is_checkout(tmp_path)
    (tmp_path / "meshbot-0.1.0.dist-info").mkdir()
    assert not is_checkout(tmp_path)
    assert not is_checkout(INSTALLED)


def test_what_the_environment_has_as_well_is_no_name_of_ours(home: Path) -> None:
    own_file(home).write_text("TZ=Europe/Paris\nLANG=C\n")
    found = outside_settings(INSTALLED, {"HOME": str(home), "TZ": "Europe/Paris", "LANG": "fr"})
    assert "MESHBOT_TZ" not in found
    assert found["MESHBOT_LANG"] == "C"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_the_file_for_all_may_be_for_root_alone_and_ones_own_may_not(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    module.FOR_ALL.write_text("MESHBOT_TCP_PORT=1\n")
    module.FOR_ALL.chmod(0)
    own_file(home).write_text("MESHBOT_TCP_HOST=own\n")
    found = outside_settings(INSTALLED, {"HOME": str(home)})
    assert found["MESHBOT_TCP_HOST"] == "own"
    with caplog.at_level(logging.WARNING):
        MeshBot(environment=found)._say_hello(0)
    assert any(f"⚠️ {module.FOR_ALL} illisible (" in line for line in caplog.messages)
    own_file(home).parent.chmod(0)
    try:
        with pytest.raises(ConfigError, match=f"{own_file(home)} illisible"):
            outside_settings(INSTALLED, {"HOME": str(home)})
    finally:
        own_file(home).parent.chmod(0o700)
