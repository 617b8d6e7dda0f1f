"""``contact`` without its screen: its connecting, its lists, its message store, its sending."""

import argparse
import os
import tempfile
from typing import Any

os.environ["HOME"] = tempfile.mkdtemp()  # where it keeps its messages

import contact.runtime as contact  # type: ignore[import-not-found]
from contact.message_handlers.tx_handler import (  # type: ignore[import-not-found]
    send_message,
)
from contact.ui import default_config  # type: ignore[import-not-found]
from contact.utilities.shared_state import (  # type: ignore[import-not-found]
    app_state,
    interface_state,
    ui_state,
)
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
    default_config.notification_sound = "none"
    arguments = argparse.Namespace(host=f"{host}:{port}", port=None, ble=None, settings=False)
    app_state.connection_args = arguments
    pub.subscribe(heard, "meshtastic.receive.text")
    pub.subscribe(lost, "meshtastic.connection.lost")
    interface_state.interface = contact.initialize_runtime_interface(arguments)
    contact.initialize_globals()
    talk.tell("connected", own=interface_state.myNodeNum, nodes=len(ui_state.node_list))
    for text in talk.texts_to_say():
        send_message(text)
        talk.tell("said", text=text)
    os._exit(0)


main()
