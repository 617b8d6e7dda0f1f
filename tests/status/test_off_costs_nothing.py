"""A bot without a page loads nothing of it."""

import subprocess
import sys

import pytest

from tests.documents.page import ROOT
from tests.support.limits import PROGRAM_S

pytestmark = pytest.mark.slow
LOADED = (
    "import sys, main_bot; main_bot.MeshBot(environment={}); "
    "print([name for name in sys.modules if name.split('.')[0] in "
    "('jinja2', 'markupsafe', 'starlette', 'uvicorn', 'anyio') "
    "or name.startswith('meshbot.status')])"
)


def test_nothing_of_the_page_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=True,
    )
    assert done.stdout.strip() == "[]"
