"""One bot a node on this machine, by whatever name the node is called."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meshbot.link import serial_port_finder
from meshbot.service import node_claim
from meshbot.service.node_claim import NodeClaim, NodeTaken
from meshbot.service.site_settings import SiteSettings
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import PROGRAM_S, WAIT_S
from tests.support.program import Program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    """Settings with a port that no other test uses now: every process sees the claims."""
    return SiteSettings(
        connection_mode="tcp",
        tcp_host="192.0.2.7",
        tcp_port=free_port(),
        serial_port=None,
        database_path=tmp_path / "bot.db",
        log_level="INFO",
        answer_channels=(),
        admin_nodes={},
        require_pki=False,
    )


def resolving(*addresses: str) -> Callable[[str, int], list[Any]]:
    """Return a name server that knows one host."""

    def answer(_: str, port: int) -> list[Any]:
        return [
            (socket.AF_INET6, 1, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, 1, 6, "", (address, port))
            for address in addresses
        ]

    return answer


@contextmanager
def claimed(site: SiteSettings, **named: Any) -> Iterator[NodeClaim]:
    claim = NodeClaim(site, **named)
    claim.take()
    try:
        yield claim
    finally:
        claim.release()


def assert_refused(site: SiteSettings, **named: Any) -> str:
    claim = NodeClaim(site, **named)
    with pytest.raises(NodeTaken) as refusal:
        claim.take()
    assert (refusal.value.pid, refusal.value.passing) == (os.getpid(), True)
    assert claim.holder() == os.getpid()
    return str(refusal.value)


def test_a_second_claim_on_a_node_is_refused_and_says_whose_the_first_is(
    site: SiteSettings,
) -> None:
    with claimed(site):
        assert assert_refused(site) == (
            f"Un autre bot (processus {os.getpid()}) utilise déjà le nœud 192.0.2.7:"
            f"{site.tcp_port} : l'arrêter (sudo systemctl stop meshbot), ou régler un autre nœud "
            "dans config.py"
        )
        other = replace(site, tcp_host="192.0.2.8")
        with claimed(other):
            pass
    with claimed(site):
        pass
    assert NodeClaim(site).holder() is None


@pytest.mark.parametrize(
    "first, second",
    [("192.0.2.7", "::ffff:192.0.2.7"), ("2001:db8::7", "2001:0DB8:0::7"), ("127.0.0.1", "::1")],
)
def test_a_name_and_each_way_to_write_its_address_are_one_node(
    site: SiteSettings, first: str, second: str
) -> None:
    named = replace(site, tcp_host="node.example")
    numbered = replace(site, tcp_host=first)
    with claimed(named, resolve=resolving("192.0.2.99", second)):
        assert_refused(numbered)
        assert_refused(replace(site, tcp_host="other.example"), resolve=resolving(first))
    with claimed(numbered):
        assert_refused(named, resolve=resolving(second))


def test_what_was_claimed_before_a_refusal_is_given_back(site: SiteSettings) -> None:
    first = replace(site, tcp_host="192.0.2.9")
    both = replace(site, tcp_host="node.example")
    with claimed(replace(site, tcp_host="192.0.2.8")):
        assert_refused(both, resolve=resolving("192.0.2.9", "192.0.2.8"))
        with claimed(first):
            pass


def test_a_name_that_nobody_knows_yet_is_claimed_as_it_is_written(site: SiteSettings) -> None:
    def unknown(*_: object) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    named = replace(site, tcp_host="node.example")
    with claimed(named, resolve=unknown):
        assert_refused(named, resolve=unknown)
        with claimed(replace(site, tcp_host="other.example"), resolve=unknown):
            pass


def test_a_name_server_that_does_not_answer_delays_the_start_by_a_limit_only(
    site: SiteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_claim, "RESOLVE_S", 0.05)
    answers = threading.Event()

    def slow(_: str, port: int) -> list[Any]:
        answers.wait(WAIT_S)
        return resolving("192.0.2.7")("", port)

    named = replace(site, tcp_host="node.example")
    began_s = time.monotonic()
    with claimed(named, resolve=slow):
        assert time.monotonic() - began_s < WAIT_S
        with claimed(site):
            answers.set()  # what comes later is nobody's any more
    for thread in threading.enumerate():
        if thread.name == "node-name":
            thread.join(WAIT_S)


def test_a_wire_is_its_device_by_whatever_name(site: SiteSettings, tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    link = tmp_path / "by-id"
    link.symlink_to(device)
    wired = replace(site, connection_mode="serial", serial_port=str(device))
    with claimed(wired):
        said = assert_refused(replace(wired, serial_port=str(link)))
        assert f"le nœud {link}" in said
        with claimed(replace(wired, serial_port=str(tmp_path / "ttyUSB1"))):
            pass


def test_of_the_only_port_that_is_there_it_is_known_which_it_will_be(
    site: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [str(tmp_path / "ttyACM0")]
    monkeypatch.setattr(serial_port_finder, "likely_ports", lambda: ports)
    wired = replace(site, connection_mode="serial", serial_port=None)
    with claimed(wired):
        assert "le nœud du port série" in assert_refused(wired)
        ports.append(str(tmp_path / "ttyACM1"))
        with claimed(wired):
            pass


def test_simulated_nodes_are_each_bots_own(site: SiteSettings) -> None:
    simulated = replace(site, connection_mode="simulated")
    with claimed(simulated), claimed(simulated):
        assert NodeClaim(simulated).holder() is None


# -- The program ---------------------------------------------------------------------------------


def settings_of(node: SimulatedNode, path: Path) -> dict[str, str]:
    return {
        "CONNECTION_MODE": "tcp",
        "TCP_HOST": "localhost",
        "TCP_PORT": str(node.port),
        "DATABASE_PATH": str(path),
    }


def test_a_second_bot_on_a_node_ends_with_a_line_and_the_first_keeps_its_link(
    run: Callable[..., Program], node: SimulatedNode, tmp_path: Path
) -> None:
    first = run(**settings_of(node, tmp_path / "one.db"))
    first.wait_line("SYNC COMPLETE")
    second = run(**{**settings_of(node, tmp_path / "two.db"), "TCP_HOST": "127.0.0.1"})
    assert second.finish() == 1
    (line,) = second.lines
    pid = first.process.pid
    assert f"[ERROR] ❌ Un autre bot (processus {pid}) utilise déjà le nœud 127.0.0.1" in line
    checking = run("check", **settings_of(node, tmp_path / "two.db"))
    assert checking.finish() == 1
    assert any(f"un autre bot (processus {pid}) s'en sert" in line for line in checking.lines)
    first.process.terminate()
    assert first.finish() == 0
    assert not [line for line in first.lines if "[ERROR]" in line or "connexion fermée" in line]


def test_a_second_bot_is_refused_after_the_store_was_deleted_lock_and_all(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    first = run()
    first.wait_line("SYNC COMPLETE")
    for file in tmp_path.glob("bot.db*"):
        file.unlink()
    second = run()
    assert second.finish() == 1
    (line,) = second.lines
    assert f"Un autre bot (processus {first.process.pid}) utilise déjà la base" in line
    assert not list(tmp_path.glob("bot.db*.lock"))
    first.process.terminate()
    assert first.process.wait(PROGRAM_S) == 0


def test_a_bot_starts_on_the_node_of_one_that_was_killed(
    run: Callable[..., Program], node: SimulatedNode, tmp_path: Path
) -> None:
    first = run(**settings_of(node, tmp_path / "one.db"))
    first.wait_line("SYNC COMPLETE")
    first.process.kill()
    first.finish()
    second = run(**settings_of(node, tmp_path / "two.db"))
    second.wait_line("SYNC COMPLETE")
    second.process.terminate()
    assert second.finish() == 0
