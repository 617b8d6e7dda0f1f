"""What each command answers, to the letter, and what no answer may ever be."""

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts import VERDICTS
from meshbot.link.link_status import LinkStatus
from meshbot.messages.commands import Commands, is_command
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.outcome import Outcome
from meshbot.messages.reply import Reply
from meshbot.messages.request import Request
from meshbot.messages.sync_status import SyncStatus
from meshbot.messages.system_status import SystemStatus
from meshbot.model.client_status import ClientStatus
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.other_key import OtherKey
from meshbot.text.quantities import duration_text
from meshbot.text.text_split import split_text
from tests.support.fake_view import FakeView

ANN, BOB = 0x0A, 0xB0B0B0B0
KEY, SECOND, THIRD = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
SLASHES = bytes.fromhex("ff" * 32)  # "////…" in base64
MAX_BYTES, MAX_PARTS = 200, 5


def answer_to(text: str, view: FakeView | None = None, **heard: object) -> Reply | None:
    request = Request(sender=ANN, text=text, **heard)  # type: ignore[arg-type]
    return Commands(view or FakeView()).answer(request)


def reply_to(text: str, view: FakeView | None = None, **heard: object) -> str | None:
    reply = answer_to(text, view, **heard)
    return reply.text if reply is not None else None


# -- What is a command -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "ping",
        "/",
        "//",
        "/ ping",
        "//ping",
        "/ping!",
        "/42",
        "/é",
        "ping /ping",
        "／",
        "／ ping",
        "∕ping",
        "⁄ping",
        "\\ping",
        "/pıng",
        "/пинг",
        "👍",
        "❤\ufe0f",
    ],
)
def test_conversation_gets_no_answer(text: str) -> None:
    assert reply_to(text) is None
    assert not is_command(text)
    assert not Commands(FakeView()).knows(text)


@pytest.mark.parametrize(
    "text",
    [
        "/ping",
        "/PING",
        " /Ping \n",
        "/ping\tnow",
        "/ping\nx",
        "/pinG x",
        "/ping\x07",
        "/ping\x00\x00",
        "/ping\u200d",
        "/ping\ufe0f",
        "/ping \ufe0f",
        "\ufeff/ping",
        "\u200b\u2003/Ping\u00a0",
        "／ping",
        "／ＰＩＮＧ\u3000x",
        "/p\u00ading",
        "/ping\ufffd",
    ],
)
def test_case_blanks_and_superfluous_arguments_do_not_matter(text: str) -> None:
    assert reply_to(text) == "pong sauts inconnus"
    assert is_command(text)
    assert Commands(FakeView()).knows(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("/foo", "foo"), ("/FOO bar", "foo"), ("/abcdefghijklmnopq", "abcdefghijkl")],
)
def test_an_unknown_command_is_named_in_part_and_help_offered(text: str, name: str) -> None:
    assert reply_to(text) == f"Commande inconnue : {name}. Envoyez /help pour la liste."
    assert is_command(text)
    assert not Commands(FakeView()).knows(text)


def test_an_argument_is_taken_as_it_is_seen() -> None:
    view = FakeView()
    answer_to("/keys\u00a0\ufe0f Ann\u200d \u2003b\x07", view)
    assert view.sought == ["Ann b"]
    assert reply_to("/help ｐｉｎｇ") == reply_to("/help ping")
    assert reply_to("/help ／ping\x07") == "Commande ping : SNR, RSSI et sauts de votre message"


def test_a_name_with_a_wide_slash_begins_no_command_in_a_reply() -> None:
    view = FakeView([KnownNode(7, "／ping")])
    assert (
        reply_to("/nodes", view)
        == "1 nœud connu, les derniers entendus :\n∕ping il y a 1 min, sauts inconnus"
    )


# -- /help -------------------------------------------------------------------------------------


