"""The installer, in a scratch root: what it makes, keeps, refuses, and leaves when interrupted."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.machine import Machine, executable, tree
from tests.support.limits import PROGRAM_S

pytestmark = pytest.mark.slow


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def installed(machine: Machine) -> Machine:
    done = machine.install()
    assert (done.returncode, done.stderr) == (0, "")
    return machine


STEPS = (
    "utilisateur meshbot",
    "construire le programme",
    "garder les réglages",
    "mettre le nouveau programme à sa place",
    "unités ",
    "activer et démarrer",
)


# -- Install ---------------------------------------------------------------------------------------


def test_a_dry_run_says_each_step_and_changes_nothing(machine: Machine) -> None:
    done = machine.install("--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    for step in STEPS:
        assert f"  serait fait : {step}" in done.stdout
    assert len(done.stdout.splitlines()) == len(STEPS)
    assert tree(machine.root) == {}


@pytest.mark.parametrize("options", [(), ("--upgrade",), ("--uninstall", "--purge")])
def test_a_dry_run_changes_nothing_that_is_installed(
    options: tuple[str, ...], installed: Machine
) -> None:
    (installed.root / "opt/meshbot.new").mkdir()
    installed.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    before = tree(installed.root)
    done = installed.install("--dry-run", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(installed.root) == before


def test_it_puts_everything_in_place_and_says_what_comes_next(machine: Machine) -> None:
    done = machine.install()
    assert (done.returncode, done.stderr) == (0, "")
    for step in STEPS:
        assert f"• {step}" in done.stdout
    assert "✅ Installé" in done.stdout
    assert "👉 Y mettre l'adresse du nœud" in done.stdout
    assert machine.version_of_program().startswith("MeshBot ")
    assert (machine.program / ".venv/bin/python").exists()
    assert machine.state.is_dir()
    deploy = machine.source / "deploy"
    unit = machine.root / "etc/systemd/system/meshbot.service"
    assert unit.read_bytes() == (deploy / "meshbot.service").read_bytes()
    assert (
        unit.with_name("meshbot@.service").read_bytes()
        == (deploy / "meshbot@.service").read_bytes()
    )
    command = machine.root / "usr/local/bin/meshbot"
    assert command.read_bytes() == (deploy / "meshbot").read_bytes()
    assert os.access(command, os.X_OK)
    assert machine.settings.read_bytes() == (deploy / "meshbot.env").read_bytes()
    assert not list((machine.root / "opt").glob("meshbot.*"))


def test_with_a_real_environment_the_installed_program_has_its_own_python(
    machine: Machine,
) -> None:
    done = machine.install(PYTHON=sys.executable)
    assert (done.returncode, done.stderr) == (0, "")
    pip = subprocess.run(
        [str(machine.program / ".venv/bin/python"), "-m", "pip", "--version"],
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=True,
    )
    assert str(machine.program) in pip.stdout


@pytest.mark.parametrize("options", [(), ("--upgrade",)], ids=["install", "upgrade"])
def test_to_run_it_again_changes_nothing(options: tuple[str, ...], installed: Machine) -> None:
    before = tree(installed.root)
    done = installed.install(*options)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(installed.root) == before


def test_an_upgrade_brings_the_new_program_and_takes_away_what_is_no_more(
    installed: Machine,
) -> None:
    (installed.source / "config.py").write_text("TCP_PORT = 7\n", encoding="utf-8")
    (installed.source / "meshbot/text/text_split.py").unlink()
    assert installed.install("--upgrade").returncode == 0
    assert (installed.program / "config.py").read_text(encoding="utf-8") == "TCP_PORT = 7\n"
    assert not (installed.program / "meshbot/text/text_split.py").exists()
    assert installed.settings_lines() == []


def test_what_the_project_folder_holds_of_ones_own_is_not_installed(machine: Machine) -> None:
    for name in ("meshbot.db", "meshbot.db-wal", "meshbot.db.copie"):
        (machine.source / name).touch()
    for name in (".git", ".venv", "tests", "__pycache__", ".mypy_cache"):
        (machine.source / name).mkdir()
        (machine.source / name / "mine").touch()
    assert machine.install().returncode == 0
    names = tree(machine.program)
    assert not [name for name in names if ".db" in name or name.endswith("mine")]


def test_a_file_like_those_of_ones_own_is_installed_where_the_program_has_it(
    machine: Machine,
) -> None:
    """A page of the report beside the program is the operator's, a template in it is not."""
    template = machine.source / "meshbot/text/page.html"
    for file in (template, machine.source / "page.html", machine.source / "journal.txt"):
        file.touch()
    for name in ("build", "dist", "meshbot.egg-info"):
        (machine.source / name).mkdir()
        (machine.source / name / "made").touch()
    assert machine.install().returncode == 0
    names = tree(machine.program)
    assert "meshbot/text/page.html" in names
    assert {"page.html", "journal.txt", "build", "dist", "meshbot.egg-info"} & names.keys() == set()


