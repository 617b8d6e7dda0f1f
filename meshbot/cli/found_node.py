"""A node that was found, or that the operator named, as ``setup`` offers and writes it."""

from dataclasses import dataclass

from meshbot.service.node_address import DEFAULT_PORT, place_text
from meshbot.text.language import tr


@dataclass(frozen=True)
class FoundNode:
    """Where it is: at an address, else at a serial port, else in the bot itself."""

    host: str = ""
    port: int = DEFAULT_PORT
    serial_port: str = ""
    label: str = ""
    """What it says of itself, fit to be shown."""

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that lead the bot to it."""
        if self.host:
            where = {"TCP_HOST": self.host, "TCP_PORT": str(self.port)}
            return {"CONNECTION_MODE": "tcp", **where}
        if self.serial_port:
            return {"CONNECTION_MODE": "serial", "SERIAL_PORT": self.serial_port}
        return {"CONNECTION_MODE": "simulated"}

    def __str__(self) -> str:
        """Name it for the operator."""
        if self.host:
            text = tr("Wi-Fi {place}", place=place_text(self.host, self.port))
        elif self.serial_port:
            text = tr("USB {port}", port=self.serial_port)
        else:
            text = tr("un nœud simulé, sans radio, pour essayer")
        return f"{text}  {self.label}" if self.label else text
