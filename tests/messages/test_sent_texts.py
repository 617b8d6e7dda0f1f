"""What a routing error says about our radio's keys, by who sent it."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.sent_texts import RoutingNews, SentTexts

OWN, ANN, EVE = 0x01, 0x0A, 0xE0
PACKET_ID = 77
Error = mesh_pb2.Routing.Error


def sent() -> SentTexts:
    """Return what is remembered of a text to Ann that the node has taken."""
    texts = SentTexts()
    texts.remember(OutgoingText("pong", ANN, packet_id=PACKET_ID))
    texts.taken(PACKET_ID)
    return texts


def test_only_our_own_nodes_want_of_a_key_says_that_the_radio_lacks_it() -> None:
    news = sent().routing_error(PACKET_ID, OWN, Error.PKI_SEND_FAIL_PUBLIC_KEY, OWN)
    assert (news.lacking, news.key_missing) == (ANN, True)


@pytest.mark.parametrize("error", [Error.PKI_UNKNOWN_PUBKEY, Error.PKI_SEND_FAIL_PUBLIC_KEY])
def test_what_the_receiver_lacks_is_our_key_and_says_nothing_of_our_radio(
    error: mesh_pb2.Routing.Error.ValueType,
) -> None:
    """Nor would our own seal help: he has no key to open it with."""
    news = sent().routing_error(PACKET_ID, ANN, error, OWN)
    assert (news.lacking, news.key_missing) == (None, False)
    assert news.failed is not None
    assert news.failed.to == ANN


def test_nobody_else_can_say_anything() -> None:
    for error in (Error.PKI_UNKNOWN_PUBKEY, Error.PKI_SEND_FAIL_PUBLIC_KEY):
        assert sent().routing_error(PACKET_ID, EVE, error, OWN) == RoutingNews()