@pytest.mark.parametrize(
    ("file", "line", "extra"),
    [
        ("etc/meshbot.env", "MESHBOT_STATUS_PORT=8080", "status"),
        ("etc/meshbot/attic.env", "MESHBOT_ALERT_URLS=ntfy://roof", "alerts"),
        ("etc/meshbot.env", "#MESHBOT_STATUS_PORT=8080", None),
        ("etc/meshbot.env", "MESHBOT_ALERT_URLS=", None),
    ],
)
def test_what_is_optional_is_installed_where_a_setting_asks_for_it(
    file: str, line: str, extra: str | None, machine: Machine
) -> None:
    settings = machine.root / file
    settings.parent.mkdir(parents=True)
    settings.write_text(f"{line}\n", encoding="utf-8")
    told = machine.folder / "told"
    pip = executable(machine.folder / "pip", f'#!/bin/sh\necho "$@" >>"{told}"\n')
    done = machine.install(MESHBOT_PIP=str(pip))
    assert (done.returncode, done.stderr) == (0, "")
    found = re.findall(r"requirements-(\w+)\.txt", told.read_text(encoding="utf-8"))
    assert found == ([extra] if extra else [])


# -- Settings --------------------------------------------------------------------------------------


def test_settings_edited_in_the_programs_files_are_carried_over_once(installed: Machine) -> None:
    installed.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    installed.edit("config.py", "ADMIN_NODES: tuple[str, ...] = ()", 'ADMIN_NODES = ("!a", "!b")')
    installed.edit("main_bot.py", "TCP_PUBKEY_SYNC_DELAY: float = 30", "TCP_PUBKEY_SYNC_DELAY = 60")
    for _ in range(2):
        done = installed.install("--upgrade")
        assert (done.returncode, done.stderr) == (0, "")
        assert installed.settings_lines() == [
            "MESHBOT_TCP_HOST=10.0.0.7",
            "MESHBOT_ADMIN_NODES=!a,!b",
            "MESHBOT_TCP_PUBKEY_SYNC_DELAY=60",
        ]
    delivered = (installed.source / "config.py").read_bytes()
    assert (installed.program / "config.py").read_bytes() == delivered


def test_a_line_of_the_settings_file_wins_over_an_edited_file_and_stays(
    installed: Machine,
) -> None:
    text = "# mon nœud\nMESHBOT_TCP_HOST=10.0.0.1\n"
    installed.settings.write_text(text, encoding="utf-8")
    installed.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    done = installed.install("--upgrade")
    assert done.returncode == 0
    assert installed.settings.read_text(encoding="utf-8") == text


