"""Forged orders around a true one; ``tests/long_runs/spoofed_orders.py`` plays more of them."""

import random
from pathlib import Path

import pytest

from meshbot.messages import bot_view
from meshbot.messages.order_gate import OrderGate
from tests.long_runs.spoofed_orders import SpoofedOrders, SpoofFailed

pytestmark = pytest.mark.slow

ROUNDS = 4


@pytest.fixture(autouse=True)
def no_pause_between_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_view, "RECONNECT_INTERVAL_S", 0.0)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_many_orders_the_true_one_alone_counts_once(number: int, tmp_path: Path) -> None:
    attack = SpoofedOrders(tmp_path, random.Random(number))
    attack.run()
    assert attack.played > 20


def test_an_order_that_counts_twice_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OrderGate, "_note", lambda *_: True)
    with pytest.raises(SpoofFailed, match="after the order"):
        SpoofedOrders(tmp_path, random.Random(1)).run()
