"""A name on this machine: one process has it, across accounts, and it ends with the process."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshbot.service.process_claim import ProcessClaim, holder_of
from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from meshbot.service.process_claim import ProcessClaim

claim = ProcessClaim()
print(claim.take(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def name() -> str:
    """A name of this test's own: every process of the machine sees it."""
    return f"test:{secrets.token_hex(8)}"


@contextmanager
def held_by_another(name: str, said: str = "True") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{said}\n"
        try:
            yield process
        finally:
            process.communicate(timeout=PROGRAM_S)


def test_another_process_has_a_name_until_it_is_killed(name: str) -> None:
    claim = ProcessClaim()
    assert holder_of(name) is None
    with held_by_another(name) as other:
        assert not claim.take(name)
        assert holder_of(name) == other.pid
        other.kill()
        other.wait(PROGRAM_S)
        assert holder_of(name) is None
        assert claim.take(name)
        assert holder_of(name) == os.getpid()
    claim.release()


@pytest.mark.slow
def test_this_process_keeps_others_from_a_name(name: str) -> None:
    claim = ProcessClaim()
    assert claim.take(name)
    with held_by_another(name, "False"):
        pass
    claim.release()
    with held_by_another(name):
        pass


def test_two_names_are_two_claims_and_one_is_given_back_as_often_as_one_likes(name: str) -> None:
    first, second = ProcessClaim(), ProcessClaim()
    assert first.take(name) and first.take(name + "2")
    assert not second.take(name)
    first.release()
    first.release()
    assert second.take(name)
    second.release()
    assert holder_of(name) is None


@pytest.mark.parametrize("odd", ["é", "\n", "\0", "\ud800", "x" * 300, "@ y"])
def test_a_name_of_any_length_and_kind_can_be_claimed(name: str, odd: str) -> None:
    claims = [ProcessClaim() for _ in range(3)]
    assert claims[0].take(name + odd)
    assert not claims[1].take(name + odd)
    assert claims[2].take(name + odd + "other")
    assert holder_of(name + odd) == os.getpid()
    for claim in claims:
        claim.release()


def test_nobody_can_connect_to_it(name: str) -> None:
    claim = ProcessClaim()
    claim.take(name)
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with asking, pytest.raises(ConnectionRefusedError):
        asking.connect(f"\0meshbot:{name}")
    claim.release()


def test_a_system_without_such_names_keeps_nobody_from_starting(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refuse)
    assert ProcessClaim().take(name)
