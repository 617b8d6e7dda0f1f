"""What the node says to its client, in words, once a day each kind."""

import math
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.node_notices import DAY_S, MAX_LINES_A_DAY, NodeNotices
from tests.support.clock import Clock
from tests.support.journal import Journal

Notification = mesh_pb2.ClientNotification
DUTY_CYCLE = "Duty cycle limit exceeded. You can send again in %d mins"  # Router.cpp, 2.5 to 2.8
DUPLICATED = (  # NodeDB.cpp, 2.7 and 2.8
    "Remote device %s has advertised your public key. This may indicate a compromised key. You may "
    "need to regenerate your public keys."
)
START_S = 1_000.0


class Bench:
    """Notices of one session."""

    def __init__(self) -> None:
        self.clock = Clock(START_S)
        self.notices = NodeNotices(self.clock)
        self.session = cast("SupervisedInterface", SimpleNamespace(mute_until_s=-math.inf))

    def hear(self, text: str = "", **variant: object) -> None:
        notification = Notification(message=text, **variant)  # type: ignore[arg-type]
        message = mesh_pb2.FromRadio(clientNotification=notification)
        self.notices.hear(self.session, message)

    def hear_lock(self, state: int, reason: str = "") -> None:
        status = mesh_pb2.LockdownStatus(lock_reason=reason)
        status.state = state  # type: ignore[assignment]
        self.notices.hear(self.session, mesh_pb2.FromRadio(lockdown_status=status))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_duty_cycle_is_said_once_a_day_and_its_end_is_known(
    bench: Bench, journal: Journal
) -> None:
    bench.hear(DUTY_CYCLE % 12)
    assert bench.session.mute_until_s == START_S + 720.0
    bench.hear(DUTY_CYCLE % 11)
    assert len(journal.messages) == 1
    assert "sa radio se tait encore 12 minutes" in journal.messages[0]
    bench.clock.now_s += DAY_S
    bench.hear(DUTY_CYCLE % 1)
    assert "sa radio se tait encore 1 minute," in journal.messages[1]


@pytest.mark.parametrize("text", ["Duty cycle limit exceeded.", DUTY_CYCLE % 0])
def test_a_duty_cycle_without_a_time_is_said_as_well(
    text: str, bench: Bench, journal: Journal
) -> None:
    bench.hear(text)
    assert "sa radio se tait encore un moment" in journal.messages[0]


def test_a_silence_of_a_week_is_believed_for_an_hour(bench: Bench) -> None:
    bench.hear(DUTY_CYCLE % 9_999)
    assert bench.session.mute_until_s == START_S + 3_600.0


def test_a_later_word_without_a_time_does_not_shorten_the_one_that_is_known(bench: Bench) -> None:
    bench.hear(DUTY_CYCLE % 12)
    bench.notices.duty_cycle_reached(bench.session)
    assert bench.session.mute_until_s == START_S + 720.0


def test_a_duplicated_key_is_said_with_who_has_it(bench: Bench, journal: Journal) -> None:
    bench.hear(DUPLICATED % "Eve\x1b[2J")
    bench.hear(duplicated_public_key=mesh_pb2.DuplicatedPublicKey())  # 2.6
    (line,) = journal.messages
    assert line.startswith("⚠️ Un autre appareil annonce la clé publique de notre nœud : ")
    assert "Remote\u00a0device\u00a0Eve" in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Compromised keys were detected and regenerated.", "le nœud les a refaites"),  # 2.7, 2.8
        ("Compromised keys detected, please regenerate.", "les refaire"),  # 2.6
    ],
)
def test_compromised_keys_are_said_with_what_to_do(
    text: str, said: str, bench: Bench, journal: Journal
) -> None:
    bench.hear(text, low_entropy_key=mesh_pb2.LowEntropyKey())
    (line,) = journal.messages
    assert line.startswith("⚠️ Les clés de notre nœud étaient connues d'avance")
    assert said in line


def test_keys_that_are_compromised_and_then_regenerated_are_two_things(
    bench: Bench, journal: Journal
) -> None:
    for text in (
        "Compromised keys detected, please regenerate.",
        "Compromised keys were detected and regenerated.",
    ):
        bench.hear(text)
    assert len(journal.messages) == 2


def test_a_key_verification_names_the_other_and_no_number(bench: Bench, journal: Journal) -> None:
    inform = mesh_pb2.KeyVerificationNumberInform(remote_longname="Ann", security_number=123456)
    bench.hear("Security Number\n123 456", key_verification_number_inform=inform)
    (line,) = journal.messages
    assert line.startswith("🔑 Vérification de clé avec ‹Ann› en cours : ")
    assert "123" not in line


def test_anything_else_is_said_as_it_is_and_again_when_it_changed(
    bench: Bench, journal: Journal
) -> None:
    for text in ("Rebooting", "Rebooting", "Could not reach\nthe MQTT server", ""):
        bench.hear(text)
    assert [line.split(" : ")[0] for line in journal.messages] == ["📟 Le nœud signale"] * 2
    assert not any("\n" in line for line in journal.messages)


def test_a_node_that_says_ever_new_things_does_not_fill_the_journal(
    bench: Bench, journal: Journal
) -> None:
    for number in range(10 * MAX_LINES_A_DAY):
        bench.hear(f"Message {number}")
    assert len(journal.messages) == MAX_LINES_A_DAY


def test_what_others_make_the_node_say_hides_nothing_of_its_own(
    bench: Bench, journal: Journal
) -> None:
    for number in range(2 * MAX_LINES_A_DAY):
        inform = mesh_pb2.KeyVerificationNumberInform(remote_longname=f"Eve {number}")
        bench.hear(f"Security Number {number}", key_verification_number_inform=inform)
    bench.hear(DUTY_CYCLE % 12)
    bench.hear(DUPLICATED % "Eve")
    bench.hear_lock(State.LOCKED)
    assert len(journal.messages) == MAX_LINES_A_DAY + 3


def test_a_time_of_four_hundred_digits_stops_nothing(bench: Bench, journal: Journal) -> None:
    bench.hear("Duty cycle limit exceeded. You can send again in " + "9" * 330 + " mins")
    assert len(journal.messages) == 1


State = mesh_pb2.LockdownStatus.State


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.LOCKED, "il est verrouillé (‹needs_auth›). Le déverrouiller"),
        (State.NEEDS_PROVISION, "sa phrase secrète n'est pas encore choisie"),
        (State.UNLOCK_FAILED, "une phrase secrète fausse"),
    ],
)
def test_a_lock_is_said_with_what_to_do(
    state: int, said: str, bench: Bench, journal: Journal
) -> None:
    for _ in range(2):
        bench.hear_lock(state, "needs_auth")
    (line,) = journal.messages
    assert said in line


@pytest.mark.parametrize("state", [State.UNLOCKED, State.STATE_UNSPECIFIED, 5])  # 5: DISABLED, 2.8
def test_a_node_that_is_open_or_newer_than_this_bot_is_not_called_locked(
    state: int, bench: Bench, journal: Journal
) -> None:
    bench.hear_lock(state)
    assert journal.messages == []
