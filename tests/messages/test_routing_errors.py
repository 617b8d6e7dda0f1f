"""Routing errors in words."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.routing_errors import NO_KEY_ERRORS, routing_error_text

Error = mesh_pb2.Routing.Error
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