def test_where_alerts_are_sent_their_library_is_installed_and_the_passwords_are_kept(
    installed: Machine,
) -> None:
    pip = executable(installed.folder / "pip", f'#!/bin/sh\necho "$*" >>{installed.folder}/asked\n')
    assert installed.install(MESHBOT_PIP=str(pip)).returncode == 0
    installed.settings.chmod(0o644)
    installed.settings.write_text("MESHBOT_ALERT_URLS=ntfy://secret\n", encoding="utf-8")
    assert installed.install(MESHBOT_PIP=str(pip)).returncode == 0
    without, with_alerts = (installed.folder / "asked").read_text(encoding="utf-8").splitlines()
    assert "requirements-alerts.txt" not in without
    assert with_alerts.endswith("requirements-alerts.txt")
    assert installed.settings.stat().st_mode & 0o777 == 0o600


def test_the_settings_file_is_never_overwritten(installed: Machine) -> None:
    text = "MESHBOT_CONNECTION_MODE=tcp\n"
    installed.settings.write_text(text, encoding="utf-8")
    (installed.source / "deploy/meshbot.env").write_text("# new\n", encoding="utf-8")
    done = installed.install()
    assert done.returncode == 0
    assert "👉" not in done.stdout, "the node is set already"
    assert installed.settings.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["config.py", "main_bot.py"])
def test_an_edited_file_that_cannot_be_read_stops_it_before_anything_is_changed(
    name: str, installed: Machine
) -> None:
    (installed.program / name).write_text("TCP_HOST = 'no end\n", encoding="utf-8")
    (installed.source / "requirements.txt").write_text("new\n", encoding="utf-8")
    before = tree(installed.root)
    done = installed.install("--upgrade")
    assert done.returncode == 1
    assert f"{installed.program / name} illisible" in done.stderr
    assert tree(installed.root) == before


def test_what_stands_beside_the_program_of_a_bot_tried_by_hand_is_kept(
    installed: Machine,
) -> None:
    (installed.program / ".env").write_text("MESHBOT_TCP_HOST=mine\n", encoding="utf-8")
    (installed.program / "meshbot.db").write_bytes(b"keys")
    assert installed.install("--upgrade").returncode == 0
    assert (installed.program / ".env").read_text(encoding="utf-8") == "MESHBOT_TCP_HOST=mine\n"
    assert (installed.program / "meshbot.db").read_bytes() == b"keys"


def test_a_program_that_was_put_there_by_hand_is_kept_aside(machine: Machine) -> None:
    shutil.copytree(machine.source, machine.program)
    machine.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    done = machine.install("--upgrade")
    assert done.returncode == 0
    kept = machine.root / "opt/meshbot.avant"
    assert str(kept) in done.stdout
    assert "10.0.0.7" in (kept / "config.py").read_text(encoding="utf-8")
    assert "10.0.0.7" not in (machine.program / "config.py").read_text(encoding="utf-8")
    before = tree(machine.root)
    assert machine.install("--upgrade").returncode == 0
    assert tree(machine.root) == before


# -- Several nodes ---------------------------------------------------------------------------------


def systemd_of(machine: Machine, *, enabled: bool, fails: str = "-") -> Path:
    """Have the installer find a service manager; return the file that keeps what it was told.

    ``enabled``: whether the service without a name is. ``fails``: the service that does not start.
    """
    told = machine.folder / "systemctl.txt"
    executable(
        machine.commands / "systemctl",
        "#!/bin/sh\n"
        f'case "$*" in *is-enabled*) exit {0 if enabled else 1} ;; esac\n'
        f'echo "$*" >>"{told}"\n'
        f'case "$*" in "restart {fails}") exit 1 ;; esac\n',
    )
    script = machine.source / "deploy/install.sh"
    text = script.read_text(encoding="utf-8")
    known = 'if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemd=yes'
    assert text.count(known) == 1
    script.write_text(text.replace(known, "if true; then systemd=yes"), encoding="utf-8")
    return told


def settings_of(machine: Machine, site: str) -> Path:
    return machine.root / f"etc/meshbot/{site}.env"


