"""``main_bot.py check``: each of its lines, good and bad, and that it changes nothing."""

import errno
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from meshbot.cli import check_command
from meshbot.cli.check_command import MIN_FREE_MB, OLDEST_SANE_S, CheckCommand
from meshbot.link import serial_port_finder
from meshbot.service.site_settings import SiteSettings
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.damages import DAMAGES, fill
from tests.support.journal import Journal
from tests.support.limits import PROGRAM_S, WAIT_S
from tests.support.program import Program
from tests.support.quick_bot import BotFactory
from tests.support.unused_port import unused_port

NOW_S = 1_800_000_000.0


class Checked(NamedTuple):
    code: int
    lines: list[str]

    def line(self, text: str) -> str:
        """Return the one line with a text."""
        found = [line for line in self.lines if text in line]
        assert len(found) == 1, (text, self.lines)
        return found[0]

    @property
    def bad(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("✅ ")]


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    return SiteSettings(
        connection_mode="simulated",
        tcp_host="127.0.0.1",
        tcp_port=unused_port(),  # on the usual one a bot of this machine may have its node
        serial_port=None,
        database_path=tmp_path / "bot.db",
        log_level="INFO",
        answer_channels=(),
        admin_nodes={},
        require_pki=False,
    )


def check(
    site: SiteSettings,
    *,
    now_s: float = NOW_S,
    requirements: Path | None = None,
    own_folder: Path | None = None,
) -> Checked:
    written: list[str] = []
    command = CheckCommand(
        site,
        write=written.append,
        wall_clock=lambda: now_s,
        requirements=requirements or check_command.REQUIREMENTS,
        own_folder=own_folder,
    )
    code = command.run()
    lines = "".join(written).splitlines()
    assert all(line.startswith(("✅ ", "❌ ")) for line in lines)
    assert all(" → " in line for line in lines if line.startswith("❌ ")), "a remedy for each"
    assert code == (1 if any(line.startswith("❌ ") for line in lines) else 0)
    return Checked(code, lines)


def only_bad_line(checked: Checked) -> str:
    assert checked.code == 1
    assert len(checked.bad) == 1, checked.lines
    return checked.bad[0]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def at(site: SiteSettings, node: SimulatedNode) -> SiteSettings:
    return replace(site, connection_mode="tcp", tcp_port=node.port)


# -- All is well -----------------------------------------------------------------------------------


def test_a_line_for_each_thing_and_code_0_where_all_is_well(site: SiteSettings) -> None:
    checked = check(site)
    assert checked.code == 0
    for text in (
        "✅ Python 3.",
        "✅ bibliothèques : meshtastic 2.",
        "✅ réglages : CONNECTION_MODE = simulated",
        f"✅ base {site.database_path} : pas encore là, le bot la créera",
        "✅ espace disque : ",
        "✅ horloge : 15/01/2027",
        "✅ nœud simulé",
    ):
        checked.line(text)
    assert len(checked.lines) == 7


def test_it_changes_nothing_where_nothing_is(site: SiteSettings, tmp_path: Path) -> None:
    assert check(site).code == 0
    assert list(tmp_path.iterdir()) == []


# -- The database ----------------------------------------------------------------------------------


def test_a_database_in_order_is_sized_up_and_not_changed(site: SiteSettings) -> None:
    fill(site.database_path)
    before = contents(site.database_path.parent)
    checked = check(site)
    assert checked.code == 0
    size_kb = site.database_path.stat().st_size // 1024
    assert checked.line("✅ base").endswith(f" : {size_kb} Ko")
    assert contents(site.database_path.parent) == before


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_database_is_said_with_what_happens_next_and_not_changed(
    name: str, site: SiteSettings
) -> None:
    fill(site.database_path)
    DAMAGES[name](site.database_path)
    before = contents(site.database_path.parent)
    line = only_bad_line(check(site))
    assert line == (
        f"❌ base {site.database_path} abîmée (illisible) → redémarrer le bot : il la met de côté "
        "et reprend ce qui est lisible"
    )
    assert contents(site.database_path.parent) == before


def test_rows_that_are_not_as_they_were_written_are_counted_and_not_changed(
    site: SiteSettings,
) -> None:
    fill(site.database_path)
    with closing(sqlite3.connect(site.database_path)) as raw, raw:
        raw.execute("UPDATE nodes SET public_key = substr(public_key, 2) || x'00' WHERE num < 1002")
    before = contents(site.database_path.parent)
    line = only_bad_line(check(site))
    assert line.startswith(f"❌ base {site.database_path} abîmée (2 lignes fausses) → redémarrer")
    assert contents(site.database_path.parent) == before


