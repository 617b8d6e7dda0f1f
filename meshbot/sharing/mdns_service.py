"""What the network is told of the shared node."""

from dataclasses import dataclass

MAX_TEXT_BYTES = 64
"""Of each text: a short name has four, an environment of PlatformIO thirty."""


@dataclass(frozen=True, slots=True)
class MdnsService:
    """A service as the firmware announces its own (``initWifi`` of ``WiFiAPClient.cpp``)."""

    node_id: str
    """Such as ``!a1b2c3d4``."""
    short_name: str
    pio_env: str
    """The name of the node's firmware build, as its ``MyNodeInfo`` says it."""
    port: int

    @property
    def instance(self) -> str:
        """Its name, which no other has: each node calls itself ``Meshtastic``."""
        return f"MeshBot {self.node_id}"

    @property
    def host(self) -> str:
        """The name of the host, neither a node's nor the one this machine has of the system."""
        return f"meshbot-{self.node_id.lstrip('!')}.local."

    @property
    def texts(self) -> dict[str, bytes]:
        """What apps show in their lists, under the firmware's names (``addServiceTxt``)."""
        texts = {"shortname": self.short_name, "id": self.node_id, "pio_env": self.pio_env}
        return {name: text.encode()[:MAX_TEXT_BYTES] for name, text in texts.items()}
