"""Simulated nodes that end with their test."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.simulation.client import NodeMaker


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left, f"threads left over: {left}"


@pytest.fixture
def make_node() -> Iterator[NodeMaker]:
    with contextlib.ExitStack() as stack:

        def make(**options: object) -> SimulatedNode:
            return stack.enter_context(SimulatedNode(**options))  # type: ignore[arg-type]

        yield make


@pytest.fixture
def node(make_node: NodeMaker) -> SimulatedNode:
    return make_node(peers=4, text_spacing_s=0.0)
