"""What sets one firmware version, and one platform, apart from the others. Pure.

The first version of each is that of the first tag whose source has it. Where a version between two
captures differs from both, 2.7 as a whole behaves as 2.7.26 does: a radio that refuses what it
lacks the key for (from 2.7.19 on) is the one that more is asked of.
"""

from dataclasses import dataclass
from typing import Literal

Platform = Literal["esp32", "native"]


@dataclass(frozen=True)
class FirmwareProfile:
    """A version such as (2, 7, 26), on an ESP32 or built for Linux with a simulated radio."""

    version: tuple[int, ...]
    platform: Platform

    @property
    def is_native(self) -> bool:
        """Whether it is built for Linux: what goes on the air is then shown to the client."""
        return self.platform == "native"

    @property
    def has_ui_settings(self) -> bool:
        """Whether the configuration has the settings of a screen."""
        return self.version >= (2, 5, 18)

    @property
    def knows_only_nodes(self) -> bool:
        """Whether it understands 69421; to older ones it is a number like any other."""
        return self.version >= (2, 6, 8)

    @property
    def tells_unmessagable(self) -> bool:
        """Whether its own user says whether it reads messages."""
        return self.version >= (2, 6, 8)

    @property
    def has_node_file(self) -> bool:
        """Whether nodes are kept in a file of their own."""
        return self.version >= (2, 6)

    @property
    def counts_nodes(self) -> bool:
        """Whether its first words say how many nodes it knows."""
        return self.version >= (2, 7, 4)

    @property
    def answers_heartbeats(self) -> bool:
        """Whether a heartbeat is answered with a queue status."""
        return self.version >= (2, 7, 5)

    @property
    def broadcasts_on_nonce_1(self) -> bool:
        """Whether a heartbeat with nonce 1 makes it announce itself."""
        return self.version >= (2, 7, 23)

    @property
    def tells_transport(self) -> bool:
        """Whether packets say how they came: by radio, UDP or MQTT."""
        return self.version >= (2, 7, 5)

    @property
    def is_2_7_20(self) -> bool:
        """Whether it has what came with 2.7.20: modules, a transmit history, radio details."""
        return self.version >= (2, 7, 20)

    @property
    def refuses_texts_too_soon(self) -> bool:
        """Whether a text within 2 s of another is dropped, and error 38 sent to nobody."""
        return self.version >= (2, 7)

    @property
    def spaces_many_ports(self) -> bool:
        """Whether waypoints, alerts and telemetry are spaced, too, and positions by 10 s."""
        return self.version >= (2, 6, 7)

    @property
    def refuses_traceroutes_to_all(self) -> bool:
        """Whether a traceroute to everybody over several hops is dropped."""
        return self.version >= (2, 6)

    @property
    def traceroutes_want_acks(self) -> bool:
        """Whether a client's traceroute is sent reliably, whatever the client asked for."""
        return self.version >= (2, 7, 12)

    @property
    def ignores_duplicates(self) -> bool:
        """Whether an id that a client used lately is ignored; not with a simulated radio."""
        return not self.is_native

    @property
    def refuses_without_key(self) -> bool:
        """Whether a direct message to a node without a key fails, instead of going out open."""
        return self.version >= (2, 7)

    @property
    def rejects_open_direct_texts(self) -> bool:
        """Whether a direct text under the channel key is handed over unopened."""
        return self.version >= (2, 7)

    @property
    def is_2_8(self) -> bool:
        """Whether it signs, keeps evicted keys, and withholds what it cannot open."""
        return self.version >= (2, 8)

    @property
    def tells_whole_nodes(self) -> bool:
        """Whether the entry of a node says where and how it is; 2.8 tells that in packets."""
        return not self.is_2_8

    @property
    def telemetry_goes_on_air(self) -> bool:
        """Whether its own device metrics are sent to the mesh unless it is told not to."""
        return self.version < (2, 7, 13)

    @property
    def device_state_version(self) -> int:
        """The version of what it stores."""
        if self.is_2_8:
            return 25
        return 24 if self.has_node_file else 23

    @property
    def excluded_modules(self) -> int:
        """Which modules a build for Linux lacks."""
        if not self.is_native:
            return 0
        if self.is_2_8:
            return 15830
        return 15814 if self.version >= (2, 7) else 7622

    @property
    def module_configs(self) -> int:
        """How many module configurations it sends."""
        if self.is_2_8:
            return 17
        return 16 if self.is_2_7_20 else 13

    @property
    def named_module_configs(self) -> int:
        """How many of them say what they are: 2.7.20 sends three that are empty."""
        return 17 if self.is_2_8 else 13

    def knows_time(self) -> bool:
        """Say whether its clock is right before a client sets it."""
        return not self.is_native or self.version < (2, 7)
