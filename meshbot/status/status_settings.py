"""Where and under which name the bot tells how it is, as the operator chose it."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """The ``STATUS_`` settings of config.py and ``SITE``, checked; ``port`` 0: nowhere."""

    port: int = 0
    address: str = LOOPBACK
    """Where it can be asked; anything but the loopback is open to a network."""
    hosts: tuple[str, ...] = ()
    """Other names under which this machine is asked for."""
    site: str = ""
    """The name of this site, on all that is measured; nothing where there is one."""
