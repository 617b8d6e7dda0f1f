"""Time on air, judged by figures that others published, and by the firmware's own arithmetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.link.outgoing_packets import text_data
from meshbot.mesh import direct_messages
from meshbot.model.lora_airtime import (
    LONG_FAST,
    LoraSettings,
    own_settings,
    preset_settings,
    text_packet_bytes,
    time_on_air_s,
)

PUBLISHED_MS = [
    # avbentem/airtime-calculator, Airtime.test.ts, after a spreadsheet of TTN's forum.
    (14, 125_000, 7, 5, 8, 46.336),
    (15, 125_000, 7, 5, 8, 46.336),
    (16, 125_000, 7, 5, 8, 51.456),
    (25, 125_000, 7, 5, 8, 61.696),
    (25, 250_000, 7, 5, 8, 30.848),
    (14, 125_000, 7, 8, 8, 61.696),
    (25, 250_000, 7, 8, 8, 43.136),
    (14, 125_000, 8, 5, 8, 82.432),
    (15, 125_000, 8, 5, 8, 92.672),
    (25, 125_000, 8, 5, 8, 113.152),
    (14, 125_000, 11, 5, 8, 659.456),
    (25, 125_000, 11, 5, 8, 823.296),
    # The spreadsheet of Semtech's formulas that TTN's forum shares (AN1200.13).
    (13, 125_000, 9, 5, 8, 164.864),
    # docs.rs, lora-modulation 0.1.4, its example.
    (12, 125_000, 9, 5, 8, 144.384),
    # brocaar/lorawan, airtime_test.go: 58 payload symbols of 50 bytes with the optimisation.
    (50, 125_000, 12, 5, 8, (8 + 4.25 + 58) * 32.768),
    # What RadioLib 7.6.0 reckons, as the tests of openhop_core keep it.
    (24, 250_000, 10, 5, 8, 185.344),
    (16, 500_000, 7, 5, 8, 12.864),
    (80, 250_000, 10, 5, 8, 431.104),
    (200, 500_000, 7, 8, 8, 123.968),
    (10, 125_000, 7, 5, 12, 45.312),
    (255, 125_000, 12, 8, 8, 14032.896),
    (64, 125_000, 11, 7, 8, 2052.096),
    (50, 250_000, 12, 5, 8, 1150.976),
    (32, 62_500, 10, 6, 8, 1216.512),
    (32, 500_000, 5, 5, 8, 5.904),
    (48, 125_000, 6, 8, 8, 81.024),
    (0, 125_000, 12, 5, 8, 663.552),
    # With Meshtastic's preamble: RadioLib's again, as MeshRoute's and FloodMesh's sources keep it.
    (24, 125_000, 7, 5, 16, 69.888),
    (156, 125_000, 7, 5, 16, 264.448),
    (204, 125_000, 7, 5, 16, 331.008),
    (0, 125_000, 5, 5, 16, 9.024),
    (16, 125_000, 6, 5, 16, 30.848),
    (50, 125_000, 6, 5, 16, 61.568),
]
"""Bytes, bandwidth, spreading factor, coding rate, preamble, milliseconds."""

KBPS = {
    # meshtastic.org, "Why your mesh should switch from LongFast", and its page of radio settings.
    "SHORT_TURBO": (8, 21.88),
    "SHORT_FAST": (6, 10.94),
    "SHORT_SLOW": (5, 6.25),
    "MEDIUM_FAST": (4, 3.52),
    "MEDIUM_SLOW": (3, 1.95),
    "LONG_TURBO": (9, 1.34),
    "LONG_FAST": (0, 1.07),
    "LONG_MODERATE": (7, 0.34),
    "LONG_SLOW": (1, 0.18),
}


@pytest.mark.parametrize(
    ("size", "bandwidth_hz", "factor", "rate", "preamble", "published_ms"), PUBLISHED_MS
)
def test_time_on_air_is_what_others_published(
    size: int, bandwidth_hz: int, factor: int, rate: int, preamble: int, published_ms: float
) -> None:
    settings = LoraSettings(bandwidth_hz, factor, rate)
    took_s = time_on_air_s(settings, size, preamble_symbols=preamble)
    assert took_s * 1e3 == pytest.approx(published_ms)


@pytest.mark.parametrize("name", KBPS)
def test_presets_have_the_data_rates_that_meshtastic_publishes(name: str) -> None:
    preset, kbps = KBPS[name]
    settings = preset_settings(preset)
    bits_a_symbol = settings.spreading_factor * 4 / settings.coding_rate
    symbols_a_second = settings.bandwidth_hz / 2**settings.spreading_factor
    assert bits_a_symbol * symbols_a_second / 1e3 == pytest.approx(kbps, abs=0.006)


def firmware_ms(settings: LoraSettings, size: int) -> float:
    """``SimRadio::getPacketTime``, which rounds up to parts of a block where the chip sends all."""
    symbol_s = (1 << settings.spreading_factor) / settings.bandwidth_hz
    low_rate = 1 if symbol_s > 16e-3 else 0
    bits = 8 * size - 4 * settings.spreading_factor + 28 + 16
    blocks = bits / (4 * (settings.spreading_factor - 2 * low_rate))
    symbols = 8 + max(math.ceil(blocks * settings.coding_rate), 0)
    return ((16 + 4.25) * symbol_s + symbols * symbol_s) * 1e3


@given(preset=st.integers(0, 16), size=st.integers(17, 255))
def test_it_is_the_firmwares_own_figure_to_less_than_a_block(preset: int, size: int) -> None:
    settings = preset_settings(preset)
    symbol_ms = 2**settings.spreading_factor / settings.bandwidth_hz * 1e3
    over_ms = time_on_air_s(settings, size) * 1e3 - firmware_ms(settings, size)
    assert -1e-6 <= over_ms < settings.coding_rate * symbol_ms


def test_the_longest_text_of_the_default_takes_two_seconds() -> None:
    # (8 * 255 + 44 - 44) / 44 is more than 46, so 47 blocks of 5 symbols; each lasts 8.192 ms.
    assert time_on_air_s(LONG_FAST, 255) == pytest.approx((20.25 + 8 + 47 * 5) * 8.192e-3)


def test_the_radio_of_2_4_ghz_optimises_from_a_spreading_factor_of_11_on() -> None:
    # (8 * 255 + 44 - 44) / 36 is more than 56, so 57 blocks of 5 symbols.
    wide = preset_settings(0, wide=True)
    assert time_on_air_s(wide, 255) == pytest.approx((20.25 + 8 + 57 * 5) * 2048 / 812_500)
    # (8 * 255 + 44 - 40) / 40 is more than 51, so 52 blocks.
    medium = preset_settings(3, wide=True)
    assert time_on_air_s(medium, 255) == pytest.approx((20.25 + 8 + 52 * 5) * 1024 / 812_500)


@pytest.mark.parametrize("text", ["", "p", "x" * 127, "x" * 128, "é" * 100])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_texts_bytes_are_those_of_its_packet(text: str, sealed: bool) -> None:
    data = text_data(text, reply_id=0x12345678).SerializeToString()
    if sealed:
        data = direct_messages.seal(bytes(32), 1, 2, data, bytes(4))
    if text:  # protobuf leaves an empty payload out
        assert text_packet_bytes(len(text.encode()), sealed=sealed) == 16 + len(data)


def test_a_signature_is_added_where_there_is_room_for_it() -> None:
    # Sizes as a 2.8 node sends them: 16 of header, 9 beside the text and its length, 66 more.
    assert text_packet_bytes(60, sealed=False, signed=True) == 16 + 11 + 60 + 66
    fits, too_long = 255 - 66 - 16 - 12, 255 - 66 - 16 - 11
    assert text_packet_bytes(fits, sealed=False, signed=True) == 255
    assert text_packet_bytes(too_long, sealed=False, signed=True) == 16 + 12 + too_long


def test_a_preset_of_the_future_is_the_default_and_a_higher_coding_rate_counts() -> None:
    assert preset_settings(99) == LONG_FAST
    assert preset_settings(0, 8) == LoraSettings(250_000, 11, 8)
    assert preset_settings(1, 5) == LoraSettings(125_000, 12, 8)
    assert preset_settings(0, 9) == preset_settings(0, 4) == LONG_FAST


def test_the_band_of_2_4_ghz_is_wider() -> None:
    assert preset_settings(0, wide=True) == LoraSettings(812_500, 11, 5)
    assert preset_settings(8, wide=True) == LoraSettings(1_625_000, 7, 5)


@pytest.mark.parametrize(
    ("code", "bandwidth_hz"),
    [(31, 31_250), (62, 62_500), (125, 125_000), (200, 203_125), (400, 406_250), (800, 812_500)],
)
def test_bandwidths_that_are_no_whole_numbers_have_one_that_stands_for_them(
    code: int, bandwidth_hz: int
) -> None:
    assert own_settings(code, 9, 6) == LoraSettings(bandwidth_hz, 9, 6)


@given(
    bandwidth=st.integers(0, 2**32 - 1),
    factor=st.integers(0, 2**32 - 1),
    rate=st.integers(0, 2**32 - 1),
    size=st.integers(0, 255),
)
def test_any_settings_have_a_time_that_makes_sense(
    bandwidth: int, factor: int, rate: int, size: int
) -> None:
    settings = own_settings(bandwidth, factor, rate)
    # 255 bytes at 7.8 kHz, spreading factor 12, 4/8: 223 s.
    assert 0 < time_on_air_s(settings, size) < 250