def test_a_site_gets_settings_of_its_own_that_say_its_name(machine: Machine) -> None:
    done = machine.install("--site", "attic", "--site", "garden-2")
    assert (done.returncode, done.stderr) == (0, "")
    for site in ("attic", "garden-2"):
        assert f"systemctl restart meshbot@{site}" in settings_of(machine, site).read_text("utf-8")
        assert f"journalctl -u meshbot@{site} -f" in done.stdout
        assert f"systemctl restart meshbot@{site}\n" in done.stdout
    assert "restart meshbot\n" not in done.stdout, "the bot without a name does not run"
    before = tree(machine.root)
    assert machine.install("--site", "attic").returncode == 0
    assert tree(machine.root) == before


def test_the_services_of_the_sites_are_started_and_no_other(machine: Machine) -> None:
    told = systemd_of(machine, enabled=False)
    assert machine.install("--site", "attic", "--site", "garden").returncode == 0
    started = [
        "daemon-reload",
        "enable meshbot@attic.service",
        "restart meshbot@attic.service",
        "enable meshbot@garden.service",
        "restart meshbot@garden.service",
    ]
    assert told.read_text(encoding="utf-8").splitlines() == started
    told.unlink()
    assert machine.install("--upgrade").returncode == 0
    assert told.read_text(encoding="utf-8").splitlines() == started


def test_a_bot_without_a_name_that_is_enabled_goes_on_beside_a_site(machine: Machine) -> None:
    told = systemd_of(machine, enabled=True)
    assert machine.install("--site", "attic").returncode == 0
    lines = told.read_text(encoding="utf-8").splitlines()
    assert "restart meshbot@attic.service" in lines
    assert "restart meshbot.service" in lines


def test_where_one_of_two_services_does_not_start_the_old_program_is_put_back(
    machine: Machine,
) -> None:
    assert machine.install("--site", "attic", "--site", "garden").returncode == 0
    version = machine.version_of_program()
    told = systemd_of(machine, enabled=False, fails="meshbot@garden.service")
    package = machine.source / "meshbot/__init__.py"
    new = package.read_text(encoding="utf-8").replace('VERSION = "', 'VERSION = "9')
    package.write_text(new, encoding="utf-8")
    done = machine.install("--upgrade")
    assert done.returncode == 1
    assert "l'ancien est remis : journalctl -u meshbot@garden -n 50" in done.stderr
    assert machine.version_of_program() == version
    lines = told.read_text(encoding="utf-8").splitlines()
    assert lines.count("restart meshbot@attic.service") == 2, "with the new and with the old"


def test_what_was_edited_in_the_programs_files_is_carried_over_to_each_site(
    machine: Machine,
) -> None:
    assert machine.install("--site", "attic").returncode == 0
    settings_of(machine, "attic").write_text("MESHBOT_TCP_HOST=10.0.0.1\n", encoding="utf-8")
    machine.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    machine.edit("config.py", 'LOG_LEVEL = "INFO"', 'LOG_LEVEL = "DEBUG"')
    assert machine.install("--upgrade", "--site", "garden").returncode == 0
    lines = settings_of(machine, "attic").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "MESHBOT_TCP_HOST=10.0.0.1" and lines[-1] == "MESHBOT_LOG_LEVEL=DEBUG"
    assert "MESHBOT_TCP_HOST=10.0.0.7" in settings_of(machine, "garden").read_text("utf-8")


def test_to_purge_takes_the_sites_away_too(machine: Machine) -> None:
    told = systemd_of(machine, enabled=False)
    assert machine.install("--site", "attic").returncode == 0
    (machine.state / "attic").mkdir()
    (machine.state / "attic/meshbot.db").write_bytes(b"keys")
    assert machine.install("--uninstall").returncode == 0
    assert "disable --now meshbot@attic.service" in told.read_text(encoding="utf-8")
    assert {name for name, data in tree(machine.root).items() if data is not None} == {
        "etc/meshbot.env",
        "etc/meshbot/attic.env",
        "var/lib/meshbot/attic/meshbot.db",
    }
    assert machine.install("--uninstall", "--purge").returncode == 0
    assert [name for name, data in tree(machine.root).items() if data is not None] == []


