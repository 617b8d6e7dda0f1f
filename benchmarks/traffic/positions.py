"""Where somebody is, as ``PositionModule.cpp`` says it. Pure functions."""

from meshtastic.protobuf import mesh_pb2

from benchmarks.traffic.contents import Port, data_of
from benchmarks.traffic.occasion import Occasion

_Source = mesh_pb2.Position.LocSource
PUBLIC_PRECISION_BITS = 15
"""A public channel tells a place no more exactly, so its last bits say only the middle of it."""
_COARSE = -1 << (32 - PUBLIC_PRECISION_BITS)
_MIDDLE = 1 << (31 - PUBLIC_PRECISION_BITS)


def fixed_position(occasion: Occasion) -> mesh_pb2.Data:
    """Return what a node without a receiver says: where it was put, and the time."""
    speaker = occasion.speaker
    return data_of(
        Port.POSITION_APP,
        mesh_pb2.Position(
            latitude_i=_blurred(int(speaker.latitude * 1e7)),
            longitude_i=_blurred(int(speaker.longitude * 1e7)),
            altitude=speaker.num % 400,
            time=occasion.time_s,
            location_source=_Source.LOC_MANUAL,
            # Said although they are nothing: the fields have presence, and the flags ask for them.
            ground_speed=0,
            ground_track=0,
            precision_bits=PUBLIC_PRECISION_BITS,
        ),
    )


def usual_position(occasion: Occasion) -> mesh_pb2.Data:
    """Return the ten fields that the default flags (811) ask for."""
    return data_of(Port.POSITION_APP, _usual(occasion))


def full_position(occasion: Occasion) -> mesh_pb2.Data:
    """Return 17 fields: all that flags can ask for, and what a good receiver adds."""
    position = _usual(occasion)
    chance = occasion.chance
    position.latitude_i, position.longitude_i = occasion.degrees()
    position.timestamp = occasion.time_s - 1
    position.altitude_hae = position.altitude + 48
    position.altitude_geoidal_separation = chance.randrange(40, 52)
    position.HDOP = chance.randrange(60, 300)
    position.VDOP = chance.randrange(60, 300)
    position.gps_accuracy = chance.randrange(1_000, 9_000)
    position.seq_number = chance.randrange(1, 1 << 20)
    position.precision_bits = 32
    return data_of(Port.POSITION_APP, position)


def _usual(occasion: Occasion) -> mesh_pb2.Position:
    latitude, longitude = occasion.degrees()
    chance = occasion.chance
    return mesh_pb2.Position(
        latitude_i=_blurred(latitude),
        longitude_i=_blurred(longitude),
        altitude=chance.randrange(150, 600),
        time=occasion.time_s,
        location_source=_Source.LOC_INTERNAL,
        PDOP=chance.randrange(100, 500),
        ground_speed=chance.randrange(30),
        ground_track=chance.randrange(36_000_000),
        sats_in_view=chance.randrange(4, 16),
        precision_bits=PUBLIC_PRECISION_BITS,
    )


def _blurred(degrees: int) -> int:
    return (degrees & _COARSE) + _MIDDLE
