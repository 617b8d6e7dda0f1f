"""What the radio may hold, from what it showed."""

from collections.abc import Callable

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.mesh import radio_keys
from meshbot.mesh.radio_keys import RadioKeys

ANN, BOB, EVE = 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
KEY, FORGED = b"\x01" * 32, b"\x99" * 32


def info(num: int, key: bytes) -> mesh_pb2.NodeInfo:
    return mesh_pb2.NodeInfo(num=num, user=mesh_pb2.User(public_key=key))


def told(*infos: mesh_pb2.NodeInfo, session: object = "first") -> RadioKeys:
    """Return what is known after a full download of ``infos``."""
    radio = RadioKeys()
    radio.enter_session(session)
    radio.note_entries(infos, complete=True)
    return radio


def test_nothing_is_known_to_lack_before_the_radio_told_anything() -> None:
    assert not RadioKeys().is_lacking(ANN)


def test_a_full_download_tells_what_is_held_and_what_is_lacking() -> None:
    radio = told(info(ANN, KEY), info(BOB, b""), mesh_pb2.NodeInfo(num=0x77))
    assert not radio.is_lacking(ANN)
    assert all(radio.is_lacking(num) for num in (BOB, EVE, 0x77))


def test_a_download_may_come_in_several_pieces() -> None:
    radio = RadioKeys()
    radio.enter_session("session")
    radio.note_entries([info(ANN, KEY)], complete=False)
    assert not radio.is_lacking(EVE), "not before the end of it"
    radio.enter_session("session")
    radio.note_entries([info(BOB, KEY)], complete=True)
    assert not radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)
    assert radio.is_lacking(EVE)


def test_a_download_of_the_nodes_own_entry_tells_nothing_of_the_others() -> None:
    radio = RadioKeys()
    radio.enter_session("session")
    radio.note_entries([info(ANN, KEY)], complete=False)
    assert not radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)


def test_after_a_reconnection_without_the_database_nobody_is_known_to_be_lacking() -> None:
    """While we were away the radio may have heard any key, a forged one as well."""
    radio = told(info(ANN, KEY))
    radio.note_missing(BOB)
    assert radio.is_lacking(BOB)
    assert radio.is_lacking(EVE)
    radio.enter_session("second")
    radio.note_entries([info(0x77, KEY)], complete=False)
    assert not any(radio.is_lacking(num) for num in (ANN, BOB, EVE))


def test_what_the_radio_shows_after_a_reconnection_counts_again() -> None:
    radio = told()
    radio.enter_session("second")
    radio.note_missing(ANN)
    assert radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)
    radio.note_held(ANN, KEY)
    assert not radio.is_lacking(ANN)
    radio.note_unopened(ANN, KEY)
    assert radio.is_lacking(ANN)


@pytest.mark.parametrize("learn", [RadioKeys.note_heard, RadioKeys.note_unopened])
def test_what_is_heard_without_knowing_the_database_leaves_a_node_uncertain(
    learn: Callable[[RadioKeys, int, bytes], None],
) -> None:
    """It may hold another key than the one heard, or the one that did not open a message."""
    radio = RadioKeys()
    radio.enter_session("first")
    learn(radio, ANN, KEY)
    assert not radio.is_lacking(ANN)
    radio.note_unopened(ANN, KEY)
    assert not radio.is_lacking(ANN)


def test_the_same_session_again_changes_nothing() -> None:
    radio = told()
    radio.enter_session("first")
    assert radio.is_lacking(ANN)


def test_what_a_broken_off_download_told_does_not_count_for_the_next() -> None:
    radio = RadioKeys()
    radio.enter_session("broken off")
    radio.note_entries([info(ANN, KEY)], complete=False)
    radio.enter_session("second")
    radio.note_entries([info(BOB, KEY)], complete=True)
    assert radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)


def test_a_download_without_any_entry_is_one_too() -> None:
    radio = told(info(ANN, KEY))
    radio.enter_session("second")
    radio.note_entries([], complete=True)
    assert radio.is_lacking(ANN)


def test_what_the_radio_evicted_shows_at_the_next_full_download() -> None:
    radio = told(info(ANN, KEY), info(BOB, KEY))
    radio.enter_session("second")
    radio.note_entries([info(BOB, KEY)], complete=True)
    assert radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)


def test_a_key_heard_may_be_held_from_then_on() -> None:
    radio = told()
    radio.note_heard(ANN, FORGED)
    assert not radio.is_lacking(ANN)
    assert radio.is_lacking(BOB)


def test_a_key_used_or_given_is_held() -> None:
    radio = told()
    radio.note_held(ANN, KEY)
    assert not radio.is_lacking(ANN)


def test_a_message_that_the_radio_could_not_open_shows_that_it_lacks_the_key() -> None:
    radio = told(info(ANN, KEY))
    radio.note_unopened(ANN, KEY)
    assert radio.is_lacking(ANN)


def test_a_message_not_opened_leaves_another_key_that_the_radio_may_hold() -> None:
    """The radio takes the first key it hears, a forged one as well: ours would not replace it."""
    radio = told()
    radio.note_heard(ANN, FORGED)
    radio.note_heard(ANN, KEY)
    radio.note_unopened(ANN, KEY)
    assert not radio.is_lacking(ANN)


