"""How long a radio is on the air for a packet, by its LoRa settings. Pure.

The formula is Semtech's: SX1276 datasheet rev. 7, section 4.1.1.7, and SX1261/2 datasheet rev. 2.1,
section 6.1.4, which RadioLib's ``SX126x::calculateTimeOnAir`` follows; the firmware asks that
(``RadioLibInterface.h``, ``computePacketTime``) and before 2.6 computed it itself
(``RadioInterface::getPacketTime``). Meshtastic sends a preamble of 16 symbols
(``RadioInterface.h``, ``preambleLength``), an explicit header and a CRC, and has the low data rate
optimisation on where a symbol lasts 16 ms or more. The SX1280, which is the radio of the 2.4 GHz
bandwidths, has it on from a spreading factor of 11 (RadioLib, ``SX128x::calculateTimeOnAir``).
"""

from typing import NamedTuple

PREAMBLE_SYMBOLS = 16
_LONG_SYMBOL_S = 16e-3
_WIDE_BANDWIDTHS_HZ = (203_125, 406_250, 812_500, 1_625_000)
_CRC_BITS = 16
_EXPLICIT_HEADER_BITS = 20

PACKET_HEADER_BYTES = 16  # RadioInterface.h, PacketHeader
SEAL_BYTES = 12  # MESHTASTIC_PKC_OVERHEAD: tag (8) and extra nonce (4)
SIGNATURE_BYTES = 66  # Data.xeddsa_signature with its tag and length, in broadcasts of 2.8
MOST_BYTES = 255  # MAX_LORA_PAYLOAD_LEN; 2.8 signs what has room for it there
_PORT_BYTES = 2  # Data.portnum
_REPLY_ID_BYTES = 5  # Data.reply_id, fixed32
_BITFIELD_BYTES = 2  # Data.bitfield, in every packet of the firmware's own since 2.5
_ONE_BYTE_LENGTH = 127  # a longer payload's length takes two bytes


class LoraSettings(NamedTuple):
    """How a radio modulates; ``coding_rate`` is the 5 to 8 of 4/5 to 4/8."""

    bandwidth_hz: int
    spreading_factor: int
    coding_rate: int


LONG_FAST = LoraSettings(250_000, 11, 5)

_PRESETS: dict[int, tuple[int, int, int, int]] = {
    0: (250_000, 812_500, 11, 5),  # LONG_FAST
    1: (125_000, 406_250, 12, 8),  # LONG_SLOW
    2: (62_500, 203_125, 12, 8),  # VERY_LONG_SLOW, up to 2.6; LONG_FAST since
    3: (250_000, 812_500, 10, 5),  # MEDIUM_SLOW
    4: (250_000, 812_500, 9, 5),  # MEDIUM_FAST
    5: (250_000, 812_500, 8, 5),  # SHORT_SLOW
    6: (250_000, 812_500, 7, 5),  # SHORT_FAST
    7: (125_000, 406_250, 11, 8),  # LONG_MODERATE
    8: (500_000, 1_625_000, 7, 5),  # SHORT_TURBO
    9: (500_000, 1_625_000, 11, 8),  # LONG_TURBO
    10: (125_000, 125_000, 9, 5),  # LITE_FAST
    11: (125_000, 125_000, 10, 5),  # LITE_SLOW
    12: (62_500, 62_500, 7, 6),  # NARROW_FAST
    13: (62_500, 62_500, 8, 6),  # NARROW_SLOW
    14: (15_600, 15_600, 7, 5),  # TINY_FAST
    15: (15_600, 15_600, 8, 6),  # TINY_SLOW
    16: (500_000, 1_625_000, 9, 5),  # MEDIUM_TURBO
}
"""Bandwidth, bandwidth at 2.4 GHz, spreading factor, coding rate, by the preset's number.

``modemPresetToParams`` (``MeshRadio.h`` of 2.8), VERY_LONG_SLOW from ``RadioInterface.cpp`` of 2.5.
"""

