"""A private key once given is used where a later configuration leaves it out, and nowhere else."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from meshbot.link.own_keys import OwnKeys, ToldKeys

NUM, OTHER_NUM = 0xA1B2C3D4, 0x0000000B
PRIVATE, OTHER_PRIVATE = b"\x21" * 32, b"\x42" * 32


def public_of(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


WHOLE = ToldKeys(NUM, public_of(PRIVATE), PRIVATE, told_security=True)
WITHHELD = replace(WHOLE, private=b"")
NOTHING = ToldKeys(NUM, b"", b"", told_security=False)


@pytest.fixture
def keys() -> OwnKeys:
    remembered = OwnKeys()
    assert remembered.private_key(WHOLE) == PRIVATE
    return remembered


@pytest.mark.parametrize("later", [WITHHELD, NOTHING, replace(WITHHELD, told_security=False)])
def test_it_is_used_where_it_is_left_out(keys: OwnKeys, later: ToldKeys) -> None:
    assert keys.private_key(later) == PRIVATE


@pytest.mark.parametrize(
    "later",
    [
        replace(WITHHELD, num=OTHER_NUM),
        replace(NOTHING, num=OTHER_NUM),
        replace(WITHHELD, public=public_of(OTHER_PRIVATE)),
        replace(WITHHELD, public=b""),
    ],
    ids=["other node", "other node that says nothing", "other key", "told to have none"],
)
def test_it_is_not_used_for_another_node_or_key(keys: OwnKeys, later: ToldKeys) -> None:
    assert keys.private_key(later) == b""
    assert keys.private_key(WITHHELD) == PRIVATE, "what another node says does not erase it"


def test_a_new_key_takes_the_place_of_the_old_one(keys: OwnKeys) -> None:
    new = ToldKeys(NUM, public_of(OTHER_PRIVATE), OTHER_PRIVATE, told_security=True)
    assert keys.private_key(new) == OTHER_PRIVATE
    assert keys.private_key(replace(new, private=b"")) == OTHER_PRIVATE
    assert keys.private_key(WITHHELD) == b""


def test_a_public_key_that_was_not_told_is_reckoned(keys: OwnKeys) -> None:
    assert keys.private_key(ToldKeys(NUM, b"", OTHER_PRIVATE, told_security=True)) == OTHER_PRIVATE
    assert keys.private_key(replace(WITHHELD, public=public_of(OTHER_PRIVATE))) == OTHER_PRIVATE


def test_a_key_that_is_none_is_handed_on_and_forgotten() -> None:
    keys = OwnKeys()
    assert keys.private_key(replace(WHOLE, private=b"short")) == b"short"
    assert keys.private_key(WITHHELD) == b""


def test_nothing_shows_a_key(keys: OwnKeys) -> None:
    assert repr(keys) == "OwnKeys()"
    for told in (WHOLE, keys._given):
        assert repr(PRIVATE)[2:12] not in repr(told)