def test_a_key_that_the_radio_used_is_the_only_one_it_holds() -> None:
    radio = told()
    radio.note_heard(ANN, FORGED)
    radio.note_held(ANN, KEY)
    radio.note_unopened(ANN, KEY)  # evicted since
    assert radio.is_lacking(ANN)


def test_a_refusal_for_a_missing_key_shows_that_the_radio_has_none() -> None:
    radio = told(info(ANN, KEY))
    radio.note_heard(ANN, FORGED)
    radio.note_missing(ANN)
    assert radio.is_lacking(ANN)
    radio.note_heard(ANN, KEY)
    assert not radio.is_lacking(ANN)


def test_a_refusal_counts_before_any_download_too() -> None:
    radio = RadioKeys()
    radio.note_missing(ANN)
    assert radio.is_lacking(ANN)
    assert not radio.is_lacking(BOB)


def test_of_many_keys_heard_under_one_number_few_are_kept_and_those_used_count() -> None:
    radio = told()
    for number in range(100):
        radio.note_heard(ANN, bytes([number]) * 32)
    radio.note_unopened(ANN, KEY)
    assert not radio.is_lacking(ANN)
    for number in range(radio_keys.MAX_KEYS_OF_A_NODE):
        radio.note_unopened(ANN, bytes([number]) * 32)
    assert radio.is_lacking(ANN)


def test_too_many_nodes_leave_nothing_known_rather_than_something_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(radio_keys, "MAX_NODES", 3)
    radio = told(info(ANN, KEY))
    radio.note_missing(BOB)
    radio.note_heard(EVE, KEY)
    assert radio.is_lacking(0x77)
    radio.note_heard(1, KEY)  # a fourth node
    assert not any(radio.is_lacking(num) for num in (ANN, BOB, EVE, 1, 0x77))
    radio.note_missing(BOB)
    assert radio.is_lacking(BOB), "what it shows from then on counts"
    assert not radio.is_lacking(ANN)


def test_a_database_too_large_to_be_kept_leaves_nothing_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(radio_keys, "MAX_NODES", 3)
    radio = told(*(info(num, KEY) for num in range(1, 6)))
    assert not any(radio.is_lacking(num) for num in range(1, 10))


def test_an_entry_that_the_radio_tells_after_its_download_is_held() -> None:
    radio = told()
    radio.note_entries([info(ANN, KEY)], complete=False)
    assert not radio.is_lacking(ANN)
    assert radio.is_lacking(BOB), "and the rest is known as before"


def test_a_key_that_the_radio_tells_is_the_only_one_it_holds() -> None:
    radio = told()
    radio.note_heard(ANN, FORGED)
    radio.note_entries([info(ANN, KEY)], complete=False)
    radio.note_unopened(ANN, KEY)
    assert radio.is_lacking(ANN)


# -- The key that it showed --------------------------------------------------------------------


def test_the_key_that_the_radio_showed_last_is_known_whatever_is_heard_meanwhile() -> None:
    """The firmware keeps the first key of a node until it forgets the node."""
    radio = RadioKeys()
    assert radio.key_shown(ANN) == b""
    radio.note_held(ANN, FORGED)
    for number in range(10):
        radio.note_heard(ANN, bytes([number]) * 32)
    assert radio.key_shown(ANN) == FORGED
    radio.note_held(ANN, KEY)
    assert radio.key_shown(ANN) == KEY


def test_a_key_told_in_the_database_is_shown_and_one_only_heard_is_not() -> None:
    radio = told(info(ANN, FORGED))
    radio.note_heard(BOB, FORGED)
    assert (radio.key_shown(ANN), radio.key_shown(BOB)) == (FORGED, b"")


@pytest.mark.parametrize(
    "forget",
    [
        lambda radio: radio.note_missing(ANN),
        lambda radio: radio.note_unopened(ANN, FORGED),
        lambda radio: radio.enter_session("second"),
    ],
    ids=["refused", "not opened", "another session"],
)
def test_a_key_that_the_radio_need_not_have_any_more_is_not_called_shown(
    forget: Callable[[RadioKeys], None],
) -> None:
    radio = told(info(ANN, FORGED))
    forget(radio)
    assert radio.key_shown(ANN) == b""


def test_a_message_that_another_key_opens_leaves_the_shown_one() -> None:
    radio = told(info(ANN, FORGED))
    radio.note_unopened(ANN, KEY)
    assert radio.key_shown(ANN) == FORGED


@pytest.mark.parametrize(
    ("firmware", "own"), [("", False), ("2.7.26.54e0d8d", False), ("2.8.0.7754068", True)]
)
def test_from_2_8_on_it_marks_for_itself_and_can_be_asked(firmware: str, own: bool) -> None:
    radio = RadioKeys()
    radio.enter_session("first", firmware)
    assert (radio.marks_for_itself, radio.can_be_asked) == (own, own)


def test_a_version_that_is_told_during_the_session_counts() -> None:
    radio = told()
    radio.enter_session("first", "2.8.0.7754068")
    assert radio.can_be_asked
    assert radio.is_lacking(ANN), "and what was known is"
