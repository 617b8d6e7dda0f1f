"""What is read out of a firmware's version, and what is not."""

import pytest

from meshbot.model.firmware_version import marks_for_itself, release_of, tells_all_keys


@pytest.mark.parametrize(
    ("firmware", "release", "tells", "marks"),
    [
        ("2.5.20.4c97351", (2, 5), True, False),
        ("2.6.13.0561f2c", (2, 6), True, False),
        ("2.7.26.54e0d8d", (2, 7), True, False),
        ("2.7.11", (2, 7), True, False),
        ("2.8.0.7754068", (2, 8), False, True),
        ("2.10.3.abcdef0", (2, 10), False, True),
        ("3.0.0", (3, 0), False, True),
        ("2.4.3.91d6612", (2, 4), False, False),
        *(
            (odd, None, False, False)
            for odd in (
                "",
                "2.7",
                "2.7.26-custom",
                "2.7.26.54e0d8d-dirty",
                "v2.7.26.54e0d8d",
                "2.7.26.fork.1",
                "2.7.26.54e0d8d\n",
                "2.7.26.54e0d8d ",
                "unknown",
            )
        ),
    ],
)
def test_only_an_official_version_says_anything(
    firmware: str, release: tuple[int, int] | None, tells: bool, marks: bool
) -> None:
    assert release_of(firmware) == release
    assert tells_all_keys(firmware) is tells
    assert marks_for_itself(firmware) is marks