def test_help_lists_every_command() -> None:
    assert reply_to("/help") == (
        "Commandes (avec / devant) :\n"
        "help : cette aide\n"
        "ping : SNR, RSSI et sauts de votre message\n"
        "my : ce que le bot sait de vous\n"
        "nodes : les nœuds entendus récemment\n"
        "keys : clés publiques connues et en place ; avec un nom : ce nœud\n"
        "tcp : état de la liaison avec le nœud ; reconnect : la refaire\n"
        "sys : durée de marche, mémoire, versions\n"
        "lang : langue des réponses : fr, en"
    )


@pytest.mark.parametrize("text", ["/help tcp", "/help /tcp", "/HELP /TCP"])
def test_help_explains_one_command(text: str) -> None:
    assert reply_to(text) == (
        "Commande tcp : état de la liaison avec le nœud ; reconnect : la refaire"
    )


def test_help_about_nonsense_is_the_list() -> None:
    assert reply_to("/help 😀 nonsense") == reply_to("/help")


def test_every_command_has_its_name_and_help() -> None:
    names = Commands(FakeView()).names
    assert names == ["help", "ping", "my", "nodes", "keys", "tcp", "sys", "lang"]
    for name in names:
        assert str(reply_to(f"/help {name}")).startswith(f"Commande {name} : ")


# -- /ping -------------------------------------------------------------------------------------


def test_ping_tells_how_the_message_was_heard() -> None:
    reply = reply_to("/ping", snr_db=6.25, rssi_dbm=-91, hops=2)
    assert reply == "pong SNR 6.2 dB, RSSI -91 dBm, 2 sauts"


@pytest.mark.parametrize(("hops", "said"), [(0, "direct"), (1, "1 saut"), (7, "7 sauts")])
def test_ping_counts_hops(hops: int, said: str) -> None:
    assert reply_to("/ping", hops=hops) == f"pong {said}"


def test_ping_over_mqtt_has_no_signal() -> None:
    assert reply_to("/ping", via_mqtt=True, hops=1) == "pong reçu par MQTT, 1 saut"


def test_a_signal_of_zero_is_a_signal() -> None:
    assert reply_to("/ping", snr_db=0.0, hops=0) == "pong SNR 0.0 dB, direct"


# -- /my ---------------------------------------------------------------------------------------


def test_my_tells_what_is_known_of_the_sender() -> None:
    node = KnownNode(ANN, "Anna", "ANN", "HELTEC_V3", "ROUTER", KEY, hops=3)
    assert reply_to("/my", FakeView([node]), proven=True) == (
        "Anna [ANN] !0000000a, HELTEC_V3\n"
        "clé publique connue, message authentifié\n"
        "entendu il y a 1 min, 3 sauts"
    )


def test_my_leaves_out_what_is_unknown() -> None:
    view = FakeView([KnownNode(ANN, hw_model="UNSET")], ago_s=None)
    assert reply_to("/my", view) == (
        "!0000000a !0000000a\n"
        "clé publique inconnue, message non authentifié\n"
        "entendu à une date inconnue, sauts inconnus"
    )


def test_my_of_a_stranger_is_the_number() -> None:
    assert reply_to("/my") == "Je ne sais de vous que votre numéro, !0000000a."


# -- /nodes ------------------------------------------------------------------------------------


def test_nodes_lists_those_heard_last() -> None:
    view = FakeView([KnownNode(ANN, "Anna", hops=0), KnownNode(BOB, hops=1)], ago_s=5.0)
    assert reply_to("/nodes", view) == (
        "2 nœuds connus, les derniers entendus :\n"
        "Anna il y a 5 s, direct\n"
        "!b0b0b0b0 il y a 5 s, 1 saut"
    )


def test_nodes_shows_ten_at_most_and_counts_all() -> None:
    view = FakeView([KnownNode(num) for num in range(1, 30)])
    lines = str(reply_to("/nodes", view)).splitlines()
    assert lines[0].startswith("29 nœuds connus")
    assert len(lines) == 11


def test_nodes_on_an_empty_mesh_says_so() -> None:
    assert reply_to("/nodes") == "Aucun nœud entendu pour l'instant."


