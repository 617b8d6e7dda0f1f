"""The table of the air that the operations page shows is what the bot reckons."""

import re

import pytest
from meshtastic.protobuf import config_pb2

from meshbot.messages.air_budget import AirBudget
from meshbot.model.lora_airtime import preset_settings
from tests.documents.page import Page

Preset = config_pb2.Config.LoRaConfig.ModemPreset
ROWS = re.findall(
    r"^\| ([A-Z_]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \|$",
    Page("docs/operations.md").section("How much air the bot takes"),
    re.MULTILINE,
)


def test_there_are_rows() -> None:
    assert len(ROWS) == 8


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_each_row_is_what_the_bot_reckons(row: tuple[str, ...]) -> None:
    lora = preset_settings(Preset.Value(row[0]))
    short_s, long_s = (AirBudget.cost_s(lora, size, sealed=True) for size in (40, 200))
    shown = (f"{short_s:.2f}", f"{long_s:.2f}", f"{180 // long_s:.0f}", f"{36 // long_s:.0f}")
    assert row[1:] == shown
