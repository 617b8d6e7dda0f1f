"""How a node is and what its sensors read. Pure functions."""

from meshtastic.protobuf import mesh_pb2, telemetry_pb2

from benchmarks.traffic.contents import Port, data_of
from benchmarks.traffic.occasion import Occasion


def device_metrics(occasion: Occasion) -> mesh_pb2.Data:
    """Return battery, voltage, how busy the air is, uptime."""
    chance = occasion.chance
    return _told(
        occasion,
        device_metrics=telemetry_pb2.DeviceMetrics(
            battery_level=chance.randrange(20, 102),
            voltage=chance.uniform(3.3, 4.25),
            channel_utilization=chance.uniform(0, 40),
            air_util_tx=chance.uniform(0, 8),
            uptime_seconds=occasion.uptime_s,
        ),
    )


def environment_metrics(occasion: Occasion) -> mesh_pb2.Data:
    """Return what a BME680 reads, and half of the time a light sensor."""
    chance = occasion.chance
    metrics = telemetry_pb2.EnvironmentMetrics(
        temperature=chance.uniform(-10, 38),
        relative_humidity=chance.uniform(15, 100),
        barometric_pressure=chance.uniform(960, 1_040),
        gas_resistance=chance.uniform(20, 400),
        iaq=chance.randrange(20, 250),
    )
    if chance.random() < 0.5:
        metrics.lux = chance.uniform(0, 50_000)
    return _told(occasion, environment_metrics=metrics)


def air_quality_metrics(occasion: Occasion) -> mesh_pb2.Data:
    """Return the twelve numbers of a PMSA003I."""
    numbers = [occasion.chance.randrange(1, 2_000) for _ in range(12)]
    metrics = telemetry_pb2.AirQualityMetrics()
    for field, number in zip(metrics.DESCRIPTOR.fields, numbers, strict=False):
        setattr(metrics, field.name, number)
    return _told(occasion, air_quality_metrics=metrics)


def power_metrics(occasion: Occasion) -> mesh_pb2.Data:
    """Return the three channels of an INA3221: panel, battery, load."""
    chance = occasion.chance
    return _told(
        occasion,
        power_metrics=telemetry_pb2.PowerMetrics(
            ch1_voltage=chance.uniform(0, 20),
            ch1_current=chance.uniform(0, 900),
            ch2_voltage=chance.uniform(3.3, 4.2),
            ch2_current=chance.uniform(-500, 500),
            ch3_voltage=chance.uniform(3.2, 3.4),
            ch3_current=chance.uniform(10, 200),
        ),
    )


def local_stats(occasion: Occasion) -> mesh_pb2.Data:
    """Return what the client's own node counts, which it tells each quarter of an hour."""
    chance = occasion.chance
    return _told(
        occasion,
        local_stats=telemetry_pb2.LocalStats(
            uptime_seconds=occasion.uptime_s,
            channel_utilization=chance.uniform(0, 40),
            air_util_tx=chance.uniform(0, 8),
            num_packets_tx=chance.randrange(1, 90_000),
            num_packets_rx=chance.randrange(1, 900_000),
            num_packets_rx_bad=chance.randrange(1, 90_000),
            num_online_nodes=chance.randrange(1, 100),
            num_total_nodes=chance.randrange(100, 250),
            num_rx_dupe=chance.randrange(1, 400_000),
            num_tx_relay=chance.randrange(1, 60_000),
            num_tx_relay_canceled=chance.randrange(1, 60_000),
            heap_total_bytes=250_000,
            heap_free_bytes=chance.randrange(60_000, 120_000),
        ),
    )


def host_metrics(occasion: Occasion) -> mesh_pb2.Data:
    """Return how a node's Linux is."""
    chance = occasion.chance
    return _told(
        occasion,
        host_metrics=telemetry_pb2.HostMetrics(
            uptime_seconds=occasion.uptime_s,
            freemem_bytes=chance.randrange(1 << 26, 1 << 30),
            diskfree1_bytes=chance.randrange(1 << 30, 1 << 36),
            load1=chance.randrange(1, 200),
            load5=chance.randrange(1, 200),
            load15=chance.randrange(1, 200),
        ),
    )


def _told(
    occasion: Occasion,
    **content: telemetry_pb2.DeviceMetrics
    | telemetry_pb2.EnvironmentMetrics
    | telemetry_pb2.AirQualityMetrics
    | telemetry_pb2.PowerMetrics
    | telemetry_pb2.LocalStats
    | telemetry_pb2.HostMetrics,
) -> mesh_pb2.Data:
    telemetry = telemetry_pb2.Telemetry(time=occasion.time_s)
    for name, metrics in content.items():
        getattr(telemetry, name).CopyFrom(metrics)
    return data_of(Port.TELEMETRY_APP, telemetry)
