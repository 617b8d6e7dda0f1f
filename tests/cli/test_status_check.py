"""What the check says of the status server."""

import importlib.util
import socket
from types import SimpleNamespace
from typing import cast

import pytest

from meshbot.cli.finding import Finding
from meshbot.cli.status_check import status_findings
from meshbot.service.site_settings import SiteSettings
from meshbot.status.status_settings import StatusSettings
from tests.support.unused_port import unused_port


def findings(port: int, *, address: str = "127.0.0.1", bot_runs: bool = False) -> list[Finding]:
    site = SimpleNamespace(status=StatusSettings(port=port, address=address))
    return list(status_findings(cast(SiteSettings, site), bot_runs=bot_runs))


def test_off_it_says_nothing() -> None:
    assert findings(0) == []


def test_a_port_that_is_free() -> None:
    port = unused_port()
    (finding,) = findings(port)
    assert (finding.what, finding.remedy) == (
        f"état par HTTP sur 127.0.0.1:{port} : port libre",
        "",
    )
    (finding,) = findings(port, address="0.0.0.0")
    assert finding.what.endswith(", ouvert au réseau et sans mot de passe")
    (finding,) = findings(port, bot_runs=True)
    assert finding.remedy == "le redémarrer"


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (finding,) = findings(port)
        assert "un autre programme y écoute déjà" in finding.what
        assert "STATUS_PORT" in finding.remedy
        (finding,) = findings(port, bot_runs=True)
        assert (finding.remedy, "par le bot en marche" in finding.what) == ("", True)


def test_an_address_that_is_not_ours() -> None:
    (finding,) = findings(unused_port(), address="192.0.2.1")
    assert finding.remedy == "corriger STATUS_ADDRESS"


def test_libraries_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: None if name == "uvicorn" else find(name, package),
    )
    finding, _ = findings(unused_port())
    assert finding.what == "état par HTTP : il manque uvicorn"
    assert "make extras" in finding.remedy
