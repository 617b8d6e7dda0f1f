"""The first start: what is asked, what is written, and that nothing is written unasked."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from meshbot.cli.dialog import MAX_TRIES, Dialog
from meshbot.cli.found_node import FoundNode
from meshbot.cli.settings_file import SettingsFile
from meshbot.cli.setup_command import MAX_OFFERED, SetupCommand
from meshbot.service.config_error import ConfigError

WIFI = FoundNode("192.168.1.40", label="‹Toit›")
USB = FoundNode(serial_port="/dev/serial/by-id/usb-node")
NODE = "Quel nœud ?"


class Setup:
    """One dialog with answers that are given beforehand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = ""
        self.checks = 0
        self.searches = 0

    def run(
        self,
        *answers: str,
        found: Sequence[FoundNode] = (WIFI,),
        preset: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        code: int = 0,
    ) -> int:
        lines = iter(f"{answer}\n" for answer in answers)

        def read() -> str:
            return next(lines, "")

        def write(text: str) -> None:
            self.said += text

        def discover() -> Sequence[FoundNode]:
            self.searches += 1
            return found

        def check() -> int:
            self.checks += 1
            return code

        command = SetupCommand(
            SettingsFile(self.path),
            discover=discover,
            check=check,
            environment=environment or {},
            dialog=Dialog(read=read, write=write),
        )
        return command.run(preset or {})

    @property
    def lines(self) -> list[str]:
        """Return what was written, by name and without the prefix."""
        text = self.path.read_text(encoding="utf-8")
        return [line.removeprefix("MESHBOT_") for line in text.splitlines()]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path / "bot.env")


def test_the_one_node_found_is_offered_and_return_takes_it(setup: Setup) -> None:
    assert setup.run("", "", "", "") == 0
    assert "1. Wi-Fi 192.168.1.40:4403  ‹Toit›" in setup.said
    assert setup.lines == [
        "CONNECTION_MODE=tcp",
        "TCP_HOST=192.168.1.40",
        "TCP_PORT=4403",
        "LANGUAGE=fr",
        "SHARE_PORT=0",
    ]
    assert setup.checks == 1


def test_of_several_nodes_none_is_taken_for_the_operators(setup: Setup) -> None:
    assert setup.run("", "2", "fr", "non", "oui", found=[WIFI, USB]) == 0
    assert setup.said.count(NODE) == 2
    assert "il faut un numéro, une adresse ou un port" in setup.said
    assert setup.lines[:2] == [
        "CONNECTION_MODE=serial",
        "SERIAL_PORT=/dev/serial/by-id/usb-node",
    ]


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        ("10.0.0.7", ["CONNECTION_MODE=tcp", "TCP_HOST=10.0.0.7", "TCP_PORT=4403"]),
        ("tcp://toit.lan:4500/", ["CONNECTION_MODE=tcp", "TCP_HOST=toit.lan", "TCP_PORT=4500"]),
        ("/dev/ttyACM0", ["CONNECTION_MODE=serial", "SERIAL_PORT=/dev/ttyACM0"]),
        ("ttyACM0", ["CONNECTION_MODE=serial", "SERIAL_PORT=ttyACM0"]),
        ("1", ["CONNECTION_MODE=simulated"]),
    ],
)
def test_a_node_that_was_not_found_can_be_named(
    answer: str, settings: list[str], setup: Setup
) -> None:
    assert setup.run(answer, "fr", "n", "o", found=[]) == 0
    assert "Aucun nœud trouvé" in setup.said
    assert setup.lines[: len(settings)] == settings


@pytest.mark.parametrize("answer", ["0", "3", "9" * 5_000, "my node", "http://a/", "a:0"])
def test_a_node_that_makes_no_sense_is_asked_again(answer: str, setup: Setup) -> None:
    assert setup.run(answer, "1", "fr", "n", "o") == 0
    assert setup.said.count(NODE) == 2
    assert setup.said.count("❌") == 1


def test_bad_answers_are_asked_again_but_not_for_ever(setup: Setup) -> None:
    assert setup.run("1", "de", "en", "peut-être", "no", "o") == 0
    assert "répondre par fr ou en" in setup.said
    assert "answer yes or no" in setup.said
    other = Setup(setup.path.with_name("other.env"))
    assert other.run(*["x y"] * 1_000) == 1
    assert other.said.count(NODE) == MAX_TRIES
    assert not other.path.exists()


@pytest.mark.parametrize("answers", [(), ("1",), ("1", "fr"), ("1", "fr", "n")])
def test_answers_that_end_too_early_write_nothing(answers: tuple[str, ...], setup: Setup) -> None:
    assert setup.run(*answers) == 1
    assert setup.said.endswith("\n❌ Rien n'a été écrit : plus de réponse à lire\n")
    assert not setup.path.exists()
    assert setup.checks == 0