@pytest.mark.parametrize("target", [".", "bot.db", "/dev/null"])
def test_what_is_no_file_is_said(site: SiteSettings, target: str) -> None:
    site.database_path.symlink_to(target)
    assert "pas un fichier" in only_bad_line(check(site))


def test_a_file_of_something_else_is_said_and_not_changed(site: SiteSettings) -> None:
    site.database_path.write_bytes(b"a letter to a friend")
    line = only_bad_line(check(site))
    assert "n'est pas une base du bot" in line and "DATABASE_PATH" in line
    assert contents(site.database_path.parent) == {"bot.db": b"a letter to a friend"}


def test_the_database_of_another_program_is_said_and_not_changed(site: SiteSettings) -> None:
    with closing(sqlite3.connect(site.database_path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = contents(site.database_path.parent)
    assert "d'un autre programme" in only_bad_line(check(site))
    assert contents(site.database_path.parent) == before


def test_the_database_of_a_newer_bot_is_said_and_not_changed(site: SiteSettings) -> None:
    fill(site.database_path)
    with closing(sqlite3.connect(site.database_path)) as newer:
        newer.execute("PRAGMA user_version=999")
    before = contents(site.database_path.parent)
    assert "version plus récente" in only_bad_line(check(site))
    assert contents(site.database_path.parent) == before


def test_a_missing_folder_is_said_and_not_made(site: SiteSettings, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    checked = check(replace(site, database_path=missing / "bot.db"))
    assert checked.line(f"❌ dossier {missing} absent").endswith(
        "→ le créer, ou régler DATABASE_PATH"
    )
    assert checked.code == 1
    assert not missing.exists()


def test_a_folder_that_the_bot_makes_itself_is_no_matter_and_not_made(
    site: SiteSettings, tmp_path: Path
) -> None:
    own = tmp_path / "share" / "meshbot"
    checked = check(replace(site, database_path=own / "meshbot.db"), own_folder=own)
    assert (checked.code, checked.bad) == (0, [])
    assert f"{own / 'meshbot.db'} : pas encore là" in checked.line("base")
    assert not own.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_the_bot_cannot_make_is_said(site: SiteSettings, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir(mode=0o500)
    own = share / "meshbot"
    line = only_bad_line(check(replace(site, database_path=own / "bot.db"), own_folder=own))
    assert line.startswith(f"❌ pas le droit d'écrire {share}")


def test_a_folder_instead_of_a_database_is_said(site: SiteSettings) -> None:
    site.database_path.mkdir()
    assert "est un dossier" in only_bad_line(check(site))


@pytest.mark.parametrize("there", [True, False], ids=["a database", "no database"])
def test_what_may_not_be_written_is_said(
    there: bool, site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the system's answer is played."""
    if there:
        fill(site.database_path)
    forbidden = site.database_path if there else site.database_path.parent
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != forbidden)
    line = only_bad_line(check(site))
    assert line.startswith(f"❌ pas le droit d'écrire {forbidden} → sudo chown")


# -- The machine -----------------------------------------------------------------------------------


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("free_mb", "enough"), [(MIN_FREE_MB, True), (MIN_FREE_MB - 1, False)])
def test_a_full_disk_is_said(
    free_mb: int, enough: bool, site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 0, free_mb * 1_000_000))
    checked = check(site)
    assert checked.code == (0 if enough else 1)
    line = checked.line(f"espace disque : {free_mb} Mo libres")
    assert line.endswith("libres" if enough else " → faire de la place")


def test_a_disk_that_does_not_answer_is_said(
    site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> Usage:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert "inconnu → Input/output error" in only_bad_line(check(site))


@pytest.mark.parametrize("now_s", [0.0, 86_400.0 * 366, OLDEST_SANE_S - 1.0])
def test_a_clock_of_long_ago_is_said(now_s: float, site: SiteSettings) -> None:
    line = only_bad_line(check(site, now_s=now_s))
    assert line.startswith("❌ horloge : ") and "timedatectl" in line


def test_a_clock_of_today_is_fine(site: SiteSettings) -> None:
    assert check(site, now_s=OLDEST_SANE_S).code == 0


def test_libraries_of_another_version_are_all_said(site: SiteSettings, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "# a comment with==0.0\nmeshtastic==1.2.3\nprotobuf==9.9; python_version > '3'\n"
        "there-is-no-such-library==4\npytest\n",
        encoding="utf-8",
    )
    line = only_bad_line(check(site, requirements=requirements))
    assert "au lieu de 1.2.3" in line and "au lieu de 9.9" in line
    assert "no-such" not in line
    assert line.endswith("→ pip install -r requirements.txt")


def test_installed_the_libraries_are_those_of_the_packages_own_metadata(
    site: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages"
    info = folder / "meshbot-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: meshbot\nVersion: 0.1.0\nRequires-Dist: meshtastic==1.2.3\n"
        'Requires-Dist: pytest==9.9; extra == "all"\nRequires-Dist: no-such-library==4\n',
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(folder)
    line = only_bad_line(check(site, requirements=folder / "requirements.txt"))
    assert "au lieu de 1.2.3" in line and "au lieu de 9.9" in line
    assert line.endswith("→ réinstaller meshbot (pipx reinstall meshbot)")


def test_a_list_of_libraries_that_is_missing_is_said(site: SiteSettings, tmp_path: Path) -> None:
    line = only_bad_line(check(site, requirements=tmp_path / "requirements.txt"))
    assert line.startswith("❌ requirements.txt illisible") and line.endswith("→ réinstaller")


# -- The node --------------------------------------------------------------------------------------


def test_a_node_that_answers_is_tried_once(site: SiteSettings, node: SimulatedNode) -> None:
    checked = check(at(site, node))
    assert checked.code == 0
    assert checked.line("nœud") == f"✅ nœud 127.0.0.1:{node.port} : répond"
    assert node.wait_until(lambda n: n.connections_total == 1, WAIT_S)
    assert node.wait_until(lambda n: n.connections_open == 0, WAIT_S)
    assert node.connections_total == 1


def test_a_node_that_refuses_is_said(site: SiteSettings, node: SimulatedNode) -> None:
    node.refuse_for(None)
    line = only_bad_line(check(at(site, node)))
    assert line == (
        f"❌ nœud 127.0.0.1:{node.port} : connexion refusée → activer le Wi-Fi du nœud, vérifier "
        "TCP_PORT"
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name or service not known"), "nom introuvable → corriger TCP_HOST"),
        (TimeoutError("timed out"), "injoignable → "),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "injoignable → "),
    ],
)
def test_a_node_that_cannot_be_reached_is_said(
    error: OSError, text: str, site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    assert text in only_bad_line(check(replace(site, connection_mode="tcp")))


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no name"), UnicodeError("label too long")])
def test_a_name_of_the_local_network_says_what_the_system_needs_for_it(
    error: Exception, site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    site = replace(site, connection_mode="tcp", tcp_host="meshtastic.local")
    assert "libnss-mdns" in only_bad_line(check(site))
    assert "libnss-mdns" not in only_bad_line(check(replace(site, tcp_host="toit.lan")))


def test_an_ipv6_address_stands_in_brackets(site: SiteSettings) -> None:
    site = replace(site, connection_mode="tcp", tcp_host="::1", tcp_port=1)
    assert "❌ nœud [::1]:1 : " in only_bad_line(check(site))


def test_while_a_bot_runs_it_is_named_and_the_node_is_left_alone(
    site: SiteSettings, node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node)
    journal.wait_for("SYNC COMPLETE")
    checked = check(at(site, node))
    assert checked.code == 0
    checked.line(f"✅ un bot tourne (processus {os.getpid()}) sur cette base")
    checked.line(f"✅ nœud 127.0.0.1:{node.port} : le bot en marche tient la liaison, non essayé")
    node.hear_text(node.peers[0], "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) >= 1, WAIT_S), "the bot is well"
    assert node.connections_total == 1
    assert journal.count("[ERROR]") == 0


def test_where_no_bot_runs_none_is_named(site: SiteSettings) -> None:
    fill(site.database_path)
    site.database_path.with_name("bot.db.lock").write_text("4711\n", encoding="ascii")
    before = contents(site.database_path.parent)
    assert not [line for line in check(site).lines if "un bot tourne" in line]
    assert contents(site.database_path.parent) == before


@pytest.fixture
def serial_site(site: SiteSettings, tmp_path: Path) -> Iterator[SiteSettings]:
    folder = tmp_path / "dev"
    folder.mkdir()
    yield replace(site, connection_mode="serial", serial_port=str(folder / "ttyUSB0"))


def test_a_serial_port_that_is_there_is_fine(serial_site: SiteSettings) -> None:
    port = str(serial_site.serial_port)
    Path(port).touch()
    assert check(serial_site).line("port série") == f"✅ port série {port}"


def test_a_serial_port_that_is_missing_is_said(serial_site: SiteSettings) -> None:
    line = only_bad_line(check(serial_site))
    assert line.startswith(f"❌ port série {serial_site.serial_port} absent → brancher le nœud")


def test_a_serial_port_that_may_not_be_used_is_said(
    serial_site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = str(serial_site.serial_port)
    Path(port).touch()
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != port)
    assert "usermod -aG dialout" in only_bad_line(check(serial_site))


def test_a_serial_port_that_is_yet_to_be_found_is_fine(site: SiteSettings) -> None:
    site = replace(site, connection_mode="serial", serial_port=None)
    assert check(site).code == 0


@pytest.fixture
def plugged(
    site: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SiteSettings]:
    """Plug devices in under names, of which each has a lasting one as well; name one or none."""
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    monkeypatch.setattr(serial_port_finder, "BY_ID", by_id)
    ports: list[ListPortInfo] = []
    monkeypatch.setattr(list_ports, "comports", lambda: ports)

    def plug(*names: str, setting: str | None = None) -> SiteSettings:
        for name in names:
            (tmp_path / name).touch()
            (by_id / f"usb-{name}").symlink_to(tmp_path / name)
            info = ListPortInfo(str(tmp_path / name))
            info.vid, info.pid = 0x10C4, 0xEA60
            ports.append(info)
        port = None if setting is None else str(tmp_path / setting)
        return replace(site, connection_mode="serial", serial_port=port)

    return plug


def test_the_one_port_that_would_be_taken_is_named(
    plugged: Callable[..., SiteSettings], tmp_path: Path
) -> None:
    line = check(plugged("ttyUSB0")).line("port série")
    assert line == f"✅ port série : {tmp_path}/ttyUSB0 (SERIAL_PORT = None)"


def test_several_ports_are_named_as_they_are_to_be_written(
    plugged: Callable[..., SiteSettings], tmp_path: Path
) -> None:
    line = only_bad_line(check(plugged("ttyUSB0", "ttyUSB1")))
    assert line == (
        f"❌ plusieurs ports série ({tmp_path}/ttyUSB0, {tmp_path}/ttyUSB1) → SERIAL_PORT : "
        f"{tmp_path}/by-id/usb-ttyUSB0, {tmp_path}/by-id/usb-ttyUSB1"
    )


def test_where_a_port_is_missing_those_that_are_there_are_named(
    plugged: Callable[..., SiteSettings], tmp_path: Path
) -> None:
    line = only_bad_line(check(plugged("ttyUSB1", setting="ttyUSB0")))
    assert line.endswith(f"corriger SERIAL_PORT : {tmp_path}/by-id/usb-ttyUSB1")


def test_a_port_whose_name_may_change_is_told_the_one_that_lasts(
    plugged: Callable[..., SiteSettings], tmp_path: Path
) -> None:
    line = check(plugged("ttyUSB0", setting="ttyUSB0")).line("port série")
    assert line.endswith(f"ttyUSB0 (nom qui ne change pas : {tmp_path}/by-id/usb-ttyUSB0)")
    line = check(plugged(setting="by-id/usb-ttyUSB0")).line("port série")
    assert line == f"✅ port série {tmp_path}/by-id/usb-ttyUSB0"


# -- The program -----------------------------------------------------------------------------------


def test_the_command_ends_with_0_and_leaves_no_trace(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    program = run("check")
    assert program.finish() == 0
    assert all(line.startswith("✅ ") for line in program.lines)
    assert list(tmp_path.iterdir()) == []


def test_the_command_ends_with_1_where_something_is_wrong(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    (tmp_path / "bot.db").write_bytes(b"a letter to a friend")
    program = run("check")
    assert program.finish() == 1
    assert sum(line.startswith("❌ ") for line in program.lines) == 1


@pytest.mark.parametrize(("name", "value"), [("TCP_PORT", "0"), ("TCP_COURTESY_PAUSE", "-1")])
def test_the_command_ends_with_2_and_a_line_where_settings_make_no_sense(
    name: str, value: str, run: Callable[..., Program]
) -> None:
    program = run("check", **{name: value})
    assert program.finish() == 2
    assert len(program.lines) == 1 and name in program.lines[0]


def test_a_report_is_read_whatever_the_constants_are(run: Callable[..., Program]) -> None:
    program = run("report", TCP_SILENT_TIMEOUT="-5")
    assert program.finish() == 1  # there are no events
    assert not [line for line in program.lines if "TCP_SILENT_TIMEOUT" in line]


def test_the_command_beside_a_running_bot_names_it_and_disturbs_nothing(
    run: Callable[..., Program], node: SimulatedNode
) -> None:
    where = {"CONNECTION_MODE": "tcp", "TCP_HOST": "127.0.0.1", "TCP_PORT": str(node.port)}
    bot = run(**where)
    bot.wait_line("SYNC COMPLETE")
    checking = run("check", **where)
    assert checking.finish() == 0
    assert f"✅ un bot tourne (processus {bot.process.pid}) sur cette base" in checking.lines
    assert bot.process.poll() is None
    assert node.connections_total == 1
    bot.process.terminate()
    assert bot.process.wait(PROGRAM_S) == 0