# -- /keys -------------------------------------------------------------------------------------


def test_keys_counts_the_known_ones_and_the_messages_they_opened() -> None:
    view = FakeView(messages=DirectMessageCounts(by_radio=1, by_bot=2, unproven=3, not_opened=4))
    assert reply_to("/keys", view) == (
        "42 clés publiques connues, 40 en place dans l'interface.\n"
        "Messages directs : 1 par la radio, 2 ouverts par le bot, 4 restés scellés, 3 sans preuve"
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "Node1"), (3, "Node1, Node2, Node3"), (5, "Node1, Node2, Node3 et 2 de plus")],
)
def test_keys_names_whose_keys_wait_three_at_most(count: int, said: str) -> None:
    nums = range(1, count + 1)
    view = FakeView(
        [KnownNode(num, f"Node{num}", public_key=KEY) for num in range(1, 9)],
        others=[OtherKey(num, key, offered_at=1) for num in nums for key in (SECOND, THIRD)],
    )
    assert str(reply_to("/keys", view)).splitlines()[2:] == [
        f"Autre clé annoncée, à trancher : {said}"
    ]


def test_keys_says_nothing_of_keys_that_are_decided() -> None:
    others = [OtherKey(ANN, SECOND, refused_at=1), OtherKey(ANN, THIRD, replaced_at=1)]
    view = FakeView([KnownNode(ANN, "Anna", public_key=KEY)], in_place=(ANN,), others=others)
    assert len(str(reply_to("/keys", view)).splitlines()) == 2
    assert reply_to("/keys anna", view) == (
        "Anna !0000000a : clé connue et en place\nclé AQEBAQEBAQEB"
    )


@pytest.mark.parametrize(
    ("key", "in_place", "said"),
    [
        (b"", (), "clé inconnue"),
        (KEY, (), "clé connue, pas en place\nclé AQEBAQEBAQEB"),
        (KEY, (ANN,), "clé connue et en place\nclé AQEBAQEBAQEB"),
    ],
)
def test_keys_of_a_node_tells_its_state(key: bytes, in_place: tuple[int, ...], said: str) -> None:
    view = FakeView([KnownNode(ANN, "Anna", public_key=key)], in_place=in_place)
    assert reply_to("/keys anna", view) == f"Anna !0000000a : {said}"
    assert view.sought == ["anna"]


def test_keys_of_a_node_shows_those_that_wait_and_of_which_the_number_speaks_for() -> None:
    num = zlib.crc32(SECOND)
    others = [OtherKey(num, SECOND, offered_at=9), OtherKey(num, THIRD, offered_at=8)]
    view = FakeView([KnownNode(num, "Anna", public_key=KEY)], others=others)
    assert reply_to("/keys anna", view) == (
        f"Anna {node_id(num)} : clé connue, pas en place\n"
        "clé AQEBAQEBAQEB\n"
        "autre clé annoncée, à trancher : AgICAgICAgIC, CRC-32 = numéro du nœud\n"
        "autre clé annoncée, à trancher : AwMDAwMDAwMD"
    )


def test_a_key_that_waits_is_shown_of_a_node_without_any_other() -> None:
    view = FakeView([KnownNode(ANN, "Anna")], others=[OtherKey(ANN, SECOND, offered_at=1)])
    assert reply_to("/keys anna", view) == (
        "Anna !0000000a : clé inconnue\nautre clé annoncée, à trancher : AgICAgICAgIC"
    )


def test_keys_of_nobody() -> None:
    assert reply_to("/keys nobody") == "Aucun nœud de ce nom."


def test_keys_of_many_shows_three_and_counts_the_rest() -> None:
    view = FakeView([KnownNode(num) for num in range(1, 8)])
    lines = str(reply_to("/keys a", view)).splitlines()
    assert lines[2:] == ["!00000003 !00000003 : clé inconnue", "et 4 autres : précisez le nom"]


