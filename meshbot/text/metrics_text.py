"""How our node is, in words. Pure."""

from meshbot.model.node_metrics import POWERED_PERCENT, NodeMetrics
from meshbot.text.quantities import decimal_text


def metrics_text(metrics: NodeMetrics) -> str:
    """Return in French, in a few words, what is known; nothing where nothing is."""
    parts = []
    if metrics.battery_percent is not None:
        powered = metrics.battery_percent >= POWERED_PERCENT
        parts.append("sur secteur" if powered else f"batterie {metrics.battery_percent} %")
    if metrics.channel_percent is not None:
        parts.append(f"canal occupé {decimal_text(metrics.channel_percent)} %")
    if metrics.air_percent is not None:
        parts.append(f"émission {decimal_text(metrics.air_percent)} %")
    return ", ".join(parts)
