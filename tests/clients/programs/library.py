"""The library ``meshtastic``, the stock one or the fork ``mtjk``, connected for long."""

import contextlib
import os
from typing import Any

from meshtastic.tcp_interface import TCPInterface
from pubsub import pub

from tests.clients.programs import talk


def heard(packet: dict[str, Any], interface: Any) -> None:
    """Tell of a text."""
    talk.tell("heard", text=packet["decoded"].get("text", ""))


def lost(interface: Any) -> None:
    """Tell that the library gave the connection up."""
    talk.tell("lost", why="meshtastic.connection.lost")


def main() -> None:
    """Connect, and send what is asked for."""
    host, port = talk.address()
    pub.subscribe(heard, "meshtastic.receive.text")
    pub.subscribe(lost, "meshtastic.connection.lost")
    interface = TCPInterface(host, portNumber=port)
    own_info: Any = interface.myInfo
    talk.tell("connected", own=own_info.my_node_num, nodes=len(interface.nodes or {}))
    for text in talk.texts_to_say():
        with contextlib.suppress(OSError):  # the library tells of it as lost
            interface.sendText(text)
            talk.tell("said", text=text)
    pub.unsubscribe(lost, "meshtastic.connection.lost")
    interface.close()


main()
os._exit(0)  # whatever threads the library leaves