def test_an_absurd_argument_is_cut_before_it_is_sought() -> None:
    view = FakeView()
    assert reply_to("/keys " + "😀 " * 5_000, view) == "Aucun nœud de ce nom."
    assert len(view.sought[0]) <= 40


# -- /tcp --------------------------------------------------------------------------------------


def test_tcp_tells_the_state_of_the_link() -> None:
    assert reply_to("/tcp") == (
        "Liaison établie depuis 1 h 1 min\n"
        "Rétablie 1 fois en 1 h, 4 en 24 h\n"
        "Dernière sync : 42 clés il y a 2 min\n"
        "Sur 7 j : rien à signaler"
    )


def test_tcp_tells_how_far_a_trial_is_and_leaves_the_sync_out_where_there_is_no_room() -> None:
    view = FakeView(tried="Essai sync : 5/14 perdues avec, 0/13 sans, p 0,025, vu dès 60 %")
    lines = str(reply_to("/tcp", view)).splitlines()
    assert lines[3:] == [view.tried, "Sur 7 j : rien à signaler"]
    assert lines[2].startswith("Dernière sync")
    view.judged = "un autre client prend la connexion, et plus"
    reply = str(reply_to("/tcp", view))
    assert reply.splitlines()[2:] == [view.tried, f"Sur 7 j : {view.judged}"]
    assert len(reply.encode()) <= 200


def guests(count: int) -> list[ClientStatus]:
    return [ClientStatus(number, f"192.168.1.{number}:50000", 60.0) for number in range(count)]


@pytest.mark.parametrize(("count", "said"), [(1, "1 client"), (2, "2 clients"), (32, "32 clients")])
@pytest.mark.parametrize("may_order", [False, True])
def test_tcp_tells_how_many_clients_share_the_node_and_nobody_their_addresses(
    count: int, said: str, may_order: bool
) -> None:
    reply = reply_to("/tcp", FakeView(guests=guests(count)), proven=True, may_order=may_order)
    assert reply == (
        f"Liaison établie depuis 1 h 1 min, partagée avec {said}\n"
        "Rétablie 1 fois en 1 h, 4 en 24 h\n"
        "Dernière sync : 42 clés il y a 2 min\n"
        "Sur 7 j : rien à signaler"
    )


def test_tcp_of_a_link_that_is_down_still_tells_of_clients() -> None:
    view = FakeView(link=LinkStatus(None, 0, 0, "", ""), guests=guests(2))
    assert str(reply_to("/tcp", view)).startswith("Liaison coupée, partagée avec 2 clients\n")


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.name)
def test_tcp_with_clients_is_one_message_at_its_longest(verdict: Verdict) -> None:
    view = FakeView(
        link=LinkStatus(999 * 86_400 + 86_399, 999, 9_999, "", ""),
        sync=SyncStatus(3 * 86_400 - 1, 1_000),
        judged=f"{verdict.text} (100 %)",
        guests=guests(32),
    )
    reply = str(reply_to("/tcp", view))
    assert len(reply.encode()) <= 200
    assert reply.startswith("Liaison établie depuis 999 j 23 h, partagée avec 32 clients\n")
    assert reply.endswith(f"Sur 7 j : {verdict.text} (100 %)")


def test_tcp_of_a_link_that_is_down_before_any_sync() -> None:
    view = FakeView(link=LinkStatus(None, 0, 0, "", ""), sync=None)
    assert reply_to("/tcp", view) == (
        "Liaison coupée\nRétablie 0 fois en 1 h, 0 en 24 h\nDernière sync : pas encore faite\n"
        "Sur 7 j : rien à signaler"
    )


def test_a_sync_of_no_keys_is_a_sync() -> None:
    view = FakeView(sync=SyncStatus(0.0, 0))
    assert "Dernière sync : 0 clé il y a 0 s" in str(reply_to("/tcp", view)).splitlines()


