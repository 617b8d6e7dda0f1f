"""How often one sender is answered."""

from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages import flood_guard
from meshbot.messages.asker import Asker
from meshbot.messages.flood_guard import Admission, FloodGuard
from meshbot.messages.text_allowance import TextAllowance
from tests.support.clock import Clock

ANN, BOB = 0xA, 0xB


def test_a_burst_is_answered_then_warned_once_then_ignored() -> None:
    guard = FloodGuard(burst=3, refill_s=10.0)
    admissions = [guard.admit(ANN, 100.0) for _ in range(6)]
    assert admissions == [Admission.ANSWER] * 3 + [Admission.WARN] + [Admission.IGNORE] * 2


def test_one_answer_comes_back_with_each_refill() -> None:
    guard = FloodGuard(burst=2, refill_s=10.0)
    for _ in range(3):
        guard.admit(ANN, 100.0)
    assert guard.admit(ANN, 109.0) is Admission.IGNORE
    assert guard.admit(ANN, 111.0) is Admission.ANSWER
    assert guard.admit(ANN, 111.0) is Admission.IGNORE  # warned already, and never calm since


def test_a_long_pause_gives_back_the_burst_and_no_more() -> None:
    guard = FloodGuard(burst=2, refill_s=10.0)
    for _ in range(4):
        guard.admit(ANN, 0.0)
    admissions = [guard.admit(ANN, 1_000_000.0) for _ in range(3)]
    assert admissions == [Admission.ANSWER, Admission.ANSWER, Admission.WARN]


def test_one_flooder_costs_the_others_nothing() -> None:
    guard = FloodGuard(burst=1, refill_s=10.0)
    for _ in range(50):
        guard.admit(ANN, 0.0)
    assert guard.admit(BOB, 0.0) is Admission.ANSWER


def test_the_sender_heard_longest_ago_is_forgotten_first() -> None:
    guard = FloodGuard(burst=1, refill_s=1e9)
    guard.admit(ANN, 0.0)
    guard.admit(BOB, 0.0)
    for sender in range(1_000, 1_000 + flood_guard.MAX_SENDERS - 1):
        guard.admit(sender, 1.0)
    assert guard.admit(BOB, 2.0) is Admission.WARN, "still remembered"
    assert guard.admit(ANN, 2.0) is Admission.ANSWER, "forgotten, so it has a new burst"


def test_a_sender_who_keeps_writing_is_not_forgotten() -> None:
    guard = FloodGuard(burst=1, refill_s=1e9)
    for sender in range(1_000, 1_000 + 2 * flood_guard.MAX_SENDERS):
        guard.admit(ANN, 0.0)
        guard.admit(sender, 0.0)
    assert guard.admit(ANN, 0.0) is Admission.IGNORE


def test_who_uses_a_senders_number_does_not_mute_him_who_proves_it() -> None:
    guard = FloodGuard(burst=2, refill_s=10.0)
    spoofed = [guard.admit(ANN, 0.0) for _ in range(50)]
    assert spoofed[-1] is Admission.IGNORE
    proven = [guard.admit(ANN, 0.0, proven=True) for _ in range(4)]
    assert proven == [Admission.ANSWER, Admission.ANSWER, Admission.WARN, Admission.IGNORE]
    assert guard.admit(ANN, 10.0) is Admission.ANSWER, "nor he the other"


@given(
    st.integers(1, 5),
    st.floats(1.0, 100.0),
    st.lists(st.floats(0.0, 50.0), max_size=80),
)
def test_answers_never_exceed_the_burst_plus_the_refill(
    burst: int, refill_s: float, pauses_s: list[float]
) -> None:
    guard = FloodGuard(burst, refill_s)
    now_s = 0.0
    answers = 0
    for pause_s in pauses_s:
        now_s += pause_s
        answers += guard.admit(ANN, now_s) is Admission.ANSWER
        assert answers <= burst + now_s / refill_s + 1e-6


def test_a_long_answer_costs_as_many_texts_as_it_has() -> None:
    guard, clock = FloodGuard(burst=5, refill_s=10.0), Clock(0.0)
    allowed = []
    for _ in range(3):
        if guard.admit(ANN, 0.0) is Admission.ANSWER:
            allowed.append(TextAllowance(guard, Asker(ANN), clock)(4))
    assert allowed == [4, 1]
    assert guard.admit(ANN, 9.0) is Admission.IGNORE
    assert guard.admit(ANN, 10.0) is Admission.ANSWER


def test_an_answer_that_is_made_again_costs_nothing_more() -> None:
    guard = FloodGuard(burst=5, refill_s=10.0)
    guard.admit(ANN, 0.0)
    allowance = TextAllowance(guard, Asker(ANN), Clock(0.0))
    assert [allowance(wanted) for wanted in (1, 3, 3, 2, 3, 0)] == [1, 3, 3, 2, 3, 0]
    assert [guard.admit(ANN, 0.0) for _ in range(3)] == [
        Admission.ANSWER,
        Admission.ANSWER,
        Admission.WARN,
    ]


def test_what_an_answer_takes_is_taken_from_its_own_askers_bucket() -> None:
    guard = FloodGuard(burst=3, refill_s=10.0)
    guard.admit(ANN, 0.0)
    assert TextAllowance(guard, Asker(ANN), Clock(0.0))(3) == 3
    assert TextAllowance(guard, Asker(ANN, proven=True), Clock(0.0))(3) == 3


@given(
    st.integers(1, 8),
    st.floats(1.0, 100.0),
    st.lists(st.tuples(st.floats(0.0, 50.0), st.integers(1, 6)), max_size=80),
)
def test_texts_never_exceed_the_burst_plus_the_refill(
    burst: int, refill_s: float, commands: list[tuple[float, int]]
) -> None:
    guard, clock = FloodGuard(burst, refill_s), Clock(0.0)
    texts = 0
    for pause_s, wanted in commands:
        clock.now_s += pause_s
        if guard.admit(ANN, clock.now_s) is Admission.ANSWER:
            texts += TextAllowance(guard, Asker(ANN), clock)(wanted)
        assert texts <= burst + clock.now_s / refill_s + 1e-6
