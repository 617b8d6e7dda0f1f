"""Why a link was lost or could not be opened, and why a packet was not sent. Pure.

A cause travels as itself, with a detail where there is one (a host, a port, an error of the
system). It becomes words where somebody reads it: see ``meshbot.text.cause_texts``.
"""

import enum


class Cause(enum.Enum):
    """One cause. The values are stored in the link's journal and must not change."""

    # What ends a session.
    SILENCE = "silence"
    FIN = "fin"
    """The node closed the connection in good order."""
    ALREADY_CLOSED = "already_closed"
    """The same, noticed when something was written."""
    RESET = "reset"
    REBOOTED = "rebooted"
    """The node said that it has restarted."""
    STALLED = "stalled"
    """The node stands still while it sends its configuration."""
    INCOMPLETE = "incomplete"
    """What the node sent is not the configuration that it was asked for."""
    ENDLESS = "endless"
    """The node sends more configuration, or for longer, than any node has."""
    NUMBER_CHANGED = "number_changed"
    """Another node speaks in the middle of a session; the detail is its number."""
    NOT_READING = "not_reading"
    """The node takes no more bytes."""
    UNSTABLE = "unstable"
    """Found dead at the end of the stabilization delay."""
    REQUESTED = "requested"
    """Somebody wanted a new session; the detail says who."""
    CLOSED = "closed"
    """Closed on our side."""
    SCHEDULED = "scheduled"
    """The bot ended the session itself, by a schedule of its own."""

    # Why none can be opened.
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    NO_ANSWER = "no_answer"
    UNKNOWN_NAME = "unknown_name"
    """The detail is the name."""
    NO_ADDRESS = "no_address"
    ADDRESS_FAMILY = "address_family"
    """An address of a kind that this machine does not know."""
    INTERRUPTED = "interrupted"
    """The bot stops."""

    # What this machine lacks for a session.
    NO_THREAD = "no_thread"
    NO_MEMORY = "no_memory"
    NO_DESCRIPTOR = "no_descriptor"
    """It has too many files open."""

    # The same of a serial port, whose path is the detail.
    PORT_CLOSED = "port_closed"
    PORT_LOST = "port_lost"
    """The detail is the system's error: most often the cable was pulled."""
    PORT_ABSENT = "port_absent"
    PORT_FORBIDDEN = "port_forbidden"
    PORT_BUSY = "port_busy"
    PORT_OF_ANOTHER = "port_of_another"
    """Another device has the name now; the detail is the path and the device."""
    PORT_MUTE = "port_mute"
    """Not one frame came from it."""
    PORT_FAILED = "port_failed"
    """The detail is the path and the system's error."""
    NO_PORT = "no_port"
    SEVERAL_PORTS = "several_ports"
    """The detail lists them."""

    # Why a packet was not sent.
    NO_LINK = "no_link"
    LINK_DOWN = "link_down"
    LOST_WHILE_SENDING = "lost_while_sending"
    NOT_CONFIGURED = "not_configured"
    """The node has not finished sending its configuration."""
    QUEUE_STAYS_FULL = "queue_stays_full"
    QUEUE_FULL = "queue_full"
    SEND_BUSY = "send_busy"
    """Another send occupies the link."""
    USED_INTERFACE = "used_interface"
    """An interface is opened once."""
    OWN_USER_UNKNOWN = "own_user_unknown"
    LICENSED = "licensed"
    """A ham station: nothing is sealed, no key is asked for."""
    KEY_UNUSABLE = "key_unusable"
    NO_KEY = "no_key"

    FIRST = "first"
    """There was no link before."""
    OTHER = "other"
    """The detail says what."""

    @property
    def group(self) -> "Cause":
        """The cause that this one counts as when losses are judged."""
        return _GROUPS.get(self, self if self in _JUDGED else Cause.OTHER)


_GROUPS = {
    Cause.ALREADY_CLOSED: Cause.FIN,
    Cause.INCOMPLETE: Cause.STALLED,
    Cause.NOT_READING: Cause.STALLED,
    Cause.NETWORK_UNREACHABLE: Cause.UNREACHABLE,
    Cause.NO_ANSWER: Cause.UNREACHABLE,
    Cause.UNKNOWN_NAME: Cause.UNREACHABLE,
    Cause.PORT_CLOSED: Cause.PORT_LOST,
    Cause.PORT_ABSENT: Cause.PORT_LOST,
    Cause.NO_PORT: Cause.PORT_LOST,
    Cause.PORT_OF_ANOTHER: Cause.PORT_LOST,
    Cause.PORT_MUTE: Cause.STALLED,
    Cause.PORT_FAILED: Cause.PORT_LOST,
    Cause.NO_THREAD: Cause.NO_MEMORY,
    Cause.NO_DESCRIPTOR: Cause.NO_MEMORY,
}
_JUDGED = frozenset(
    (
        Cause.SILENCE,
        Cause.FIN,
        Cause.RESET,
        Cause.REFUSED,
        Cause.UNREACHABLE,
        Cause.STALLED,
        Cause.ENDLESS,
        Cause.NO_MEMORY,
        Cause.REBOOTED,
        Cause.REQUESTED,
        Cause.SCHEDULED,
        Cause.PORT_LOST,
        Cause.PORT_BUSY,
        Cause.PORT_FORBIDDEN,
    )
)
