"""What sites are called by the names of their files."""

import pytest

from meshbot.diagnosis.sites.site_names import MAX_NAME_CHARS, site_names


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["attic.txt", "garden.db"], ["attic", "garden"]),
        (
            ["/var/lib/meshbot/attic/meshbot.db", "/var/lib/meshbot/garden/meshbot.db"],
            ["attic", "garden"],
        ),
        (["attic/meshbot.db", "garden/meshbot.db", "old.txt"], ["attic", "garden", "old"]),
        (["a/x/bot.db", "b/x/bot.db"], ["a/x/bot.db", "b/x/bot.db"]),
        (["attic.txt", "attic.db"], ["attic.txt", "attic.db"]),
        (["bot.db", "b/bot.db"], ["bot.db", "b"]),
        (["-", "attic.txt"], ["entrée standard", "attic"]),
        (["a\nb.txt", "c.txt"], ["a b", "c"]),
        (["b/x.db", "c/x.db", "b.txt"], ["b/x.db", "c", "b.txt"]),
        ([], []),
    ],
)
def test_a_site_is_called_by_its_file_or_by_its_folder(files: list[str], names: list[str]) -> None:
    assert site_names(files) == names


def test_the_operators_own_words_stay_whole() -> None:
    assert site_names(["a/meshbot.db", "b/Reconnexion TCP.txt"]) == ["meshbot", "Reconnexion TCP"]


def test_no_two_names_are_alike_and_none_is_long() -> None:
    files = [f"{'x' * 200}/{place}/{'y' * 200}/bot.db" for place in range(3)]
    names = site_names(files)
    assert len(set(names)) == 3
    assert all(len(name) <= MAX_NAME_CHARS + len(" (3)") for name in names)
