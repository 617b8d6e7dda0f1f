"""Strangers are asked for their key now and then only."""

from key_requests import HOUR_S, MAX_PER_HOUR, SENDER_INTERVAL_S, KeyRequests

ANN, BOB = 0x0A, 0xB0B0B0B0


def test_a_sender_is_asked_once_in_ten_minutes() -> None:
    requests = KeyRequests()
    assert SENDER_INTERVAL_S == 600.0
    assert requests.allows(ANN, 0.0)
    assert not requests.allows(ANN, 599.9)
    assert requests.allows(ANN, 600.0)


def test_asking_one_does_not_keep_from_asking_another() -> None:
    requests = KeyRequests()
    assert requests.allows(ANN, 0.0)
    assert requests.allows(BOB, 0.0)


def test_twelve_in_all_are_asked_in_an_hour() -> None:
    requests = KeyRequests()
    allowed = [num for num in range(1, 100) if requests.allows(num, float(num))]
    assert MAX_PER_HOUR == 12
    assert allowed == list(range(1, 13))
    assert not requests.allows(500, HOUR_S + 0.9)
    assert requests.allows(500, HOUR_S + 1.0), "the first of them was an hour ago"
    assert not requests.allows(501, HOUR_S + 1.9), "and that was the room for one"
    assert requests.allows(501, HOUR_S + 2.0)


def test_in_any_hour_no_more_than_twelve_are_asked() -> None:
    requests = KeyRequests()
    asked_s = [s for s in range(20_000) if requests.allows(s % 50, float(s))]
    assert len(asked_s) > 2 * MAX_PER_HOUR
    assert all(
        later - earlier >= HOUR_S
        for earlier, later in zip(asked_s, asked_s[MAX_PER_HOUR:], strict=False)
    )


def test_a_request_that_was_not_allowed_does_not_put_the_next_one_off() -> None:
    requests = KeyRequests()
    for num in range(1, 13):
        requests.allows(num, 0.0)
    for now_s in range(0, 3_600, 60):
        assert not requests.allows(ANN + 100, float(now_s))
    assert requests.allows(ANN + 100, HOUR_S)