# -- Uninstall -------------------------------------------------------------------------------------


def test_to_uninstall_keeps_settings_and_database(installed: Machine) -> None:
    (installed.state / "meshbot.db").write_bytes(b"keys")
    settings = installed.settings.read_bytes()
    done = installed.install("--uninstall")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ℹ️ Gardés" in done.stdout
    assert {name for name, data in tree(installed.root).items() if data is not None} == {
        "etc/meshbot.env",
        "var/lib/meshbot/meshbot.db",
    }
    assert installed.settings.read_bytes() == settings
    assert installed.install().returncode == 0
    assert (installed.state / "meshbot.db").read_bytes() == b"keys"


def test_to_purge_takes_everything_away(installed: Machine) -> None:
    (installed.state / "meshbot.db").write_bytes(b"keys")
    done = installed.install("--uninstall", "--purge")
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name, data in tree(installed.root).items() if data is not None] == []
    assert not installed.state.exists()


def test_to_uninstall_where_nothing_is_installed_says_so(machine: Machine) -> None:
    done = machine.install("--uninstall")
    assert done.returncode == 0
    assert "n'est pas installé ici" in done.stdout


# -- Refusals --------------------------------------------------------------------------------------


def refused(machine: Machine, text: str, *options: str, **environment: str) -> None:
    """Fail unless the installer refuses with a line, having changed nothing."""
    before = tree(machine.root)
    done = machine.install(*options, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("❌ ") and text in done.stderr
    assert done.stdout == ""
    assert tree(machine.root) == before


def test_an_upgrade_before_an_installation_is_refused(machine: Machine) -> None:
    refused(machine, "pas encore installé", "--upgrade")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--nonsense",), "option inconnue : --nonsense"),
        (("upgrade",), "option inconnue : upgrade"),
        (("--purge",), "--purge ne va qu'avec --uninstall"),
        (("--upgrade", "--purge"), "--purge ne va qu'avec --uninstall"),
        (("--root",), "--root : quel dossier ?"),
        (("--site",), "--site : un nom de lettres"),
        (("--site", ""), "--site : un nom de lettres"),
        (("--site", "a b"), "--site : un nom de lettres"),
        (("--site", "../attic"), "--site : un nom de lettres"),
        (("--site", "-attic"), "--site : un nom de lettres"),
        (("--uninstall", "--site", "attic"), "--site ne va pas avec --uninstall"),
        (("--root", "/no/such/folder"), "/no/such/folder n'est pas un dossier"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: tuple[str, ...], text: str, machine: Machine
) -> None:
    refused(machine, text, *options)


@pytest.mark.parametrize(
    "name",
    [
        "main_bot.py",
        "config.py",
        "meshbot/__init__.py",
        "requirements.txt",
        "deploy/meshbot.service",
        "deploy/meshbot@.service",
    ],
)
def test_a_folder_that_is_not_the_projects_is_refused(name: str, machine: Machine) -> None:
    (machine.source / name).unlink()
    refused(machine, f"n'est pas le dossier du projet : {name} manque")


def test_the_installed_program_cannot_install_itself(installed: Machine) -> None:
    installed.source = installed.program
    refused(installed, "à lancer depuis une copie du projet")


def test_a_python_that_is_too_old_is_refused_with_its_version(machine: Machine) -> None:
    old = executable(
        machine.folder / "old",
        '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n',
    )
    refused(machine, f"il faut Python 3.11 ou plus récent, {old} est Python 3.9.2", PYTHON=str(old))


def test_a_python_that_is_missing_is_refused(machine: Machine) -> None:
    refused(machine, "/no/python introuvable", PYTHON="/no/python")


def test_a_python_that_makes_no_environments_is_refused(machine: Machine) -> None:
    bare = executable(
        machine.folder / "bare",
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n',
    )
    refused(machine, "le module venv manque", PYTHON=str(bare))


def test_a_disk_without_room_is_refused(machine: Machine) -> None:
    executable(
        machine.commands / "df",
        "#!/bin/sh\necho Filesystem\necho dev 1000000 700000 300000 70% /\n",
    )
    refused(machine, "il faut 400 Mo libres")


def test_only_root_may_install(machine: Machine) -> None:
    machine.run_by(1_000)
    refused(machine, "à lancer en root")


def test_help_tells_the_options_and_needs_no_root(machine: Machine) -> None:
    done = machine.install("--help")
    assert done.returncode == 0
    for option in ("--upgrade", "--uninstall", "--purge", "--dry-run", "--root"):
        assert option in done.stdout


def test_two_installations_at_a_time_are_refused(machine: Machine) -> None:
    folder = machine.root / "opt"
    folder.mkdir(parents=True)
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = machine.install()
    os.close(held)
    assert done.returncode == 1
    assert "une autre installation est en cours" in done.stdout + done.stderr
    assert list(folder.iterdir()) == []
    assert machine.install().returncode == 0


# -- Interrupted -----------------------------------------------------------------------------------


def test_libraries_that_cannot_be_had_leave_no_rest_on_a_new_machine(machine: Machine) -> None:
    done = machine.install(MESHBOT_PIP="false")
    assert done.returncode == 1
    assert not [name for name, data in tree(machine.root).items() if data is not None]
    assert machine.install().returncode == 0


def kill_installer(machine: Machine) -> str:
    """Return a pip that kills the installer in its middle."""
    return str(executable(machine.folder / "pip", "#!/bin/sh\nkill -KILL $PPID\n"))


def end_installer(machine: Machine) -> str:
    """Return a pip that has the installer ended, as by Ctrl-C, in its middle."""
    return str(executable(machine.folder / "pip", "#!/bin/sh\nkill -INT $PPID\n"))


def no_pip(machine: Machine) -> str:
    return "false"


@pytest.mark.parametrize("pip", [no_pip, end_installer, kill_installer])
def test_an_upgrade_interrupted_half_way_leaves_the_old_program_working(
    pip: Callable[[Machine], str], installed: Machine
) -> None:
    before = tree(installed.root)
    version = installed.version_of_program()
    package = installed.source / "meshbot/__init__.py"
    new = package.read_text(encoding="utf-8").replace('VERSION = "', 'VERSION = "9')
    package.write_text(new, encoding="utf-8")
    done = installed.install("--upgrade", MESHBOT_PIP=pip(installed))
    assert done.returncode != 0
    after = tree(installed.root)
    if pip is kill_installer:  # nobody can clean up then; the next run does
        after = {name: data for name, data in after.items() if "meshbot.new" not in name}
    assert after == before
    assert installed.version_of_program() == version
    assert installed.install("--upgrade").returncode == 0
    assert installed.version_of_program() == version.replace(" ", " 9")
    assert not list((installed.root / "opt").glob("meshbot.*"))


def test_an_upgrade_killed_between_the_old_and_the_new_program_is_made_good_by_the_next(
    installed: Machine,
) -> None:
    installed.edit("config.py", 'TCP_HOST = "192.168.1.38"', 'TCP_HOST = "10.0.0.7"')
    installed.program.rename(installed.root / "opt/meshbot.old")
    done = installed.install("--upgrade")
    assert (done.returncode, done.stderr) == (0, "")
    assert installed.settings_lines() == ["MESHBOT_TCP_HOST=10.0.0.7"]
    assert installed.version_of_program().startswith("MeshBot ")
    assert not list((installed.root / "opt").glob("meshbot.*"))
