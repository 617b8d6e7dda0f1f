"""One thing that the operator is told of. Pure; words are made of it where it is sent."""

import enum
from collections.abc import Hashable
from dataclasses import dataclass

from meshbot.model.cause import Cause


class AlertKind(enum.Enum):
    """What an alert is about."""

    LINK_DOWN = "link_down"
    LINK_BACK = "link_back"
    VERDICT = "verdict"
    KEY_WAITS = "key_waits"
    MORE_KEYS_WAIT = "more_keys_wait"
    BATTERY_LOW = "battery_low"
    NODE_WARNS = "node_warns"
    STORE_REMADE = "store_remade"
    ORDER_OBEYED = "order_obeyed"
    TEST = "test"
    """Asked for by the operator, to see whether it arrives."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened at monotonic ``at_s``. Alerts of one ``matter`` replace each other."""

    kind: AlertKind
    matter: Hashable
    at_s: float
    text: str = ""
    """A sentence, where the part of the bot that noticed it has one."""
    seconds: float = 0.0
    """Of the link: how long it was away at ``at_s``."""
    cause: Cause | None = None
    detail: str = ""
    latest_cause: Cause | None = None
    """Why the last attempt failed, where that is another than why the link was lost."""
    latest_detail: str = ""
    percent: int = 0
    others: int = 0
    """How many earlier ones of the same matter this one stands for, that were never sent."""
