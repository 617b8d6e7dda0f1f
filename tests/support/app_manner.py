"""How a phone app talks to a node over TCP, as its source says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppManner:
    """The figures of one app; both ask for the configuration with 69420, the nodes with 69421."""

    name: str
    heartbeat_s: float
    """How often it sends a heartbeat."""
    answer_s: float
    """How long nothing at all may come after a heartbeat; 0: it does not look."""
    idle_s: float
    """How long nothing at all may come; 0: it does not look."""
    config_s: float
    """How long the configuration may take."""
    nodes_s: float
    """How long the nodes may take."""
    first_node_s: float
    """How long the first of them may take."""
    counts_nonces: bool
    """Whether the nonces of its heartbeats go up from 2; else they are random from 2."""
    wakes: bool
    """Whether it sends four bytes 0xC3 before anything else."""
    names_itself: bool
    """Whether its packets are from the node's number; else from 0."""
    awaits_status: bool
    """Whether it sends a packet only once the last one's queueStatus came, or 5 s later."""
    asks_more: bool
    """Whether it asks the node for its owner and its telemetry once connected."""


# Meshtastic-Android, core/: TcpTransport.kt (wake bytes, 18 reads of 5 s without a byte),
# HeartbeatSender.kt (first nonce 2), MeshConnectionManagerImpl.kt (12 s for a stage over TCP and
# USB before it connects anew, 30 and 60 s elsewhere and in older ones; set_time_only,
# get_owner_request, telemetry), PacketHandlerImpl.kt (RESPONSE_TIMEOUT). A heartbeat every 30 s.
ANDROID = AppManner(
    name="Android",
    heartbeat_s=30.0,
    answer_s=0.0,
    idle_s=90.0,
    config_s=12.0,
    nodes_s=12.0,
    first_node_s=12.0,
    counts_nonces=True,
    wakes=True,
    names_itself=False,
    awaits_status=True,
    asks_more=True,
)

# Meshtastic-Apple, Meshtastic/Accessory/: AccessoryManager+Connect.swift (a heartbeat before each
# stage; 30 s for the configuration, 10 s for the first node, 120 s for the last, then the time),
# AccessoryManager+ToRadio.swift and AccessoryManager.swift (random nonces from 2; five seconds
# without a frame after a heartbeat and it connects anew). A heartbeat every 15 s over TCP.
IOS = AppManner(
    name="iOS",
    heartbeat_s=15.0,
    answer_s=5.0,
    idle_s=0.0,
    config_s=30.0,
    nodes_s=120.0,
    first_node_s=10.0,
    counts_nonces=False,
    wakes=False,
    names_itself=True,
    awaits_status=False,
    asks_more=False,
)
