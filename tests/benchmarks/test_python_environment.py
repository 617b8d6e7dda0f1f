"""The environments of contenders and clients: made once, of what is pinned, or said why not."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.pair import ENVIRONMENTS
from benchmarks.python_environment import NotInstalled, PythonEnvironment, pins_of
from tests.clients.real_clients import CLIENTS

pytestmark = pytest.mark.slow

OFFLINE = "--no-index"


def test_an_environment_is_made_once_and_anew_when_its_pins_change(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    environment = PythonEnvironment(folder, ["pip", OFFLINE])  # it is there: nothing is fetched
    assert not environment.is_ready
    environment.install()
    assert environment.is_ready
    shown = subprocess.run(
        [environment.python, "-c", "import sys; print(sys.prefix)"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert Path(shown.stdout.strip()) == folder
    (folder / "left").touch()
    PythonEnvironment(folder, ["pip", OFFLINE]).install()
    assert (folder / "left").exists(), "it was made again"
    changed = PythonEnvironment(folder, [OFFLINE, "pip"])
    assert not changed.is_ready
    changed.install()
    assert not (folder / "left").exists(), "it is the old one"


def test_what_cannot_be_installed_is_not_ready_and_says_why(tmp_path: Path) -> None:
    environment = PythonEnvironment(tmp_path / "none", ["no-such-package==1.0", OFFLINE])
    with pytest.raises(NotInstalled, match="no-such-package"):
        environment.install()
    assert not environment.is_ready
    with pytest.raises(NotInstalled, match="it needs python9"):
        PythonEnvironment(tmp_path / "old", ["anything"], "python9").install()


def test_pins_are_what_a_file_names_without_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# What for.\none==1.0\n\n# More.\ntwo==2; sys_platform == 'linux'\n")
    pins = pins_of(file)
    assert pins == ["one==1.0", "two==2; sys_platform == 'linux'"]
    environment = PythonEnvironment(tmp_path / "none", pins)
    assert (environment.package, environment.version) == ("one", "1.0")


def test_contenders_and_clients_are_of_the_same_versions() -> None:
    clients = {client.name: client.packages[0] for client in CLIENTS}
    for environment in ENVIRONMENTS.values():
        assert clients[environment.package] == f"{environment.package}=={environment.version}"
