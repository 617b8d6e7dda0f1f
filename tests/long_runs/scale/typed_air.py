"""What eight people who type may put on the air: arithmetic, nothing is measured. Pure."""

from meshbot.model.lora_airtime import preset_settings, text_packet_bytes, time_on_air_s
from meshbot.sharing.guest_air import GUESTS_SHARE, MOST_PERCENT
from tests.long_runs.scale.measured import Table

PRESETS = {"SHORT_FAST": 6, "MEDIUM_FAST": 4, "LONG_FAST": 0, "LONG_SLOW": 1}
TEXT_BYTES = 40
CLIENTS = 8
EU_PERCENT = 10.0
"""EU_868: ``RadioInterface.cpp``, ``regions``."""
HOUR_S = 3_600.0


def typed() -> Table:
    """Return how many texts of 40 bytes there is room for, in all and for each of eight."""
    shares = (GUESTS_SHARE * EU_PERCENT, MOST_PERCENT)
    table = Table(
        "scale: typed",
        (
            f"a text of {TEXT_BYTES} bytes",
            "on the air, s",
            *(f"an hour in {share:g} %, all (each)" for share in shares),
        ),
    )
    for name, preset in PRESETS.items():
        on_air_s = time_on_air_s(
            preset_settings(preset), text_packet_bytes(TEXT_BYTES, sealed=False)
        )
        texts = [int(share / 100 * HOUR_S / on_air_s) for share in shares]
        table.add(name, f"{on_air_s:.2f}", *(f"{all_} ({all_ // CLIENTS})" for all_ in texts))
    return table
