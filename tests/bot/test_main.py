"""The program as an operator starts it: exit codes, signals, and what a killed one leaves."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import config
import main_bot
import meshbot
from meshbot.cli import arguments as arguments_module
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.service.config_error import ConfigError
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT, Program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_bot_cleanly(
    number: signal.Signals, run: Callable[..., Program]
) -> None:
    program = run()
    program.wait_line("SYNC COMPLETE")
    sent_s = time.monotonic()
    program.process.send_signal(number)
    assert program.finish() == 0
    assert time.monotonic() - sent_s < 5.0
    assert "👋 Bot arrêté" in program.lines[-1]
    assert not [line for line in program.lines if "Traceback" in line]


def hang(node: SimulatedNode) -> None:
    node.hang_handshake_after = 5
    node.close_by_fin()


def nothing(node: SimulatedNode) -> None:
    """Leave the node as it is."""


@pytest.mark.parametrize(
    ("trouble", "line", "settings"),
    [
        pytest.param(nothing, "SYNC COMPLETE", {}, id="up"),
        pytest.param(
            SimulatedNode.close_by_fin,
            "Tentative de reconnexion",
            {"TCP_INTERFACE_STABILIZATION_DELAY": "60"},
            id="stabilizing",
        ),
        pytest.param(
            SimulatedNode.close_by_fin,
            "programmée",
            {"TCP_INTERFACE_STABILIZATION_DELAY": "0.1"},
            id="deferred sync pending",
        ),
        pytest.param(
            SimulatedNode.close_by_fin,
            "Démarrage synchronisation",
            {"TCP_INTERFACE_STABILIZATION_DELAY": "0.1", "TCP_PUBKEY_SYNC_DELAY": "0.1"},
            id="deferred sync running",
        ),
        pytest.param(
            lambda n: n.refuse_for(None),
            "après : connexion refusée",
            {"TCP_RETRY_MAX_EARLY": "60"},
            id="between two attempts",
        ),
        pytest.param(hang, "Tentative de reconnexion", {}, id="handshake"),
        pytest.param(
            lambda n: n.go_silent(next_connections=True),
            "SILENCE TCP",
            {"TCP_SILENT_TIMEOUT": "0.6", "TCP_INTERFACE_CLEANUP_DELAY": "60"},
            id="cleanup",
        ),
        pytest.param(
            SimulatedNode.stop_reading,
            "SILENCE TCP",
            {"TCP_SILENT_TIMEOUT": "0.6", "TCP_INTERFACE_CLEANUP_DELAY": "0"},
            id="node that does not read",
        ),
        pytest.param(
            lambda n: n.drop_on_accept(None) or n.close_by_fin(),
            "Tentative de reconnexion",
            {},
            id="dropped",
        ),
    ],
)
def test_sigterm_ends_it_in_every_state_with_the_store_whole(
    trouble: Callable[[SimulatedNode], object],
    line: str,
    settings: dict[str, str],
    run: Callable[..., Program],
    tmp_path: Path,
) -> None:
    with SimulatedNode() as node:
        program = run(
            CONNECTION_MODE="tcp", TCP_HOST="127.0.0.1", TCP_PORT=str(node.port), **settings
        )
        program.wait_line("SYNC COMPLETE")
        trouble(node)
        if line != "SYNC COMPLETE":
            program.wait_line(line)
        sent_s = time.monotonic()
        program.process.terminate()
        assert program.finish() == 0
        assert time.monotonic() - sent_s < 5.0
    assert not [text for text in program.lines if "Traceback" in text or "[ERROR]" in text]
    with sqlite3.connect(tmp_path / "bot.db") as stored:
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (keys,) = stored.execute("SELECT count(*) FROM nodes WHERE public_key != ''").fetchone()
    stored.close()
    assert keys == 13


def test_a_signal_during_start_up_stops_it_too(run: Callable[..., Program]) -> None:
    program = run(CONNECTION_MODE="tcp", TCP_HOST="127.0.0.1", TCP_PORT="1")
    program.wait_line("MeshBot")
    program.process.terminate()
    assert program.finish() == 0


def test_the_simulated_default_says_what_it_is_and_shows_a_ping(
    run: Callable[..., Program],
) -> None:
    program = run()
    line = program.wait_line("SIMULÉ")
    assert "CONNECTION_MODE" in line and "config.py" in line
    program.wait_line("/ping")
    program.wait_line("pong")
    assert all(re.match(r"\d\d:\d\d:\d\d \[[A-Z]+\] ", line) for line in program.lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TCP_PORT", "99999"),
        ("TCP_SILENT_TIMEOUT", "-1"),
        ("CONNECTION_MODE", "bluetooth"),
        ("TCP_PROBE_TIMEOUT", "nan"),
        ("TCP_LIGHT_RECONNECT", "perhaps"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line_and_code_2(
    name: str, value: str, run: Callable[..., Program]
) -> None:
    program = run(**{name: value})
    assert program.finish() == 2
    assert len(program.lines) == 1
    assert name in program.lines[0] and value in program.lines[0]


def test_settings_made_by_a_program_are_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "TCP_HOST", "10.9.8.7")
    monkeypatch.setattr(config, "CONNECTION_MODE", "tcp")
    monkeypatch.setattr(main_bot.MeshBot, "TCP_PUBKEY_SYNC_DELAY", 60)
    bot = main_bot.MeshBot(environment={"MESHBOT_TCP_PORT": "4500"})
    assert (bot.site.tcp_host, bot.site.tcp_port) == ("10.9.8.7", 4500)
    assert bot.TCP_PUBKEY_SYNC_DELAY == 60
    monkeypatch.setattr(main_bot.MeshBot, "TCP_PUBKEY_SYNC_DELAY", -1)
    with pytest.raises(ConfigError, match="TCP_PUBKEY_SYNC_DELAY"):
        main_bot.MeshBot(environment={})


def test_the_contracts_constants_have_their_defaults() -> None:
    defaults = {
        "TCP_PUBKEY_SYNC_DELAY": 30,
        "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT": False,
        "TCP_INTERFACE_CLEANUP_DELAY": 15,
        "TCP_INTERFACE_STABILIZATION_DELAY": 3,
        "TCP_SILENT_TIMEOUT": 120,
        "TCP_PROBE_TIMEOUT": 10,
        "PUBKEY_SYNC_INTERVAL": 300,
        "TCP_LIGHT_RECONNECT": True,
    }
    assert {name: getattr(main_bot.MeshBot, name) for name in defaults} == defaults
    assert config.CONNECTION_MODE == "simulated"
    assert config.TCP_PORT == 4403


@pytest.mark.parametrize("content", [b"not a database at all, whatever it says", b"\x00" * 5000])
def test_a_database_that_is_none_is_one_line_and_code_2(
    content: bytes, run: Callable[..., Program], tmp_path: Path
) -> None:
    path = tmp_path / "bot.db"
    path.write_bytes(content)
    program = run()
    assert program.finish() == 2
    errors = [line for line in program.lines if "[ERROR]" in line]
    assert len(errors) == 1 and str(path) in errors[0]
    assert path.read_bytes() == content


def test_a_database_of_a_newer_version_is_left_untouched(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    path = tmp_path / "bot.db"
    with sqlite3.connect(path) as newer:
        newer.execute("CREATE TABLE nodes (num INTEGER, wonders TEXT)")
        newer.execute("PRAGMA user_version=999")
    newer.close()
    before = path.read_bytes()
    program = run()
    assert program.finish() == 2
    assert "plus récente" in "\n".join(program.lines)
    assert path.read_bytes() == before


def test_a_killed_bot_keeps_every_key_it_said_it_learned(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    with SimulatedNode(peers=12) as node:
        late = node.peers[11]
        node.evict(late)
        program = run(CONNECTION_MODE="tcp", TCP_HOST="127.0.0.1", TCP_PORT=str(node.port))
        program.wait_line("11 clés publiques apprises")
        program.wait_line("SYNC COMPLETE")
        node.hear_node_info(late)
        program.wait_line("apprise et enregistrée")
        program.process.kill()
        program.finish()
    with sqlite3.connect(tmp_path / "bot.db") as stored:
        keys = dict(stored.execute("SELECT num, public_key FROM nodes WHERE public_key != ''"))
    stored.close()
    assert len(keys) == 13
    assert all(keys[peer.num] == peer.public_key for peer in node.peers)


def test_debugging_shows_neither_the_private_key_nor_lines_that_are_counted(
    run: Callable[..., Program],
) -> None:
    with SimulatedNode() as node:
        program = run(
            CONNECTION_MODE="tcp",
            TCP_HOST="127.0.0.1",
            TCP_PORT=str(node.port),
            LOG_LEVEL="DEBUG",
        )
        program.wait_line("SYNC COMPLETE")
        node.hear_text(node.peers[0], "Reconnexion TCP SYNC COMPLETE", to=0xFFFFFFFF)
        node.hear_text(node.peers[0], "/ping")
        program.wait_line("💬")
        program.process.terminate()
        assert program.finish() == 0
    journal = "\n".join(program.lines)
    assert "private" not in journal.lower()
    assert journal.count("Reconnexion TCP") == 0
    assert journal.count("SYNC COMPLETE") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_impatient_signals_end_it_without_a_word(
    number: signal.Signals, run: Callable[..., Program]
) -> None:
    """One before the bot is there, in the imports; many while it stops."""
    early = run()
    early.wait_line("MeshBot")
    for _ in range(20):
        if early.process.poll() is not None:
            break
        early.process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            early.process.wait(0.02)
    assert early.finish() == 0
    assert not [line for line in early.lines if "Traceback" in line or "Interrupt" in line]


def test_version_and_help_need_no_bot(run: Callable[..., Program]) -> None:
    program = run("--version")
    assert program.finish() == 0
    assert program.lines == [f"MeshBot {meshbot.VERSION}"]
    program = run("--help")
    assert program.finish() == 0
    program = run("--nonsense")
    assert program.finish() == 2


def test_a_misspelt_variable_is_pointed_out(run: Callable[..., Program]) -> None:
    program = run(TCP_HSOT="1.2.3.4")
    assert "MESHBOT_TCP_HSOT" in program.wait_line("[WARNING]")


def test_a_reader_that_goes_away_does_not_stop_the_bot(run: Callable[..., Program]) -> None:
    program = run()
    program.wait_line("SYNC COMPLETE")
    assert program.process.poll() is None
    program.process.terminate()
    assert program.finish() == 0


def fill_with_keys_to_decide(path: Path) -> None:
    """Make a list that is longer than a pipe holds."""
    storage = NodeStore(Database(path, simulated=True))
    storage.database.open()
    # Nameless nodes would do; long names make the list long.
    nodes = [
        KnownNode(num, "x" * 39, public_key=num.to_bytes(4, "big") * 8) for num in range(256, 276)
    ]
    keys = {
        node.num: [
            OtherKey(node.num, bytes([number, 0x77]) * 16, refused_at=1) for number in range(64)
        ]
        + [OtherKey(node.num, bytes([200, 0x77]) * 16, offered_at=1)]
        for node in nodes
    }
    storage.save_nodes(nodes, keys)
    storage.database.close()


@pytest.mark.parametrize("read_first", [False, True], ids=["before", "in the middle"])
@pytest.mark.slow
def test_a_list_into_a_pipe_that_is_closed_ends_without_a_word(
    read_first: bool, tmp_path: Path
) -> None:
    fill_with_keys_to_decide(tmp_path / "bot.db")
    environment = {
        **{name: value for name, value in os.environ.items() if "MESHBOT" not in name},
        "MESHBOT_CONNECTION_MODE": "simulated",
        "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db"),
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main_bot.py"), "keys", "list"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if read_first:
            assert "à trancher" in process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(PROGRAM_S) == 0
    finally:
        process.kill()
        process.wait(PROGRAM_S)
        process.stderr.close()
    assert said == ""


def test_the_list_is_written_whole_where_somebody_reads_it(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    fill_with_keys_to_decide(tmp_path / "bot.db")
    program = run("keys", "list")
    assert program.finish() == 0
    size = sum(len(line.encode()) + 1 for line in program.lines)
    assert size > 65_536, "else the test above would not notice a full pipe"
    assert sum("autre, annoncée" in line for line in program.lines) == 20


def test_the_list_of_a_simulated_mesh_says_that_the_file_holds_a_real_one_too(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    storage = NodeStore(Database(tmp_path / "bot.db"))
    storage.database.open()
    storage.save_nodes([KnownNode(7, "Ann", public_key=b"\x07" * 32)])
    storage.database.close()
    program = run("keys", "list")
    assert program.finish() == 0
    assert "(mode simulé)" in program.lines[0]
    assert program.lines[1] == (
        "ℹ️ Cette base contient aussi 1 nœud du vrai maillage (CONNECTION_MODE en décide)"
    )


# -- Settings from outside: the command line, the environment, .env ------------------------------


def environment_of(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *arguments: str,
    dotenv: str = "",
    **variables: str,
) -> dict[str, str]:
    """Return the bot's settings from these three places, without the prefix."""
    for name in os.environ:
        if name.startswith("MESHBOT_"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(f"MESHBOT_{name}", value)
    (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
    environment = arguments_module.environment_of(
        arguments_module.parse_arguments(arguments), tmp_path
    )
    return {
        name.removeprefix("MESHBOT_"): value
        for name, value in environment.items()
        if name.startswith("MESHBOT_")
    }


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dotenv = "MESHBOT_TCP_HOST=file\nMESHBOT_TCP_PORT=1\nMESHBOT_LOG_LEVEL=DEBUG\n"
    assert environment_of(
        monkeypatch, tmp_path, "--host", "line", dotenv=dotenv, TCP_HOST="env", TCP_PORT="2"
    ) == {
        "TCP_HOST": "line",
        "TCP_PORT": "2",
        "LOG_LEVEL": "DEBUG",
        "CONNECTION_MODE": "tcp",
    }


def test_the_file_beside_the_program_wins_over_config_py(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(config, "TCP_HOST", "config")
    monkeypatch.setattr(config, "TCP_PORT", 5)
    environment_of(monkeypatch, tmp_path, dotenv="MESHBOT_TCP_HOST=file\n")
    options = arguments_module.parse_arguments([])
    bot = main_bot.MeshBot(environment=arguments_module.environment_of(options, tmp_path))
    assert (bot.site.tcp_host, bot.site.tcp_port) == ("file", 5)


def test_the_file_may_hold_comments_quotes_and_what_is_not_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dotenv = (
        "# où est le nœud\n"
        "\n"
        "MESHBOT_TCP_HOST='nœud.local'  # le toit\n"
        'export MESHBOT_ADMIN_NODES="!a1b2c3d4:DMqo"\n'
        "MESHBOT_EMPTY=\n"
        "MESHBOT_ALONE\n"
        "OTHER=1\n"
    )
    assert environment_of(monkeypatch, tmp_path, dotenv=dotenv) == {
        "TCP_HOST": "nœud.local",
        "ADMIN_NODES": "!a1b2c3d4:DMqo",
        "EMPTY": "",
        "OTHER": "1",
    }


def test_without_a_file_or_arguments_the_environment_is_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MESHBOT_TCP_HOST", "env")
    options = arguments_module.parse_arguments([])
    environment = arguments_module.environment_of(options, tmp_path)
    assert environment == dict(os.environ)


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (("--host", "10.0.0.7"), {"CONNECTION_MODE": "tcp", "TCP_HOST": "10.0.0.7"}),
        (("--port", "4500"), {"CONNECTION_MODE": "tcp", "TCP_PORT": "4500"}),
        (
            ("--host", " tcp://[FE80::1%wlan0]:4500/ "),
            {"CONNECTION_MODE": "tcp", "TCP_HOST": "fe80::1%wlan0", "TCP_PORT": "4500"},
        ),
        (
            ("--host", "10.0.0.7:4500", "--port", "4500"),
            {"CONNECTION_MODE": "tcp", "TCP_HOST": "10.0.0.7", "TCP_PORT": "4500"},
        ),
        (("--host", "[::1]"), {"CONNECTION_MODE": "tcp", "TCP_HOST": "::1"}),
        (
            ("--host", "nœud", "--port", "4500"),
            {"CONNECTION_MODE": "tcp", "TCP_HOST": "nœud", "TCP_PORT": "4500"},
        ),
        (
            ("--serial", "/dev/ttyACM0"),
            {"CONNECTION_MODE": "serial", "SERIAL_PORT": "/dev/ttyACM0"},
        ),
        (("--simulate",), {"CONNECTION_MODE": "simulated"}),
        ((), {"CONNECTION_MODE": "from outside"}),
        (
            ("--host", "10.0.0.7", "check"),
            {"CONNECTION_MODE": "tcp", "TCP_HOST": "10.0.0.7"},
        ),
    ],
)
def test_an_option_names_the_node_and_by_that_the_mode(
    arguments: tuple[str, ...],
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    found = environment_of(monkeypatch, tmp_path, *arguments, CONNECTION_MODE="from outside")
    assert found == settings


@pytest.mark.parametrize(
    "arguments", [("--serial", ""), ("--host", "a", "--port", " "), ("setup", "--to", "")]
)
def test_an_option_that_is_empty_is_no_option_that_was_not_given(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a script whose variable is not set starts the simulated node."""
    with pytest.raises(SystemExit) as end:
        arguments_module.parse_arguments(arguments)
    assert end.value.code == 2
    assert "est vide" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "a", "--serial", "b"),
        ("--port", "1", "--serial", "b"),
        ("--host", "a", "--simulate"),
        ("--serial", "b", "--simulate"),
        ("--host", "a", "--serial", "b", "--simulate"),
    ],
)
def test_two_places_for_the_node_are_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        arguments_module.parse_arguments(arguments)
    assert end.value.code == 2
    assert "choisir entre --host, --serial et --simulate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "10.0.0.7:4500", "--port", "4600"), "--host donne le port 4500 et --port"),
        (("--host", "http://10.0.0.7/"), "page web"),
        (("--host", "my node"), "--host 'my node' : "),
        (("--host", "[]"), "--host '[]' : quelle adresse ?"),
        (("--host", "toit:99999", "check"), "--host 'toit:99999' : le port"),
    ],
)
def test_an_address_that_makes_no_sense_is_one_line_and_code_2(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_bot.main(arguments) == 2
    lines = "".join(capsys.readouterr()).splitlines()  # the bot's journal, or a command's error
    assert len(lines) == 1 and said in lines[0]


def test_a_port_beside_the_address_wins_over_one_from_further_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = environment_of(monkeypatch, tmp_path, "--host", "toit:4500", TCP_PORT="4600")
    assert found == {"CONNECTION_MODE": "tcp", "TCP_HOST": "toit", "TCP_PORT": "4500"}


def test_help_lists_the_commands_and_options_in_french(run: Callable[..., Program]) -> None:
    program = run("--help")
    assert program.finish() == 0
    text = " ".join(" ".join(program.lines).split())
    for part in (
        "check tout est-il en place ? ne change rien",
        "keys voir les clés annoncées, en accepter ou refuser",
        "report pourquoi la liaison a été coupée",
        "--host ADRESSE le nœud en Wi-Fi",
        "--serial PORT le nœud en USB",
        "--simulate un nœud simulé",
        "usage : main_bot.py",
        "options:",
        "--help montre cette aide",
        "Exemple : main_bot.py --host",
        "Sans commande : démarre le bot",
    ):
        assert part in text


def test_the_program_reads_the_file_beside_itself_wherever_it_is_started(
    run: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "program"
    shutil.copytree(ROOT / "meshbot", folder / "meshbot")
    for file in ROOT.glob("*.py"):
        shutil.copy(file, folder)
    monkeypatch.setitem(Program.__init__.__globals__, "ROOT", folder)
    (folder / ".env").write_text("MESHBOT_TCP_PORT=70000\n", encoding="utf-8")
    (tmp_path / ".env").write_text("MESHBOT_TCP_PORT=80000\n", encoding="utf-8")
    program = run()
    assert program.finish() == 2
    assert len(program.lines) == 1 and "TCP_PORT = '70000'" in program.lines[0]
    program = run(TCP_PORT="90000")
    assert program.finish() == 2
    assert "TCP_PORT = '90000'" in program.lines[0]
    program = run("--port", "99999", TCP_PORT="90000")
    assert program.finish() == 2
    assert "--port '99999' : il faut un nombre" in program.lines[0]
    assert "TCP_PORT" not in program.lines[0], "who typed an option is told of that"
    program = run("--port", "4403", "--simulate")
    assert program.finish() == 2


def test_the_bot_connects_to_the_node_of_the_command_line(run: Callable[..., Program]) -> None:
    with SimulatedNode() as node:
        program = run("--host", "127.0.0.1", "--port", str(node.port))
        program.wait_line("SYNC COMPLETE")
        assert node.connections_total == 1
        program.process.terminate()
        assert program.finish() == 0


def test_every_setting_that_makes_no_sense_is_in_the_one_line(
    run: Callable[..., Program],
) -> None:
    program = run(TCP_PORT="99999", TCP_SILENT_TIMEOUT="-1", LOG_LEVEL="loud")
    assert program.finish() == 2
    assert len(program.lines) == 1
    for name in ("TCP_PORT", "TCP_SILENT_TIMEOUT", "LOG_LEVEL"):
        assert f"(variable MESHBOT_{name})" in program.lines[0]


def test_the_variable_that_was_meant_is_named(run: Callable[..., Program]) -> None:
    program = run(TCP_HSOT="1.2.3.4")
    assert "MESHBOT_TCP_HSOT inconnue : ignorée, plutôt MESHBOT_TCP_HOST ?" in program.wait_line(
        "[WARNING]"
    )


@pytest.mark.slow
def test_who_names_his_node_and_no_mode_is_connected_to_it(tmp_path: Path) -> None:
    with SimulatedNode() as node:
        program = Program(
            tmp_path,
            prefix=("env", "-u", "MESHBOT_CONNECTION_MODE"),
            TCP_HOST=f"127.0.0.1:{node.port}",
        )
        try:
            program.wait_line("CONNECTION_MODE n'est pas réglé : mode tcp, car TCP_HOST l'est")
            program.wait_line("SYNC COMPLETE")
            assert node.connections_total == 1
            program.process.terminate()
        finally:
            assert program.finish() == 0
