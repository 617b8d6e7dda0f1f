"""Causes become words for people, and the words of a journal become causes again."""

import pytest

from meshbot.model.cause import Cause
from meshbot.text.cause_texts import cause_in, cause_text

WITH_DETAIL = {
    Cause.REQUESTED: "!0000000a",
    Cause.NUMBER_CHANGED: "!0000000b",
    Cause.UNKNOWN_NAME: "toit.lan",
    Cause.PORT_LOST: "[Errno 5] Input/output error",
    Cause.PORT_ABSENT: "/dev/ttyUSB0",
    Cause.PORT_FORBIDDEN: "/dev/ttyUSB0",
    Cause.PORT_BUSY: "/dev/ttyUSB0",
    Cause.PORT_OF_ANOTHER: "/dev/ttyUSB0 (CP2102 n° 17)",
    Cause.PORT_MUTE: "/dev/ttyUSB0",
    Cause.PORT_FAILED: "/dev/ttyUSB0 : [Errno 71] Protocol error",
    Cause.SEVERAL_PORTS: "/dev/ttyUSB0, /dev/ttyACM0",
    Cause.OTHER: "ValueError : les martiens",
}


@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_has_its_words_and_is_read_back_from_them(cause: Cause) -> None:
    detail = WITH_DETAIL.get(cause, "")
    text = cause_text(cause, detail)
    assert text and "{" not in text and detail in text
    if cause is Cause.PORT_FAILED:
        assert cause_in(text)[0].group is cause.group
    else:
        assert cause_in(text) == (cause, detail)


def test_no_two_causes_have_the_same_words() -> None:
    assert len({cause_text(cause, "x") for cause in Cause}) == len(Cause)


def test_a_refused_connection_is_no_reboot_whatever_its_words_suppose() -> None:
    """Between "redémarre" and "redémarré" there is one accent."""
    assert cause_in("connexion refusée, le nœud redémarre ou TCP_PORT est faux")[0] is Cause.REFUSED
    assert cause_in("le nœud annonce qu'il a redémarré")[0] is Cause.REBOOTED


@pytest.mark.parametrize(
    "text",
    [
        "port série fermé",
        "port série perdu ([Errno 5] Input/output error)",
        "port série perdu (device reports readiness to read but returned no data "
        "(device disconnected or multiple access on port?))",
        "port série /dev/ttyUSB0 absent, nœud débranché ou SERIAL_PORT à corriger",
        "aucun port série trouvé, brancher le nœud ou régler SERIAL_PORT",
    ],
)
def test_the_usual_losses_of_a_serial_link_count_as_that(text: str) -> None:
    assert cause_in(text)[0].group is Cause.PORT_LOST


def test_each_group_stands_for_itself() -> None:
    assert {cause.group.group for cause in Cause} == {cause.group for cause in Cause}
