"""Whose the frames for one client alone are."""

from meshbot.sharing.proxied_frames import ProxiedFrames

MQTT, FILE = "mqttClientProxyMessage", "xmodemPacket"


def test_the_last_that_sent_one_is_given_them() -> None:
    proxied = ProxiedFrames()
    proxied.sent(1, MQTT)
    proxied.sent(2, MQTT)
    proxied.is_ready(3)
    assert proxied.recipient(MQTT) == 2


def test_while_none_sent_one_the_last_to_ask_for_a_configuration_is() -> None:
    proxied = ProxiedFrames()
    assert proxied.recipient(MQTT) is None
    proxied.is_ready(1)
    proxied.is_ready(2)
    proxied.is_ready(1)
    assert proxied.recipient(MQTT) == 1


def test_a_file_is_for_who_asked_for_it_only() -> None:
    proxied = ProxiedFrames()
    proxied.is_ready(1)
    proxied.sent(1, MQTT)
    assert proxied.recipient(FILE, asked=True) is None
    proxied.sent(2, FILE)
    assert proxied.recipient(FILE, asked=True) == 2


def test_one_that_is_gone_is_given_nothing() -> None:
    proxied = ProxiedFrames()
    proxied.is_ready(1)
    proxied.is_ready(2)
    proxied.sent(2, MQTT)
    proxied.gone(2)
    assert proxied.recipient(MQTT) == 1
