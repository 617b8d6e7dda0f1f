"""Which service is to be stopped where two bots want the same."""

import os
from pathlib import Path

import pytest

from meshbot.service.node_claim import NodeTaken
from meshbot.store.instance_lock import database_in_use
from meshbot.store.service_unit import unit_of


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        ("0::/system.slice/meshbot.service\n", "meshbot"),
        ("0::/system.slice/system-meshbot.slice/meshbot@attic.service\n", "meshbot@attic"),
        (
            "12:cpu:/x\n1:name=systemd:/system.slice/system-meshbot.slice/meshbot@a-1.service\n0::/\n",
            "meshbot@a-1",
        ),
        ("0::/user.slice/user-1000.slice/session-4.scope\n", "meshbot"),
        ("0::/system.slice/notmeshbot.service\n", "meshbot"),
        ("\xff\n", "meshbot"),
    ],
)
def test_the_unit_is_told_by_the_groups_of_the_process(
    groups: str, unit: str, tmp_path: Path
) -> None:
    (tmp_path / "812").mkdir()
    (tmp_path / "812/cgroup").write_text(groups, encoding="latin-1")
    assert unit_of(812, tmp_path) == unit


def test_a_process_that_is_not_there_is_of_the_usual_unit(tmp_path: Path) -> None:
    assert unit_of(812, tmp_path) == "meshbot"
    assert unit_of(0) == "meshbot"


def test_the_line_names_the_service_to_stop() -> None:
    taken = NodeTaken("192.168.1.38:4403", 812, "meshbot@attic")
    assert "(processus 812)" in str(taken) and "systemctl stop meshbot@attic)" in str(taken)
    assert "systemctl stop meshbot)" in str(database_in_use(Path("bot.db"), os.getpid()))
