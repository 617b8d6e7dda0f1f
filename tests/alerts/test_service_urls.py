"""The addresses, as operators write them."""

import pytest

from meshbot.alerts.service_urls import name_of, scheme_of, urls_in
from meshbot.service.settings_reader import MISSING, MOST_SERVICES, SettingsReader


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        (" , ", []),
        ("ntfy://a", ["ntfy://a"]),
        ("ntfy://a mailto://b", ["ntfy://a", "mailto://b"]),
        ("ntfy://a,mailto://b?to=x,y", ["ntfy://a", "mailto://b?to=x,y"]),
        (' ("ntfy://a", "tgram://b/c/") ', ["ntfy://a", "tgram://b/c/"]),
        ("json://[::1]:80/x\n ntfy://b;json://c", ["json://[::1]:80/x", "ntfy://b", "json://c"]),
        ("token only", ["token", "only"]),
    ],
)
def test_blanks_and_commas_stand_between_them(text: str, urls: list[str]) -> None:
    assert urls_in(text) == urls


def test_only_the_scheme_names_one() -> None:
    assert scheme_of("NTFYS://secret@host") == "ntfys"
    assert scheme_of("secret") is scheme_of("ntfy://") is scheme_of("se cret://x") is None
    assert name_of(2, "ntfy://secret") == "ntfy (n° 2)"
    assert name_of(3, "secret") == "n° 3"


@pytest.mark.parametrize(
    ("written", "urls"),
    [
        (MISSING, ()),
        (None, ()),
        ((), ()),
        ("ntfy://a,ntfy://b", ("ntfy://a", "ntfy://b")),
        (("ntfy://a", " ntfy://a "), ("ntfy://a",)),
        (["ntfy://a"], ("ntfy://a",)),
    ],
)
def test_a_file_may_have_them_in_many_ways(written: object, urls: tuple[str, ...]) -> None:
    reader = SettingsReader({})
    assert reader.service_urls("ALERT_URLS", written) == urls
    assert reader.problems == []


def test_the_environment_wins_and_too_many_are_refused() -> None:
    many = " ".join(f"ntfy://{number}" for number in range(MOST_SERVICES + 1))
    reader = SettingsReader({"MESHBOT_ALERT_URLS": many})
    assert len(reader.service_urls("ALERT_URLS", ("json://x",))) == MOST_SERVICES + 1
    assert reader.problems == [f"ALERT_URLS : {MOST_SERVICES} adresses au plus"]
