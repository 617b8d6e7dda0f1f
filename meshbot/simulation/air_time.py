"""How long the simulated node was on the air, and what it makes of that. Owned by its loop thread.

As the firmware's ``airtime.cpp``: what was transmitted in the minutes of the last hour, and how
long the channel was busy in the six last times ten seconds. ``Router::send`` refuses from the
region's share on. A packet's size is measured and its time is :func:`time_on_air_s`, which
published figures judge; what the bot reckons in advance is no part of it.
"""

from collections import deque
from collections.abc import Callable

from meshtastic.protobuf import config_pb2

from meshbot.model.lora_airtime import (
    PACKET_HEADER_BYTES,
    SEAL_BYTES,
    preset_settings,
    time_on_air_s,
)
from meshbot.simulation.settings import SimulatedSettings

_Region = config_pb2.Config.LoRaConfig.RegionCode
_MINUTE_S, _MINUTES = 60.0, 60
_TEN_S, _TENS = 10.0, 6
# RadioInterface.cpp, the regions whose dutyCycle is not 100.
_DUTY_CYCLES = {
    _Region.EU_433: 10.0,
    _Region.EU_868: 10.0,
    _Region.EU_866: 2.5,
    _Region.EU_N_868: 10.0,
    _Region.TH: 10.0,
    _Region.UA_433: 10.0,
    _Region.UA_868: 1.0,
}


class SimulatedAirTime:
    """What it sent and heard."""

    def __init__(self, settings: SimulatedSettings, clock: Callable[[], float]) -> None:
        """Nothing was sent or heard."""
        self._settings = settings
        self._clock = clock
        self._sent: deque[tuple[int, float]] = deque(maxlen=_MINUTES)
        self._busy: deque[tuple[int, float]] = deque(maxlen=_TENS)
        self.texts_s = 0.0
        """How long it ever transmitted texts of its clients, repetitions included."""
        self.all_s = 0.0
        """How long it ever transmitted."""

    def time_s(self, packet_bytes: int) -> float:
        """Return how long so many bytes take."""
        wide = self._settings.region == _Region.LORA_24
        return time_on_air_s(preset_settings(self._settings.modem_preset, wide=wide), packet_bytes)

    def transmit(self, packet_bytes: int, *, is_clients_text: bool) -> None:
        """Note a transmission of so many bytes."""
        spent_s = self.time_s(packet_bytes)
        self.all_s += spent_s
        if is_clients_text:
            self.texts_s += spent_s
        _add(self._sent, self._index(_MINUTE_S), spent_s)
        _add(self._busy, self._index(_TEN_S), spent_s)

    def receive(self, data_bytes: int) -> None:
        """Note that a packet with so much content was heard; most are sealed or nearly as long."""
        packet_bytes = PACKET_HEADER_BYTES + data_bytes + SEAL_BYTES
        _add(self._busy, self._index(_TEN_S), self.time_s(packet_bytes))

    @property
    def transmit_percent(self) -> float:
        """``air_util_tx``: of the last hour, with what the settings say it relayed."""
        oldest = self._index(_MINUTE_S) - _MINUTES
        while self._sent and self._sent[0][0] <= oldest:
            self._sent.popleft()
        spent_s = sum(sent_s for _, sent_s in self._sent)
        return self._settings.air_util_tx + 100 * spent_s / (_MINUTE_S * _MINUTES)

    @property
    def channel_percent(self) -> float:
        """``channel_utilization``: of the last minute, with what the settings say of others."""
        oldest = self._index(_TEN_S) - _TENS
        while self._busy and self._busy[0][0] <= oldest:
            self._busy.popleft()
        busy_s = sum(spent_s for _, spent_s in self._busy)
        return self._settings.channel_utilization + 100 * busy_s / (_TEN_S * _TENS)

    @property
    def is_used_up(self) -> bool:
        """Whether the region allows no more for now."""
        allowed_percent = self._allowed_percent
        return allowed_percent is not None and self.transmit_percent > allowed_percent

    @property
    def silent_minutes(self) -> int:
        """How long it has to be silent; an hour where that is not its own doing."""
        left_percent, now = self.transmit_percent, self._index(_MINUTE_S)
        for minute, sent_s in self._sent:
            left_percent -= 100 * sent_s / (_MINUTE_S * _MINUTES)
            if left_percent <= (self._allowed_percent or 100.0):
                return minute + _MINUTES - now
        return _MINUTES

    def clear(self) -> None:
        """Count from nothing, as after a restart; what was ever sent stays."""
        self._sent.clear()
        self._busy.clear()

    @property
    def _allowed_percent(self) -> float | None:
        if self._settings.override_duty_cycle:
            return None
        return _DUTY_CYCLES.get(self._settings.region)

    def _index(self, slot_s: float) -> int:
        return int(self._clock() // slot_s)


def _add(slots: deque[tuple[int, float]], index: int, spent_s: float) -> None:
    """Add to the slot of now, which is the last one there is or a new one."""
    if slots and slots[-1][0] == index:
        spent_s += slots.pop()[1]
    slots.append((index, spent_s))
