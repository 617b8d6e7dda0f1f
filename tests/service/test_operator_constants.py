"""Constants that operators edit: what each is, its annotation says."""

import pytest

from main_bot import MeshBot
from meshbot.service.operator_constants import (
    MAY_BE_ZERO,
    constants_of,
    durations_of,
    read_constants,
)
from meshbot.service.settings_reader import SettingsReader


class Program:
    """A class with one constant of each kind."""

    A_TIME: float = 30
    A_FLAG: bool = False
    A_COUNT: int = 5
    no_constant: float = 1.0


class Edited(Program):
    """As an operator's program sets them."""

    A_TIME = 60
    A_COUNT = 7


def test_constants_are_the_names_in_capitals() -> None:
    assert constants_of(Edited) == {"A_TIME": 60, "A_FLAG": False, "A_COUNT": 7}
    assert durations_of(Edited) == {"A_TIME": 60}


def test_the_environment_overrides_them_for_one_object_only() -> None:
    program = Edited()
    reader = SettingsReader({"MESHBOT_A_TIME": "2.5", "MESHBOT_A_FLAG": "oui"})
    read_constants(reader, program)
    reader.check()
    assert (program.A_TIME, program.A_FLAG, program.A_COUNT) == (2.5, True, 7)
    assert (Edited.A_TIME, Edited.A_FLAG) == (60, False)


@pytest.mark.parametrize(
    "variable", [{"A_TIME": "0"}, {"A_TIME": "-1"}, {"A_COUNT": "2.5"}, {"A_FLAG": "peut-être"}]
)
def test_each_kind_refuses_what_is_none_of_it(variable: dict[str, str]) -> None:
    ((name, value),) = variable.items()
    reader = SettingsReader({f"MESHBOT_{name}": value})
    read_constants(reader, Edited())
    assert len(reader.problems) == 1 and name in reader.problems[0]


def test_every_constant_of_the_bot_says_what_it_is() -> None:
    reader = SettingsReader({})
    read_constants(reader, MeshBot(environment={}))
    assert reader.problems == []
    assert set(MAY_BE_ZERO) <= set(durations_of(MeshBot))
