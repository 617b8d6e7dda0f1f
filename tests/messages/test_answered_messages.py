"""A message is answered once."""

from meshbot.messages.answered_messages import REMEMBERED_MESSAGES, AnsweredMessages

ANN, BOB = 0x0A, 0xB0B0B0B0


def test_a_message_comes_first_only_once() -> None:
    answered = AnsweredMessages()
    assert answered.is_first(ANN, 1, proven=True)
    assert not answered.is_first(ANN, 1, proven=True)
    assert answered.is_first(ANN, 2, proven=True)
    assert answered.is_first(BOB, 1, proven=True)


def test_who_uses_a_number_neither_uses_up_nor_flushes_its_owners_ids() -> None:
    answered = AnsweredMessages()
    assert answered.is_first(ANN, 1, proven=False)
    assert answered.is_first(ANN, 1, proven=True)
    for packet_id in range(2, 2 * REMEMBERED_MESSAGES):
        assert answered.is_first(ANN, packet_id, proven=False)
    assert not answered.is_first(ANN, 1, proven=True)


def test_what_was_answered_with_proof_is_not_answered_again_without() -> None:
    answered = AnsweredMessages()
    assert answered.is_first(ANN, 1, proven=True)
    assert not answered.is_first(ANN, 1, proven=False)
    assert answered.is_first(ANN, 2, proven=False)
    assert answered.is_first(ANN, 2, proven=True), "its owner is not muted"


def test_the_last_two_thousand_are_remembered() -> None:
    answered = AnsweredMessages()
    assert REMEMBERED_MESSAGES == 2_000
    for packet_id in range(1, REMEMBERED_MESSAGES + 2):
        answered.is_first(ANN, packet_id, proven=True)
    assert not answered.is_first(ANN, 2, proven=True)
    assert answered.is_first(ANN, 1, proven=True)