@pytest.mark.parametrize(
    "text", ["/tcp reconnect", "/TCP  Reconnect ", "／ｔｃｐ ｒｅｃｏｎｎｅｃｔ"]
)
def test_who_may_give_orders_may_have_the_link_replaced(text: str) -> None:
    view = FakeView()
    assert reply_to(text, view, may_order=True) == "Liaison refaite à votre demande."
    assert view.causes == ["!0000000a"]


def test_a_link_being_replaced_already_is_said_to_be() -> None:
    view = FakeView(reconnecting=True)
    reply = reply_to("/tcp reconnect", view, may_order=True)
    assert reply == "La liaison est en train d'être refaite, ou vient de l'être."


@pytest.mark.parametrize("proven", [True, False])
def test_a_refusal_does_nothing_and_does_not_tell_why(proven: bool) -> None:
    view = FakeView()
    assert reply_to("/tcp reconnect", view, proven=proven) == "Commande refusée."
    assert view.causes == []


@pytest.mark.parametrize("text", ["/tcp reconnect now", "/tcp re", "/tcp /reconnect", "/tcp x"])
def test_a_word_that_is_no_order_changes_nothing_and_is_said_to_be_none(text: str) -> None:
    view = FakeView()
    reply = reply_to(text, view, may_order=True)
    assert reply == "Argument inconnu : tcp seul, ou tcp reconnect."
    assert view.causes == []


@pytest.mark.parametrize(
    ("text", "reconnecting", "may_order", "outcome"),
    [
        ("/tcp reconnect", False, True, Outcome.OBEYED),
        ("/tcp reconnect", True, True, Outcome.ANSWERED),
        ("/tcp reconnect", False, False, Outcome.REFUSED),
        ("/tcp x", False, True, Outcome.ANSWERED),
        ("/tcp", False, True, Outcome.ANSWERED),
        ("/unknown", False, True, Outcome.ANSWERED),
    ],
)
def test_a_reply_says_what_became_of_the_command(
    text: str, reconnecting: bool, may_order: bool, outcome: Outcome
) -> None:
    reply = answer_to(text, FakeView(reconnecting=reconnecting), may_order=may_order)
    assert reply is not None
    assert reply.outcome is outcome


def test_the_state_of_the_link_is_no_order() -> None:
    view = FakeView()
    assert str(reply_to("/tcp", view, may_order=True)).startswith("Liaison établie depuis")
    assert view.causes == []


# -- /sys --------------------------------------------------------------------------------------


def test_sys_tells_uptime_memory_and_versions() -> None:
    assert reply_to("/sys") == (
        "Bot 0.1.0, en marche depuis 1 j 1 h\n"
        "Mémoire 48 Mo, Python 3.11.9, meshtastic 2.7.11, firmware 2.7.26"
    )


def test_sys_admits_what_it_does_not_know() -> None:
    view = FakeView(system=SystemStatus(0.0, None, "0.1.0", "3.11.9", "2.7.11", ""))
    assert reply_to("/sys", view) == (
        "Bot 0.1.0, en marche depuis 0 s\n"
        "Mémoire inconnue, Python 3.11.9, meshtastic 2.7.11, firmware inconnu"
    )


