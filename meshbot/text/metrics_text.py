"""How our node is, in words. Pure."""

from meshbot.model.node_metrics import POWERED_PERCENT, NodeMetrics
from meshbot.text.language import tr
from meshbot.text.quantities import decimal_text


def metrics_text(metrics: NodeMetrics) -> str:
    """Return in a few words what is known; nothing where nothing is."""
    parts = []
    if metrics.battery_percent is not None:
        powered = metrics.battery_percent >= POWERED_PERCENT
        parts.append(
            tr("sur secteur")
            if powered
            else tr("batterie {battery_percent} %", battery_percent=metrics.battery_percent)
        )
    if metrics.channel_percent is not None:
        parts.append(
            tr(
                "canal occupé {channel_percent} %",
                channel_percent=decimal_text(metrics.channel_percent),
            )
        )
    if metrics.air_percent is not None:
        parts.append(tr("émission {air_percent} %", air_percent=decimal_text(metrics.air_percent)))
    return ", ".join(parts)
