"""How much air the answers to a sender used lately."""

from meshbot.messages import air_use
from meshbot.messages.air_use import AirUse

ANN, BOB = (0xA, True), (0xB, True)


def test_what_was_used_fades_away() -> None:
    use = AirUse()
    use.add(ANN, 10.0, 100.0)
    use.add(ANN, 5.0, 100.0)
    assert use.of(ANN, 100.0) == 15.0
    assert use.of(BOB, 100.0) == 0.0
    assert 5.0 < use.of(ANN, 3_700.0) < 6.0
    assert use.of(ANN, 100.0 + 6 * 3_600.0) < 0.05


def test_made_up_numbers_take_no_more_room_than_there_is() -> None:
    use = AirUse()
    use.add(ANN, 1.0, 0.0)
    use.add(BOB, 1.0, 0.0)
    for num in range(1_000, 1_000 + air_use.MAX_ASKERS - 1):
        use.add((num, False), 1.0, 1.0)
    assert use.of(ANN, 1.0) == 0.0
    assert use.of(BOB, 1.0) > 0.9