_BANDWIDTHS_HZ: dict[int, int] = {
    8: 7_800,
    10: 10_400,
    16: 15_600,
    21: 20_800,
    31: 31_250,
    42: 41_700,
    62: 62_500,
    125: 125_000,
    200: 203_125,
    250: 250_000,
    400: 406_250,
    500: 500_000,
    800: 812_500,
    1_600: 1_625_000,
}
"""What the settings' whole numbers stand for (``bwCodeToKHz``), of those that radios can do."""

_SPREADING_FACTORS = range(5, 13)
_CODING_RATES = range(5, 9)


def preset_settings(preset: int, coding_rate: int = 0, *, wide: bool = False) -> LoraSettings:
    """Return what a preset stands for; one that is not known is LONG_FAST, as in the firmware.

    ``coding_rate``: the operator's own, 0 for none. 2.8 takes the higher of the two, 2.7 takes his,
    2.5 the preset's: the higher one is what it may cost. ``wide``: the radio is one for 2.4 GHz.
    """
    bandwidth_hz, wide_hz, factor, rate = _PRESETS.get(preset, _PRESETS[0])
    if coding_rate in _CODING_RATES:
        rate = max(rate, coding_rate)
    return LoraSettings(wide_hz if wide else bandwidth_hz, factor, rate)


def own_settings(bandwidth: int, spreading_factor: int, coding_rate: int) -> LoraSettings:
    """Return what settings without a preset stand for, as their numbers are written.

    What no radio can do is that of LONG_FAST (``clampSpreadFactor`` and so on of 2.8).
    """
    return LoraSettings(
        _BANDWIDTHS_HZ.get(bandwidth, LONG_FAST.bandwidth_hz),
        spreading_factor if spreading_factor in _SPREADING_FACTORS else LONG_FAST.spreading_factor,
        coding_rate if coding_rate in _CODING_RATES else LONG_FAST.coding_rate,
    )


def time_on_air_s(
    settings: LoraSettings, packet_bytes: int, *, preamble_symbols: int = PREAMBLE_SYMBOLS
) -> float:
    """Return how many seconds one transmission of so many bytes takes, the radio's header in it."""
    factor = settings.spreading_factor
    symbol_s = (1 << factor) / settings.bandwidth_hz
    # A short spreading factor (5, 6) has a longer synchronisation and no eight bits of header.
    is_short = factor < 7
    sync_symbols = 6.25 if is_short else 4.25
    spare_bits = 0 if is_short else 8
    is_wide = settings.bandwidth_hz in _WIDE_BANDWIDTHS_HZ
    is_optimised = factor >= 11 if is_wide else symbol_s >= _LONG_SYMBOL_S
    bits_a_symbol = factor - 2 if is_optimised else factor
    bits = 8 * packet_bytes + _CRC_BITS + _EXPLICIT_HEADER_BITS + spare_bits - 4 * factor
    blocks = max(-(-bits // (4 * bits_a_symbol)), 0)
    payload_symbols = 8 + blocks * settings.coding_rate
    return (preamble_symbols + sync_symbols + payload_symbols) * symbol_s


def text_packet_bytes(payload_bytes: int, *, sealed: bool, signed: bool = False) -> int:
    """Return how many bytes a text that answers another is on the air; ``sealed``: by keys.

    That is the packet's header and the ``Data`` with port, text, the id it answers and the
    bitfield. ``signed``: the node adds its signature if there is room, as 2.8 does to broadcasts.
    """
    length_bytes = 2 if payload_bytes <= _ONE_BYTE_LENGTH else 3
    data_bytes = _PORT_BYTES + length_bytes + payload_bytes + _REPLY_ID_BYTES + _BITFIELD_BYTES
    size = PACKET_HEADER_BYTES + data_bytes + (SEAL_BYTES if sealed else 0)
    return size + SIGNATURE_BYTES if signed and size + SIGNATURE_BYTES <= MOST_BYTES else size
