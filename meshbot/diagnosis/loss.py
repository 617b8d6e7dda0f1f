"""The loss of a link."""

from dataclasses import dataclass, field

from meshbot.model.cause import Cause

CUT_BY_THE_NODE = (Cause.FIN, Cause.RESET)
BOOTING_SINCE_S = 10.0
"""A node that boots and refuses connections crashed no longer ago than about that."""
ASKED_EVERY_S = 30.0
"""A crashed node answers with a RST only when it is asked: so much later at most."""


@dataclass
class Loss:
    """The end of a session that nobody had ordered. ``began_s``: the last sign of life.

    A silence that is declared after 124 s began 124 s before: that is when the link was lost, and
    what happened later cannot have caused it.
    """

    declared_s: float
    began_s: float
    cause: Cause
    session_start_s: float = 0.0
    nodes: int | None = None
    """How many nodes the session had downloaded."""
    attempts: int = 0
    failures: list[Cause] = field(default_factory=list)
    """Why attempts to connect again failed, as they said it themselves."""
    failed_s: float | None = None
    """When the last of those failed: the node did not serve us before."""
    handshake_s: float | None = None
    """How long the attempt that succeeded took until the node had sent its configuration."""
    recovered_s: float | None = None
    asked: bool = False
    """Whether the node had been asked before silence was declared."""
    heard_s: float | None = None
    """When the node's last byte came: it can have died at any time from then on."""
    reboots: int | None = None
    """By how much the node's count of reboots grew from the session before to the one after."""
    booted_s: float | None = None
    """When the node had started, as it said in the session after."""
    gateway: bool | None = None
    """Whether another host of our network answered during the outage."""

    @property
    def life_s(self) -> float:
        """How long the session had been alive."""
        return max(self.began_s - self.session_start_s, 0.0)

    @property
    def died_s(self) -> float:
        """The earliest time at which the link can have died.

        What a node sends last, it sends alive. That a crashed one is gone, its RST tells with the
        next question; without knowing its last byte, that was the last question before.
        """
        if self.cause is Cause.SILENCE:
            return self.began_s
        if self.cause is not Cause.RESET:
            return self.declared_s
        if self.heard_s is not None:
            return self.heard_s
        # One that is still booting afterwards has died just now.
        booting = Cause.REFUSED in self.failures
        since_s = BOOTING_SINCE_S if booting else ASKED_EVERY_S
        return max(self.declared_s - since_s, self.session_start_s)

    @property
    def group_of_failures(self) -> set[Cause]:
        """Why attempts to connect again failed, as causes count when losses are judged."""
        return {cause.group for cause in self.failures}

    @property
    def outage_s(self) -> float | None:
        """From the last sign of life to the next success; None while there is none."""
        return self.recovered_s - self.began_s if self.recovered_s is not None else None
