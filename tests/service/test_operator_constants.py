"""Constants that operators edit: however they are written down."""

import pytest

from main_bot import MeshBot
from meshbot.service.config_error import ConfigError
from meshbot.service.operator_constants import (
    MAY_BE_ZERO,
    checked_constants,
    constants_of,
    durations_of,
    read_constants,
)
from meshbot.service.settings_reader import SettingsReader


class Program:
    """A class with one constant of each kind."""

    A_TIME: float = 30
    A_FLAG: bool = False
    FLOOD_BURST: int = 5
    no_constant: float = 1.0


class Edited(Program):
    """As an operator's program sets them."""

    A_TIME = 60
    FLOOD_BURST = 7


def test_constants_are_the_names_in_capitals() -> None:
    assert constants_of(Edited) == {"A_TIME": 60, "A_FLAG": False, "FLOOD_BURST": 7}
    assert durations_of(Edited) == {"A_TIME": 60}


def test_the_environment_overrides_them_for_one_object_only() -> None:
    program = Edited()
    reader = SettingsReader({"MESHBOT_A_TIME": "2.5", "MESHBOT_A_FLAG": "oui"})
    read_constants(reader, program)
    reader.check()
    assert (program.A_TIME, program.A_FLAG, program.FLOOD_BURST) == (2.5, True, 7)
    assert (Edited.A_TIME, Edited.A_FLAG) == (60, False)


@pytest.mark.parametrize(
    "variable", [{"A_TIME": "0"}, {"A_TIME": "-1"}, {"FLOOD_BURST": "2.5"}, {"A_FLAG": "peut-être"}]
)
def test_each_kind_refuses_what_is_none_of_it(variable: dict[str, str]) -> None:
    ((name, value),) = variable.items()
    reader = SettingsReader({f"MESHBOT_{name}": value})
    read_constants(reader, Edited())
    assert len(reader.problems) == 1 and name in reader.problems[0]


def test_a_word_for_yes_or_no_is_one_in_the_file_as_well() -> None:
    class Worded(Edited):
        A_FLAG = "non"  # type: ignore[assignment]
        B_FLAG = "Oui"

    program = Worded()
    reader = SettingsReader({})
    read_constants(reader, program)
    assert reader.problems == []
    assert vars(program) == {**vars(program), "A_FLAG": False, "B_FLAG": True}


def test_every_constant_of_the_bot_says_what_it_is() -> None:
    reader = SettingsReader({})
    read_constants(reader, MeshBot(environment={}))
    assert reader.problems == []
    assert set(MAY_BE_ZERO) <= set(durations_of(MeshBot))


# -- Percentages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "percent"), [("100", 100.0), ("0.5 %", 0.5), ("2,5", 2.5)])
def test_a_share_of_the_air_is_a_percentage(value: str, percent: float) -> None:
    bot = MeshBot(environment={"MESHBOT_AIR_BUDGET": value, "MESHBOT_AIR_BUDGET_STRANGERS": "0.5"})
    assert percent == bot.AIR_BUDGET
    assert bot.AIR_BUDGET_STRANGERS == 0.5
    assert not {"AIR_BUDGET", "AIR_BUDGET_STRANGERS"} & durations_of(MeshBot).keys()


@pytest.mark.parametrize("value", ["0", "-1", "100.1", "nan", "inf", "", "beaucoup", "True"])
def test_what_is_no_percentage_is_refused_in_one_line(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^Configuration invalide : AIR_BUDGET = .* 100 au plus"):
        MeshBot(environment={"MESHBOT_AIR_BUDGET": value})


def test_strangers_get_no_more_than_all() -> None:
    reader = SettingsReader({"MESHBOT_AIR_BUDGET": "0.5"})
    checked_constants(reader, MeshBot)
    assert reader.problems == ["AIR_BUDGET_STRANGERS = 1 : pas plus que AIR_BUDGET = 0.5"]


# -- As operators write them, who know nothing of annotations --------------------------------------


class Unannotated:
    """The line typed anew without its annotation, as the spec's table shows the constants."""

    TCP_SILENT_TIMEOUT = 90
    TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT = True
    FLOOD_BURST = 3


def test_a_constant_typed_anew_without_its_annotation_is_read() -> None:
    program = Unannotated()
    reader = SettingsReader({"MESHBOT_TCP_SILENT_TIMEOUT": "2.5"})
    read_constants(reader, program)
    reader.check()
    assert program.TCP_SILENT_TIMEOUT == 2.5
    assert program.TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT is True
    assert (program.FLOOD_BURST, type(program.FLOOD_BURST)) == (3, int)


def test_a_constant_of_the_operators_own_does_not_keep_the_bot_from_starting() -> None:
    class Own(MeshBot):
        MY_LIMIT = 7

    assert Own(environment={}).MY_LIMIT == 7


def test_a_constant_set_from_outside_does_not_keep_the_bot_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MeshBot, "MY_OWN", 7, raising=False)
    MeshBot(environment={})


def test_a_time_annotated_as_an_int_is_still_a_time() -> None:
    class Own(MeshBot):
        HEARD_SAVE_INTERVAL: int = 3_600
        TCP_PUBKEY_SYNC_DELAY: int = 0

    bot = Own(environment={"MESHBOT_HEARD_SAVE_INTERVAL": "0.5"})
    assert (bot.HEARD_SAVE_INTERVAL, bot.TCP_PUBKEY_SYNC_DELAY) == (0.5, 0.0)


def test_an_annotation_that_cannot_be_resolved_is_nobodys_business() -> None:
    class Own(MeshBot):
        helper: "NotImportedHere"  # type: ignore[name-defined]  # noqa: F821

    Own(environment={})
