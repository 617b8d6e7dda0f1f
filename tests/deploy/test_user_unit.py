"""The unit for one account in docs/installing.md: no other words than the tested one's."""

import re

from tests.documents.page import Page
from tests.support.program import ROOT


def test_each_line_of_it_is_one_of_the_service_but_for_what_it_starts() -> None:
    (block,) = re.findall(
        r"```ini\n(.+?)```",
        Page("docs/installing.md").section("As a service of your account"),
        re.S,
    )
    service = (ROOT / "deploy/meshbot.service").read_text(encoding="utf-8").splitlines()
    own = [line for line in block.splitlines() if line not in service]
    assert own == ["ExecStart=%h/.local/bin/meshbot", "WantedBy=default.target"]
