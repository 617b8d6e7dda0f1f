"""Node managers on a storage in memory, and what they log."""

import logging
from collections.abc import Callable

import pytest

from node_manager import NodeManager
from tests.mesh.known_mesh import KEYS, info_of
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def clock() -> Clock:
    return Clock(500.0)


@pytest.fixture
def wall_clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture
def nodes(storage: FakeStorage, clock: Clock, wall_clock: Clock) -> NodeManager:
    return NodeManager(storage, clock=clock, wall_clock=wall_clock)


@pytest.fixture
def known(nodes: NodeManager) -> NodeManager:
    """A manager that knows the keys of our own node and of three others."""
    nodes.learn_from_radio([info_of(num) for num in KEYS])
    return nodes


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what was logged since the last call, at INFO and above."""
    caplog.set_level(logging.INFO)

    def new_lines() -> list[str]:
        messages = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return messages

    return new_lines
