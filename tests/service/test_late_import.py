"""A module that is loaded late is the same module, and nobody notices but the clock."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from meshbot.service.late_import import load_late
from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]
USING = """
import json, sys
from meshbot.service.late_import import load_late
finders = list(sys.meta_path)
load_late("requests")
import meshtastic.util
before = "urllib3" in sys.modules
assert sys.meta_path == finders
try:
    meshtastic.util.requests.get("http://127.0.0.1:1/")
except meshtastic.util.requests.exceptions.ConnectionError:
    used = "urllib3" in sys.modules
import requests, requests.adapters
print(json.dumps([before, used, requests is meshtastic.util.requests, requests.__name__]))
"""


def test_it_is_loaded_by_whoever_uses_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", USING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PROGRAM_S,
    )
    assert json.loads(told.stdout) == [False, True, True, "requests"]


def test_what_is_not_there_is_missing_as_ever() -> None:
    finders = list(sys.meta_path)
    load_late("no_such_module_at_all")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        __import__("no_such_module_at_all")
    assert sys.meta_path == finders


def test_what_is_loaded_already_stays() -> None:
    finders = list(sys.meta_path)
    load_late("json")
    assert sys.meta_path == finders
