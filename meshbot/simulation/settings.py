"""What a test may turn on a simulated node while it runs."""

from dataclasses import dataclass
from typing import Literal

from meshtastic.protobuf import config_pb2

_Region = config_pb2.Config.LoRaConfig.RegionCode
_Preset = config_pb2.Config.LoRaConfig.ModemPreset
UNSET = _Region.UNSET


# eq=False: a node is itself, not a value, and has to be hashable.
@dataclass(eq=False)
class SimulatedSettings:
    """Plain values, set from any thread at any time, read by the node when it needs them."""

    # Handshakes stop for good after so many frames.
    hang_handshake_after: int | None = None
    # Dumps of more other nodes than this are reset after so many of them.
    reset_dumps_over: int | None = None
    # The pace of the frames of a handshake.
    frame_interval_s: float = 0.0
    # How long a packet waits for the air; a real node takes 0.2 to 0.7 s.
    send_delay_s: float = 0.0
    # Whether it also takes the packet's time on the air.
    takes_air_time: bool = False
    # How long a peer takes to answer.
    ack_delay_s: float = 0.05
    # How long the radio tries before it gives an unconfirmed packet up.
    retransmit_s: float = 21.0
    # A text so soon after another never reaches the air (2.7 and later).
    text_spacing_s: float = 2.0
    # A client that has sent nothing for so long is dropped.
    idle_limit_s: float = 900.0
    # How often it tells its client how it is.
    telemetry_interval_s: float = 60.0
    # How long after its start it does so first; None: as long as that.
    first_telemetry_s: float | None = None
    # How often it tells its statistics, with the telemetry.
    statistics_interval_s: float = 900.0
    # When it announces itself to the mesh, and how often after that.
    first_node_info_s: float = 30.0
    node_info_interval_s: float = 10800.0
    # What others add to what its own telemetry says of the air, in percent: how busy they keep its
    # channel, how much it relays for them.
    channel_utilization: float = 4.5
    air_util_tx: float = 0.1
    # Its LoRa settings, as the next handshake tells them.
    region: _Region.ValueType = _Region.EU_868
    modem_preset: _Preset.ValueType = _Preset.LONG_FAST
    override_duty_cycle: bool = False
    transmits: bool = True
    hop_limit: int = 3
    # The owner is a ham: nothing that is encrypted may be sent.
    licensed: bool = False
    # Admin messages of its own client are ignored.
    managed: bool = False
    # The region's share of air time is used up, whatever was really sent.
    duty_cycle_reached: bool = False
    # Its acknowledgements are never confirmed, so it gives them up in the end.
    loses_own_acks: bool = False
    # It hears its packets relayed, which it takes for an acknowledgement to itself.
    hears_relays: bool = False
    # Peers whose message it refuses for want of their key announce it, as their firmware does.
    peers_answer_refusals: bool = False
    # When it restarts once a setting was changed, and how long it is away then.
    restart_after_change_s: float = 7.0
    restart_takes_s: float = 5.0
    # What comes of a handshake without the other nodes (69420); "wrong_id" ends it with another id.
    answers_light: Literal["right", "never", "wrong_id"] = "right"
