"""What a firmware's version says about keys. Pure.

A version is what the node's metadata give: ``2.7.26.54e0d8d``, the last part being the commit. Of
anything else, such as a fork's, nothing is assumed.
"""

import re

_OFFICIAL = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\.[0-9a-f]{6,40})?")
_FIRST_WITH_KEYS = (2, 5)
_FIRST_WITH_WARM_KEYS = (2, 8)
_FIRST_TO_REFUSE = (2, 7, 19)
_FIRST_TO_NAME_THE_WAY = (2, 7, 6)
_FIRST_TO_NAME_IT_ITSELF = (2, 7, 10)


def version_of(firmware: str) -> tuple[int, int, int] | None:
    """Return the three numbers of an official version, None of anything else."""
    found = _OFFICIAL.fullmatch(firmware)
    return (int(found[1]), int(found[2]), int(found[3])) if found is not None else None


def release_of(firmware: str) -> tuple[int, int] | None:
    """Return the first two numbers of an official version, None of anything else."""
    version = version_of(firmware)
    return version[:2] if version is not None else None


def tells_all_keys(firmware: str) -> bool:
    """Say whether a radio has no other keys than those in the database that it sends.

    From 2.8 on (``WarmNodeStore``, in the flash) it keeps the keys of 100 to 2,000 nodes that it
    evicted from there, and opens and seals messages with them.
    """
    release = release_of(firmware)
    return release is not None and _FIRST_WITH_KEYS <= release < _FIRST_WITH_WARM_KEYS


def refuses_without_key(firmware: str) -> bool:
    """Say whether it refuses a direct message to a node whose key it lacks (``perhapsEncode``).

    Before 2.7.19 it sends that under the channel's key, for everybody to read, and says nothing.
    """
    version = version_of(firmware)
    return version is not None and version >= _FIRST_TO_REFUSE


def marks_for_itself(firmware: str) -> bool:
    """Say whether it alone marks a packet as opened with a key, and refuses to send with another.

    2.8 deletes the marks of packets that come by MQTT or UDP (``MQTT.cpp``,
    ``UdpMulticastHandler.h``, ``perhapsDecode``); some earlier firmware passes on what their
    publisher wrote (``sender_proof.py`` says which).
    """
    release = release_of(firmware)
    return release is not None and release >= _FIRST_WITH_WARM_KEYS


def may_sign_broadcasts(firmware: str) -> bool:
    """Say whether its broadcasts may be longer by a signature: from 2.8 on; of a fork, who knows.

    ``Router::perhapsEncode`` signs a broadcast of its own where the packet has room for that.
    """
    release = release_of(firmware)
    return release is None or release >= _FIRST_WITH_WARM_KEYS


def names_the_way(firmware: str) -> bool:
    """Say whether each packet that its radio heard names that way (``transport_mechanism``).

    ``RadioInterface::deliverToReceiver`` does since 2.7.6, so a packet that names none is none of
    those. 2.7.5 writes the radio over whatever way a packet came (``Router::runOnce``).
    """
    version = version_of(firmware)
    return version is not None and version >= _FIRST_TO_NAME_THE_WAY


def names_the_way_itself(firmware: str) -> bool:
    """Say whether the way that a packet names is the node's own word.

    In 2.7.5 to 2.7.9 ``UdpMulticastHandler::onReceive`` writes it before it decodes the packet,
    and decoding (nanopb begins with the defaults) puts there what the packet's publisher wrote.
    """
    version = version_of(firmware)
    return version is not None and version >= _FIRST_TO_NAME_IT_ITSELF
