"""The site's facts: who and where. Edit by hand; the tuning constants are in main_bot.py.

Every name can be overridden by the environment variable ``MESHBOT_<NAME>``, which wins.
"""

# "simulated": a node simulated inside the bot, to try it without a radio.
# "tcp": a real node on the network, at TCP_HOST. "serial": a real node on a USB port.
# Left like this, a TCP_HOST or SERIAL_PORT that is set says which; "main_bot.py setup" finds yours.
CONNECTION_MODE = "simulated"

# An address or a name, such as "meshtastic.local" or "[fe80::1%wlan0]"; a port may follow: ":4403".
TCP_HOST = "192.168.1.38"
TCP_PORT = 4403

# Such as "/dev/serial/by-id/usb-…", whose name never changes, as that of /dev/ttyUSB0 does; None:
# the one port that looks like a node.
SERIAL_PORT = None

# Names, keys and when nodes were heard; relative to the folder the bot is started in.
DATABASE_PATH = "meshbot.db"

# "fr" or "en": what the bot says, to you and on the mesh; who writes /lang chooses for himself.
LANGUAGE = "fr"

# DEBUG, INFO, WARNING or ERROR.
LOG_LEVEL = "INFO"

# Commands are answered as direct messages. Channels (0 to 7) on which broadcast commands are
# answered too, on the channel; empty: none. Each answer uses the air time of everybody there.
ANSWER_CHANNELS: tuple[int, ...] = ()

# Nodes that may give the bot orders (/tcp reconnect), each with the first twelve characters of its
# key, as its own app shows it: ("!a1b2c3d4:DMqoyaXFQbTx",). With the number alone the first key
# learned for it counts. Only a sealed direct message does; empty: nobody.
ADMIN_NODES: tuple[str, ...] = ()

# True: ignore direct messages that do not prove their sender. See docs/direct-messages.md.
REQUIRE_PKI = False

# The port on which phones, the meshtastic command, Home Assistant and other bots find the node
# through the bot, as if they were alone with it: 4403 is the node's own number. 0: not shared.
SHARE_PORT = 0

# The address of this machine that they come to. "127.0.0.1": only programs of this machine;
# "0.0.0.0": anybody on its networks, and the protocol has no passwords.
SHARE_ADDRESS = "127.0.0.1"

# At most so many at a time, 1 to 32.
SHARE_MAX_CLIENTS = 8

# True: they may change the node's settings, and not only read them.
SHARE_ALLOW_ADMIN = False

# True: they are told the node's private key.
SHARE_PRIVATE_KEY = False

# True: one that comes back is given the texts that were heard while it was away.
SHARE_REPLAY = False

# True: the network is told of the port (mDNS), so that apps find it, where it is open to one.
SHARE_MDNS = True

# How much of an hour the packets of each may be on the air, in percent.
SHARE_AIR_BUDGET = 5

# The services that tell you when the link is down, a key waits, the battery is low: addresses of
# apprise, such as "ntfy://…" or "mailto://…". They hold passwords. See docs/alerts.md; empty: none.
ALERT_URLS: tuple[str, ...] = ()
# The port on which the bot tells by HTTP how it is: /healthz and, for Prometheus, /metrics. See
# docs/metrics.md. 0: nowhere.
STATUS_PORT = 0

# The address of this machine for that. "127.0.0.1": only programs of this machine; "0.0.0.0":
# anybody on its networks, and there is no password.
STATUS_ADDRESS = "127.0.0.1"

# Names by which others call this machine, beyond its own, such as ("meshbot", "pi.example.org").
STATUS_HOSTS: tuple[str, ...] = ()

# The name of this site, on everything that is measured; empty: there is only one.
SITE = ""
