"""The frame of 2.8 that tells which modem presets each region allows. Pure.

``getRegionPresetMap`` in ``RadioInterface.cpp``, with its table of regions in the table's order;
meshtastic 2.7.11 knows neither the frame nor most of the regions.
"""

from dataclasses import dataclass

from meshbot.simulation.wire import bytes_field, number_field

_FROM_RADIO_FIELD = 19
_STANDARD = bytes((0, 1, 3, 4, 5, 6, 7, 8, 9, 16))
_LITE_FAST, _NARROW_SLOW, _TINY_FAST = 10, 13, 14
# The three regions of 868 MHz tell each other's presets: choosing one changes the region.
_EUROPEAN = bytes((0, 1, 3, 4, 5, 6, 7, 10, 11, 12, 13))


@dataclass(frozen=True)
class _Group:
    presets: bytes
    default: int = 0
    licensed_only: bool = False

    def encoded(self) -> bytes:
        return (
            bytes_field(1, self.presets)
            + number_field(2, self.default)
            + number_field(3, self.licensed_only)
        )


_GROUPS = (
    _Group(_STANDARD),
    _Group(_EUROPEAN),
    _Group(_EUROPEAN, _LITE_FAST),
    _Group(_EUROPEAN, _NARROW_SLOW),
    _Group(bytes((14, 15)), _TINY_FAST, licensed_only=True),
    _Group(bytes((12, 13)), _NARROW_SLOW, licensed_only=True),
)
# Region and group, as RadioInterface.cpp lists them.
_REGIONS = (
    *((1, 0), (2, 0), (3, 1), (29, 2), (32, 3)),
    *((code, 0) for code in (4, 5, 6, 22, 9, 7, 8, 10, 11, 12, 14, 16, 17, 18, 19, 20, 21)),
    *((code, 0) for code in (23, 24, 25, 26)),
    *((27, 4), (28, 4), (33, 4), (37, 5), (34, 5), (35, 5), (36, 5), (13, 0)),
)


def region_presets_frame() -> bytes:
    """Return a ``FromRadio`` with the presets of all regions, not framed yet."""
    groups = b"".join(bytes_field(1, group.encoded()) for group in _GROUPS)
    regions = b"".join(
        bytes_field(2, number_field(1, region) + number_field(2, group))
        for region, group in _REGIONS
    )
    return bytes_field(_FROM_RADIO_FIELD, groups + regions)
