"""Why an order is not obeyed."""

import enum


class OrderRefusal(enum.Enum):
    """Each reason has a clause of its own in the journal; the sender is told none."""

    UNSEALED = "unsealed"
    NO_KEY_SHOWN = "no key shown"
    BY_MQTT = "by MQTT"
    BY_UDP = "by UDP"
    BY_UNKNOWN_WAY = "by unknown way"
    NO_KEY_KNOWN = "no key known"
    NO_ADMIN = "no admin"
    NOT_THE_ADMINS_KEY = "not the admin's key"
    KEY_DISPUTED = "key disputed"
    NO_PACKET_ID = "no packet id"
    REPLAYED = "replayed"
    NOT_NOTED = "not noted"
