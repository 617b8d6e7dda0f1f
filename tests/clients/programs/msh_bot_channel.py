"""``msh-bot`` on the first channel. It knows the port 4403 only, so it is told another one.

It says nothing by itself: it answers ``/ping`` with the hops, and that is what it is asked to say.
"""

import functools
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

folder = Path(tempfile.mkdtemp())
config = folder / "config.toml"
config.write_text(
    f'[node]\nhostname = "{sys.argv[1]}"\ntarget_channel = "none"\n'
    "[offline]\nreconnect_poll = 1\nprobe_interval = 10\n",
    encoding="utf-8",
)
os.environ["MSHBOT_CONFIG"] = str(config)

import msh_bot.main as bot  # type: ignore[import-not-found] # noqa: E402
from meshtastic.tcp_interface import TCPInterface  # noqa: E402
from pubsub import pub  # noqa: E402

from tests.clients.programs import talk  # noqa: E402


def heard(packet: dict[str, Any], interface: Any) -> None:
    """Tell of a text."""
    talk.tell("heard", text=packet["decoded"].get("text", ""))


def established(interface: Any) -> None:
    """Tell that it is connected."""
    talk.tell("connected", own=interface.myInfo.my_node_num, nodes=len(interface.nodes or {}))


def lost(interface: Any) -> None:
    """Tell that it is not."""
    talk.tell("lost", why="meshtastic.connection.lost")


pub.subscribe(heard, "meshtastic.receive.text")
pub.subscribe(established, "meshtastic.connection.established")
pub.subscribe(lost, "meshtastic.connection.lost")
bot.TCPInterface = functools.partial(TCPInterface, portNumber=int(sys.argv[2]))
bot.info = bot.success = lambda text: None  # its own lines go to the same output
bot.error = lambda text: talk.tell("problem", text=text)
bot.banner = lambda: None
threading.Thread(target=bot.main, daemon=True).start()
for _ in talk.texts_to_say():
    pass
os._exit(0)
