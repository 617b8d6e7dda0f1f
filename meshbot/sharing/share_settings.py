"""How the node is shared, as the operator chose it."""

from dataclasses import dataclass

from meshbot.text.language import tr

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ShareSettings:
    """The ``SHARE_`` settings of config.py, checked; ``port`` 0: the node is not shared."""

    port: int = 0
    address: str = LOOPBACK
    """Where clients may come to; anything but the loopback is open to a network."""
    max_clients: int = 8
    allow_admin: bool = False
    """Whether clients may change the node's settings, and not only read them."""
    private_key: bool = False
    """Whether clients are told the node's private key."""
    replay: bool = False
    """Whether a client that comes back is given the texts that were heard meanwhile."""
    mdns: bool = True
    """Whether the network is told of the port, where it is open to one."""
    air_percent: float = 5.0
    """How much of an hour the packets of one client may be on the air, in percent."""

    @property
    def grants(self) -> list[str]:
        """What clients may do beyond sending and hearing, for the operator."""
        allowed = (
            (self.allow_admin, tr("change les réglages du nœud (SHARE_ALLOW_ADMIN)")),
            (self.private_key, tr("lit sa clé privée (SHARE_PRIVATE_KEY)")),
        )
        return [what for is_allowed, what in allowed if is_allowed]
