"""The program as somebody starts it at a terminal: the first start, the bot, Ctrl-C, Ctrl-Z."""

import os
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT
from tests.support.pty_program import PtyProgram

pytestmark = pytest.mark.slow


def test_the_first_start_ends_with_a_bot_that_can_run(node: SimulatedNode, tmp_path: Path) -> None:
    file = tmp_path / "bot.env"
    file.write_text("# mine\nMESHBOT_DATABASE_PATH=mine.db\n")
    with PtyProgram(tmp_path, "setup", "--to", str(file)) as program:
        program.answer("Quel nœud ?", "nowhere at all\n")
        program.answer("Quel nœud ?", f"127.0.0.1:{node.port}\n")
        program.answer("Langue du bot", "\n")
        program.answer("Partager le nœud ?", "non\n")
        program.answer("Écrire ?", "o\n")
        code, rows = program.finish()
    said = "\n".join(rows)
    assert code == 0, said
    assert f"✅ nœud 127.0.0.1:{node.port} : répond" in said
    assert "un blanc est de trop" in said
    assert file.read_text() == (
        "# mine\n"
        "MESHBOT_DATABASE_PATH=mine.db\n"
        "MESHBOT_CONNECTION_MODE=tcp\n"
        "MESHBOT_TCP_HOST=127.0.0.1\n"
        f"MESHBOT_TCP_PORT={node.port}\n"
        "MESHBOT_LANGUAGE=fr\n"
        "MESHBOT_SHARE_PORT=0\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_ctrl_c_in_the_dialog_writes_nothing_and_leaves_the_terminal_as_it_was(
    tmp_path: Path,
) -> None:
    with PtyProgram(tmp_path, "setup", "--host", "10.0.0.7", "--to", "bot.env") as program:
        program.answer("Langue du bot", "fr\n")
        program.look_until(lambda rows: "Partager le nœud ?" in rows[-1])
        program.type("\x03")
        code, rows = program.finish()
        assert program.modes_now() == program.modes
    assert code == 1
    assert rows[-2:] == ["❌ Interrompu", ""]
    assert "Traceback" not in "\n".join(rows)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("setup",), ("setup", "--simulate")], ids=" ".join)
def test_without_a_terminal_and_without_answers_it_is_one_clear_line(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main_bot.py"), *words, "--to", "bot.env"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROGRAM_S,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "❌ Rien n'a été écrit : plus de réponse à lire"
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_who_has_set_nothing_is_shown_the_setup_and_the_state_of_the_simulated_node(
    tmp_path: Path,
) -> None:
    database = str(tmp_path / "bot.db")
    with PtyProgram(tmp_path, MESHBOT_DATABASE_PATH=database) as program:
        rows = program.look_until(lambda rows: "● liaison depuis" in rows[-1])
        assert "nœuds │ 0 en attente" in rows[-1]
        assert sum("main_bot.py setup" in row for row in rows) == 1
        program.look_until(lambda rows: "‹/ping›, il y a" in rows[-1])
        program.type("\x03")
        code, rows = program.finish()
        assert program.modes_now() == program.modes
        assert program.screen.unknown == []
    assert code == 0
    assert rows[-1] == ""
    assert "👋 Bot arrêté" in rows[-2]
    assert not [row for row in rows if "●" in row], "no state is left behind"


def test_a_dumb_terminal_gets_the_journal_to_the_letter(tmp_path: Path) -> None:
    with PtyProgram(tmp_path, "--simulate", TERM="dumb") as program:
        program.look_until(lambda rows: any("SYNC COMPLETE" in row for row in rows))
        program.type("\x03")
        code, rows = program.finish()
    assert code == 0
    assert not [row for row in rows if "\x1b" in row or "●" in row]
    assert not [row for row in rows if "main_bot.py setup" in row], "it was chosen"


SUSPENDED = """
import os, sys
from meshbot.service.suspension import Suspension
say = lambda text: os.write(1, f"{text}\\n".encode())  # print may not be interrupted by itself
suspension = Suspension(lambda: say("before"), lambda: say("after"))
suspension.install()
say("ready")
sys.stdin.readline()
suspension.remove()
"""


def is_stopped(process: "subprocess.Popen[str]") -> bool:
    """Wait until a child is suspended; return False if it goes on instead."""
    assert process.stdout is not None
    ends_s = time.monotonic() + PROGRAM_S
    while not select.select([process.stdout], [], [], 0.05)[0]:
        assert time.monotonic() < ends_s
        _, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if os.WIFSTOPPED(status):
            return True
    return False


def test_ctrl_z_leaves_the_terminal_clean_each_time() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SUSPENDED],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        process_group=0,  # the system suspends no group whose parents are all in other sessions
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "ready\n"
        for _ in range(2):
            process.send_signal(signal.SIGTSTP)
            assert process.stdout.readline() == "before\n"
            assert is_stopped(process)
            process.send_signal(signal.SIGCONT)
            assert process.stdout.readline() == "after\n"
        process.stdin.close()
        assert process.wait(PROGRAM_S) == 0
    finally:
        process.kill()
        process.wait(PROGRAM_S)
        process.stdout.close()
