"""Routing errors and the results of the node's queue, in words."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.routing_errors import (
    NO_KEY_ERRORS,
    QUEUE_FULL_RESULT,
    is_queued,
    lacks_key,
    queue_result_text,
    routing_error_text,
)

Error = mesh_pb2.Routing.Error
ERRNO = {"ERRNO_UNKNOWN": 32, "ERRNO_NO_INTERFACES": 33, "ERRNO_DISABLED": 34}
"""``MeshTypes.h`` of firmware 2.5.20 to 2.8.0, but for OK (0) and SHOULD_RELEASE (35)."""
WITHOUT_ADVICE = {
    "NONE",
    "ADMIN_BAD_SESSION_KEY",
    "ADMIN_PUBLIC_KEY_UNAUTHORIZED",
}
"""No error at all, and those of remote administration, which the bot does not do."""


@pytest.mark.parametrize("name", sorted(set(Error.keys()) - WITHOUT_ADVICE))
def test_every_error_is_told_in_words_of_its_own_with_its_name(name: str) -> None:
    text = routing_error_text(Error.Value(name))
    assert text.endswith(f" ({name})")
    assert not text.startswith("le message n’a pas été remis")


def test_no_two_errors_are_told_alike() -> None:
    texts = [routing_error_text(Error.Value(name)) for name in set(Error.keys()) - WITHOUT_ADVICE]
    assert len({text.split(" (")[0] for text in texts}) == len(texts)


@pytest.mark.parametrize("name", sorted(WITHOUT_ADVICE))
def test_an_error_without_advice_is_named_all_the_same(name: str) -> None:
    assert routing_error_text(Error.Value(name)) == f"le message n’a pas été remis ({name})"


@pytest.mark.parametrize("code", [-1, 10, 1_000, 2**31 - 1])
def test_a_code_newer_than_this_bot_is_told_as_a_number(code: int) -> None:
    assert routing_error_text(code) == f"erreur {code}, inconnue de cette version du bot"


def test_a_missing_key_says_what_to_do() -> None:
    assert routing_error_text(Error.PKI_SEND_FAIL_PUBLIC_KEY) == (
        "la radio n'a pas la clé publique de ce nœud : lui faire renvoyer son NodeInfo, ou "
        "activer TCP_PUSH_KEYS_TO_RADIO (PKI_SEND_FAIL_PUBLIC_KEY)"
    )


def test_every_error_of_the_protocol_about_a_key_for_messages_is_one_for_a_missing_key() -> None:
    about_keys = {code for name, code in Error.items() if name.startswith("PKI_")}
    assert about_keys == NO_KEY_ERRORS


@pytest.mark.parametrize("name", ERRNO)
def test_the_radio_drivers_codes_are_not_told_as_routing_errors(name: str) -> None:
    text = queue_result_text(ERRNO[name])
    assert text.endswith(f"({name})")
    assert text != routing_error_text(ERRNO[name])


def test_a_result_of_the_router_is_told_as_the_error_it_is() -> None:
    for code in (Error.DUTY_CYCLE_LIMIT, Error.TOO_LARGE, Error.PKI_SEND_FAIL_PUBLIC_KEY, 1_000):
        assert queue_result_text(code) == routing_error_text(code)


def test_only_the_routers_word_on_a_key_means_that_the_radio_lacks_it() -> None:
    assert [code for code in range(64) if lacks_key(code)] == [Error.PKI_SEND_FAIL_PUBLIC_KEY]


def test_a_packet_is_queued_also_where_its_memory_is_not_the_radios_to_free() -> None:
    assert [code for code in range(64) if is_queued(code)] == [0, 35]
    assert ERRNO["ERRNO_UNKNOWN"] == QUEUE_FULL_RESULT


def test_a_radio_that_is_off_says_which_settings_to_look_at() -> None:
    text = queue_result_text(ERRNO["ERRNO_DISABLED"])
    assert "lora.region" in text
    assert "lora.tx_enabled" in text


def test_a_radio_that_is_off_says_where_the_text_went_all_the_same() -> None:
    """``Router::send`` hands a packet to UDP before the radio refuses it."""
    disabled = ERRNO["ERRNO_DISABLED"]
    assert queue_result_text(disabled, by_udp=True).startswith(queue_result_text(disabled))
    assert "UDP" in queue_result_text(disabled, by_udp=True)
    assert "UDP" not in queue_result_text(ERRNO["ERRNO_NO_INTERFACES"], by_udp=True)


def test_a_radio_that_is_mute_has_the_time_that_is_left() -> None:
    text = queue_result_text(Error.DUTY_CYCLE_LIMIT, mute_s=420.0)
    assert text.startswith("temps d'émission légal épuisé, la radio se tait encore 7 min")