def test_who_does_not_want_it_written_has_nothing_written(setup: Setup) -> None:
    setup.path.write_text("A=1\n")
    assert setup.run("1", "fr", "n", "non") == 1
    assert setup.path.read_text() == "A=1\n"
    assert setup.checks == 0


def test_what_the_command_line_says_is_not_asked(setup: Setup) -> None:
    place = {"CONNECTION_MODE": "serial", "SERIAL_PORT": "/dev/ttyUSB0"}
    assert setup.run("en", "oui", "yes", preset=place) == 0
    assert setup.searches == 0
    assert NODE not in setup.said
    assert setup.lines == [
        "CONNECTION_MODE=serial",
        "SERIAL_PORT=/dev/ttyUSB0",
        "LANGUAGE=en",
        "SHARE_PORT=4403",
        "SHARE_ADDRESS=0.0.0.0",
    ]


def test_the_second_time_return_keeps_everything(setup: Setup) -> None:
    assert setup.run("1", "en", "o", "o") == 0
    before = setup.path.stat()
    again = Setup(setup.path)
    assert again.run("1", "", "") == 0
    assert "nothing to change" in again.said
    assert setup.path.stat().st_mtime_ns == before.st_mtime_ns
    assert again.checks == 1


def test_a_share_that_was_set_by_hand_is_kept_or_ended(setup: Setup) -> None:
    setup.path.write_text("MESHBOT_SHARE_PORT=4500\nMESHBOT_SHARE_ADDRESS=10.0.0.1\n")
    assert setup.run("1", "fr", "oui", "o") == 0
    assert setup.lines[:2] == ["SHARE_PORT=4500", "SHARE_ADDRESS=10.0.0.1"]
    assert setup.run("1", "fr", "non", "o") == 0
    assert setup.lines[:2] == ["SHARE_PORT=0", "SHARE_ADDRESS=10.0.0.1"]


def test_lines_of_others_are_kept_and_changes_shown_first(setup: Setup) -> None:
    setup.path.write_text("# mine\nMESHBOT_TCP_HOST=old\nMESHBOT_ADMIN_NODES=!a1b2c3d4\n")
    assert setup.run("1", "fr", "n", "o") == 0
    assert setup.said.index("- MESHBOT_TCP_HOST=old") < setup.said.index("Écrire ?")
    assert setup.path.read_text().startswith(
        "# mine\nMESHBOT_TCP_HOST=192.168.1.40\nMESHBOT_ADMIN_NODES=!a1b2c3d4\n"
    )


def test_a_variable_that_wins_over_the_file_is_pointed_out(setup: Setup) -> None:
    environment = {"MESHBOT_TCP_HOST": "10.9.9.9", "MESHBOT_TCP_PORT": "4403"}
    assert setup.run("1", "fr", "n", "o", environment=environment) == 0
    assert setup.said.count("est aussi réglé dans l'environnement") == 1
    assert "MESHBOT_TCP_HOST est aussi" in setup.said


def test_the_check_says_how_it_ends(setup: Setup) -> None:
    assert setup.run("1", "fr", "n", "o", code=1) == 1
    assert "Pour démarrer" not in setup.said
    assert setup.run("1", "fr", "n", code=0) == 0
    assert "Pour démarrer" in setup.said


def test_only_so_many_nodes_are_offered(setup: Setup) -> None:
    found = [FoundNode(f"10.0.{number // 250}.{number % 250 + 1}") for number in range(1_000)]
    assert setup.run(str(MAX_OFFERED), "fr", "n", "o", found=found) == 0
    assert setup.said.count("Wi-Fi") == MAX_OFFERED + 1, "and in the first line"
    assert f"… {1_000 - MAX_OFFERED} autres nœuds" in setup.said
    assert setup.lines[1] == "TCP_HOST=10.0.0.20"


def test_a_file_that_cannot_be_written_is_one_line(setup: Setup, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    other = Setup(in_the_way / "bot.env")
    with pytest.raises(ConfigError, match="illisible"):
        other.run("1", "fr", "n", "o")
    nowhere = Setup(Path("/proc/meshbot/bot.env"))
    assert nowhere.run("1", "fr", "n", "o") == 1
    assert "❌ /proc/meshbot/bot.env n'a pas été écrit : " in nowhere.said


def test_ctrl_c_ends_it_and_gives_the_signal_back(tmp_path: Path) -> None:
    before: Callable[..., object] | int | None = signal.getsignal(signal.SIGINT)
    said: list[str] = []

    def read() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "1\n"

    command = SetupCommand(
        SettingsFile(tmp_path / "bot.env"),
        discover=lambda: [WIFI],
        check=lambda: 0,
        environment={},
        dialog=Dialog(read=read, write=said.append),
    )
    assert command.run({}) == 1
    assert said[-1] == "❌ Interrompu\n"
    assert signal.getsignal(signal.SIGINT) == before
    assert list(tmp_path.iterdir()) == []