def test_sys_tells_how_much_of_the_air_is_the_nodes_and_how_much_the_bots() -> None:
    node = NodeMetrics(battery_percent=100, channel_percent=12.5, air_percent=10.2)
    long = "2.7.26.54e0d8d"
    status = SystemStatus(364 * 86_400, 118.0, "0.1.0", "3.11.9", "2.7.11", long, node, 4.96)
    reply = str(reply_to("/sys", FakeView(system=status)))
    assert reply.endswith(
        "\nNœud : batterie 100 %, canal occupé 12,5 %, émission 10,2 %, dont bot 5,0 %"
    )
    assert len(reply.encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5.0, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (3_599.0, "59 min"),
        (3_600.0, "1 h 0 min"),
        (86_399.0, "23 h 59 min"),
        (86_400.0, "1 j 0 h"),
        (400 * 86_400.0, "400 j 0 h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


# -- Any data ----------------------------------------------------------------------------------

names = st.sampled_from(["/ping", "/help me", "😀" * 40, "a b " * 10, "\n/tcp"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=40
)
any_nodes = st.lists(
    st.builds(
        KnownNode,
        num=st.integers(1, 0xFFFFFFFE),
        long_name=names,
        short_name=names,
        hw_model=st.sampled_from(["", "UNSET", "HELTEC_WIRELESS_PAPER_V1_0", "3000"]),
        public_key=st.sampled_from([b"", KEY]),
        hops=st.none() | st.integers(0, 0xFFFFFFFF),
    ),
    max_size=15,
)
any_views = st.builds(
    FakeView,
    nodes=any_nodes,
    ago_s=st.none() | st.floats(-1e9, 1e12),
    counts=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    link=st.builds(
        LinkStatus,
        st.none() | st.floats(0, 1e12),
        st.integers(0, 10**9),
        st.integers(0, 10**9),
        names,
        names,
    ),
    sync=st.none() | st.builds(SyncStatus, st.floats(0, 1e12), st.integers(0, 10**9)),
    messages=st.builds(DirectMessageCounts, *[st.integers(0, 10**9)] * 4),
    reconnecting=st.booleans(),
)
any_requests = st.builds(
    Request,
    sender=st.integers(1, 0xFFFFFFFE),
    text=st.builds(
        "/{} {}".format,
        st.sampled_from(
            ["help", "ping", "my", "nodes", "keys", "tcp", "tcp reconnect", "sys", "unknown"]
        ),
        names,
    ),
    proven=st.booleans(),
    snr_db=st.none() | st.floats(width=32),
    rssi_dbm=st.none() | st.integers(-(2**31), 2**31 - 1),
    hops=st.none() | st.integers(0, 0xFFFFFFFF),
    via_mqtt=st.booleans(),
)


def answer_of(view: FakeView, request: Request) -> str:
    """Return the reply to a request of the first node of the view, if there is one.

    Each of the nodes has as many keys waiting as are kept.
    """
    if view.nodes:
        request = replace(request, sender=view.nodes[0].num)
    keys = (SECOND, THIRD, SLASHES, bytes(range(32)))
    view.others = [OtherKey(node.num, key, offered_at=1) for node in view.nodes for key in keys]
    reply = Commands(view).answer(request)
    assert reply is not None
    return reply.text


@given(any_views, any_requests)
def test_every_answer_fits_into_messages(view: FakeView, request: Request) -> None:
    parts = split_text(answer_of(view, request), MAX_BYTES, MAX_PARTS)
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(0 < len(part.encode("utf-8")) <= MAX_BYTES for part in parts)


@given(any_views, any_requests)
def test_no_answer_begins_with_a_slash(view: FakeView, request: Request) -> None:
    assert not answer_of(view, request).strip().startswith("/")


@given(any_views, any_requests)
def test_no_message_of_an_answer_is_itself_a_command(view: FakeView, request: Request) -> None:
    parts = split_text(answer_of(view, request), MAX_BYTES, MAX_PARTS)
    assert not [part for part in parts if is_command(part)]


def test_no_message_of_the_help_is_itself_a_command() -> None:
    """However long messages are: what is near the limit changes with every word of the help."""
    reply = str(reply_to("/help"))
    for max_bytes in range(100, 230):
        assert not [part for part in split_text(reply, max_bytes, MAX_PARTS) if is_command(part)]


@pytest.mark.parametrize("command", ["/my", "/keys", "/keys x", "/nodes"])
def test_nodes_named_like_commands_do_not_turn_an_answer_into_one(command: str) -> None:
    nums = range(ANN, ANN + 10)
    view = FakeView(
        [KnownNode(num, "/ping " + "x" * 30, public_key=SLASHES) for num in nums],
        others=[OtherKey(num, SLASHES, offered_at=1) for num in nums],
    )
    parts = split_text(str(reply_to(command, view)), MAX_BYTES, MAX_PARTS)
    assert not [part for part in parts if is_command(part)]
