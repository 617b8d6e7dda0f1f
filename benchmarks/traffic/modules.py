"""What the firmware's modules and other programs send. Pure functions."""

from meshtastic.protobuf import (
    admin_pb2,
    atak_pb2,
    mesh_pb2,
    mqtt_pb2,
    paxcount_pb2,
    storeforward_pb2,
)

from benchmarks.traffic.contents import Port, data_of
from benchmarks.traffic.occasion import Occasion

NAMELESS_PORT = 79
_Forward = storeforward_pb2.StoreAndForward
_HEARTBEAT_S = 900


def waypoint(occasion: Occasion) -> mesh_pb2.Data:
    """Return a place that somebody marks."""
    latitude, longitude = occasion.degrees()
    return data_of(
        Port.WAYPOINT_APP,
        mesh_pb2.Waypoint(
            id=occasion.chance.getrandbits(30) | 1,
            latitude_i=latitude,
            longitude_i=longitude,
            expire=occasion.time_s + 86_400,
            name="Rendez-vous",
            description=f"place {occasion.chance.getrandbits(12)}",
            icon=0x1F4CD,
        ),
    )


def store_and_forward(occasion: Occasion) -> mesh_pb2.Data:
    """Return the heartbeat of a server that keeps texts."""
    beat = _Forward.Heartbeat(period=_HEARTBEAT_S, secondary=occasion.chance.randrange(2))
    return data_of(
        Port.STORE_FORWARD_APP,
        _Forward(rr=_Forward.RequestResponse.ROUTER_HEARTBEAT, heartbeat=beat),
    )


def pax_counter(occasion: Occasion) -> mesh_pb2.Data:
    """Return how many telephones are near."""
    count = occasion.chance.randrange
    told = paxcount_pb2.Paxcount(wifi=count(200), ble=count(200), uptime=occasion.uptime_s)
    return data_of(Port.PAXCOUNTER_APP, told)


def range_test(occasion: Occasion) -> mesh_pb2.Data:
    """Return the next number of a series."""
    return data_of(Port.RANGE_TEST_APP, f"seq {occasion.chance.getrandbits(14)}".encode())


def detection_sensor(occasion: Occasion) -> mesh_pb2.Data:
    """Return that a contact closed."""
    return data_of(
        Port.DETECTION_SENSOR_APP, f"Porte {occasion.chance.getrandbits(8)} detected".encode()
    )


def atak_position(occasion: Occasion) -> mesh_pb2.Data:
    """Return where a user of ATAK is."""
    latitude, longitude = occasion.degrees()
    told = atak_pb2.TAKPacket(
        contact=atak_pb2.Contact(
            callsign=occasion.speaker.short_name, device_callsign=occasion.speaker.node_id
        ),
        group=atak_pb2.Group(role=atak_pb2.MemberRole.TeamMember, team=atak_pb2.Team.Cyan),
        status=atak_pb2.Status(battery=occasion.chance.randrange(1, 101)),
        pli=atak_pb2.PLI(
            latitude_i=latitude,
            longitude_i=longitude,
            altitude=occasion.chance.randrange(150, 600),
            speed=occasion.chance.randrange(1, 30),
            course=occasion.chance.randrange(1, 360),
        ),
    )
    return data_of(Port.ATAK_PLUGIN, told)


def map_report(occasion: Occasion) -> mesh_pb2.Data:
    """Return what a node tells the public map."""
    latitude, longitude = occasion.degrees()
    speaker = occasion.speaker
    told = mqtt_pb2.MapReport(
        long_name=speaker.long_name,
        short_name=speaker.short_name,
        hw_model=speaker.hw_model,
        firmware_version="2.7.26.54e0d8d",
        has_default_channel=True,
        latitude_i=latitude,
        longitude_i=longitude,
        altitude=speaker.num % 400,
        position_precision=13,
        num_online_local_nodes=occasion.chance.randrange(1, 100),
        has_opted_report_location=True,
    )
    return data_of(Port.MAP_REPORT_APP, told)


def admin_answer(occasion: Occasion) -> mesh_pb2.Data:
    """Return what another node answers to its administrator."""
    told = admin_pb2.AdminMessage(
        get_device_metadata_response=mesh_pb2.DeviceMetadata(
            firmware_version="2.7.26.54e0d8d",
            device_state_version=24,
            canShutdown=True,
            hasBluetooth=True,
            position_flags=811,
            hw_model=occasion.speaker.hw_model,
            hasPKC=True,
        ),
        session_passkey=occasion.chance.randbytes(8),
    )
    return data_of(Port.ADMIN_APP, told, occasion.chance.getrandbits(32))


def private_port(occasion: Occasion) -> mesh_pb2.Data:
    """Return what only somebody's own programs understand."""
    chance = occasion.chance
    return data_of(Port.PRIVATE_APP, chance.randbytes(chance.randrange(8, 200)))


def nameless_port(occasion: Occasion) -> mesh_pb2.Data:
    """Return what comes on a port that the library has no name for."""
    chance = occasion.chance
    return data_of(NAMELESS_PORT, chance.randbytes(chance.randrange(8, 200)))
