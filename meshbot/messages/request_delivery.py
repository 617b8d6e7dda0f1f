"""Gives a request to the node and finds out what it says to that.

Owned by the sender's thread.
"""

import logging

from meshbot.messages.live_link import LiveLink
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.routing_errors import is_queued
from meshbot.messages.sender_settings import SenderSettings
from meshbot.model.link_error import LinkError

log = logging.getLogger(__name__)


class RequestDelivery:
    """One request at a time, tried once."""

    def __init__(self, link: LiveLink, settings: SenderSettings) -> None:
        """Name where the live interface comes from."""
        self._link = link
        self._settings = settings

    def deliver(self, request: OutgoingRequest) -> None:
        """Send a request, if its interface still is the live one, and tell what came of it."""
        interface, result = request.interface, None
        try:
            if interface is self._link.wait_live(0.0):
                packet_id = interface.new_packet_id()
                interface.send_packet(request.packet(interface, packet_id))
                patience_s = self._settings.confirm_timeout_s
                status = interface.wait_for_queue_status(packet_id, patience_s, patience_s)
                if status is not None:
                    result = 0 if is_queued(status.res) else status.res
        except LinkError as error:
            log.debug("request not sent: %s", error)
        finally:
            request.done(result)
