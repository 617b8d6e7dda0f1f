"""Which addresses count as one machine, for what a client may use."""

import pytest

from meshbot.sharing.local_address import machine_of


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.2"])
def test_another_address_of_this_machine_makes_no_new_one(host: str) -> None:
    assert machine_of(host) == machine_of("127.0.0.1")


@pytest.mark.parametrize("host", ["192.168.1.7", "fe80::1%eth0", "2001:db8::7", ""])
def test_others_are_what_their_address_is(host: str) -> None:
    assert machine_of(host) == host
