"""What each command answers in English, to the letter, and how a sender chooses a language."""

from collections.abc import Iterator

import pytest

from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts import VERDICTS
from meshbot.messages.commands import Commands
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.outcome import Outcome
from meshbot.messages.reply import Reply
from meshbot.messages.request import Request
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.text.language import speaking
from meshbot.text.text_split import split_text
from tests.support.fake_view import FakeView
from tests.support.french import french_in

ANN, BOB = 0x0A, 0xB0B0B0B0
KEY, SECOND = b"\x01" * 32, b"\x02" * 32
MAX_BYTES, MAX_PARTS = 200, 5
ANN_NODE = KnownNode(ANN, "Ann", "A", "HELTEC_V3", public_key=KEY, hops=0)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


def view() -> FakeView:
    return FakeView(
        [ANN_NODE, KnownNode(BOB, "Bob", hops=2)],
        in_place=(ANN,),
        messages=DirectMessageCounts(),
        others=[OtherKey(ANN, SECOND, offered_at=1)],
        judged="nothing to tell",
    )


def answer(text: str, seen: FakeView | None = None, **heard: object) -> Reply:
    request = Request(sender=ANN, text=text, **heard)  # type: ignore[arg-type]
    reply = Commands(seen or view()).answer(request)
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "/help",
            "Commands (start with /):\n"
            "help: this help\n"
            "ping: SNR, RSSI and hops of your message\n"
            "my: what the bot knows about you\n"
            "nodes: nodes heard recently\n"
            "keys: public keys known and in place; with a name: that node\n"
            "tcp: state of the link to the node; reconnect: renew it\n"
            "sys: uptime, memory, versions\n"
            "lang: language of replies: fr, en",
        ),
        ("/help ping", "Command ping: SNR, RSSI and hops of your message"),
        ("/ping", "pong hops unknown"),
        (
            "/my",
            "Ann [A] !0000000a, HELTEC_V3\npublic key known, message not authenticated\n"
            "heard 1 min ago, direct",
        ),
        ("/nodes", "2 nodes known, last heard:\nAnn 1 min ago, direct\nBob 1 min ago, 2 hops"),
        (
            "/keys",
            "42 public keys known, 40 in place in the interface.\n"
            "Direct messages: 0 opened by the radio, 0 by the bot, 0 left sealed, "
            "0 without proof\nOther key announced, to be decided on: Ann",
        ),
        (
            "/tcp",
            "Link up for 1 h 1 min\nRestored 1 time in 1 h, 4 in 24 h\n"
            "Last sync: 42 keys 2 min ago\nOver 7 d: nothing to tell",
        ),
        ("/tcp now", "Unknown argument: tcp alone, or tcp reconnect."),
        ("/tcp reconnect", "Command refused."),
        (
            "/sys",
            "Bot 0.1.0, up for 1 d 1 h\nMemory 48 MB, Python 3.11.9, meshtastic 2.7.11, "
            "firmware 2.7.26",
        ),
        ("/lang", "Languages: fr, en. Example: /lang en"),
        ("/dance", "Unknown command: dance. Send /help for the list."),
    ],
)
def test_each_command_answers_in_english(text: str, said: str) -> None:
    assert answer(text).text == said
    assert french_in(said) == []


def test_a_name_that_nobody_has() -> None:
    assert answer("/keys nobody", FakeView()).text == "No node with this name."


@pytest.mark.parametrize("name", Commands(FakeView()).names)
def test_each_answer_fits_into_messages_of_200_bytes(name: str) -> None:
    for language in ("fr", "en"):
        with speaking(language):
            parts = split_text(answer(f"/{name}").text, MAX_BYTES, MAX_PARTS)
        assert all(len(part.encode()) <= MAX_BYTES for part in parts)
        assert not parts[-1].endswith("…")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_and_the_link_fit_into_one_message(verdict: Verdict) -> None:
    seen = FakeView(judged=verdict.wording)
    assert len(answer("/tcp", seen).text.encode()) <= MAX_BYTES


# -- /lang ---------------------------------------------------------------------------------------


def test_a_sender_chooses_and_is_answered_in_that_language_at_once() -> None:
    seen = FakeView([KnownNode(ANN, "Ann")])
    assert answer("/lang FR", seen).text == "Les réponses seront en français."
    assert answer("/lang en", seen).text == "Replies will be in English."
    assert seen.languages == {ANN: "en"}


def test_who_has_a_key_must_prove_that_it_is_him() -> None:
    seen = view()
    refused = answer("/lang fr", seen)
    assert (refused.outcome, seen.languages) == (Outcome.REFUSED, {})
    assert refused.text == "Message not authenticated: language unchanged."
    answer("/lang fr", seen, proven=True)
    assert seen.languages == {ANN: "fr"}


@pytest.mark.parametrize("text", ["/lang de", "/lang", "/lang en fr", "/lang é"])
def test_any_other_language_changes_nothing(text: str) -> None:
    seen = FakeView()
    assert answer(text, seen).text == "Languages: fr, en. Example: /lang en"
    assert seen.languages == {}
