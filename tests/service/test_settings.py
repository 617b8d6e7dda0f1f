"""Settings: where each comes from, and that nonsense is refused by name."""

import errno
import math
from pathlib import Path
from types import ModuleType

import pytest

import config as real_config
from meshbot.service.config_error import ConfigError
from meshbot.service.config_file import load_config
from meshbot.service.settings_reader import MAX_DELAY_S, MISSING, SettingsReader
from meshbot.service.site_settings import SiteSettings, read_site
from meshbot.sharing.share_settings import ShareSettings


def config_with(**changes: object) -> ModuleType:
    module = ModuleType("config")
    values: dict[str, object] = {
        "CONNECTION_MODE": "tcp",
        "TCP_HOST": "192.0.2.1",
        "TCP_PORT": 4403,
        "SERIAL_PORT": None,
        "DATABASE_PATH": "meshbot.db",
        "LOG_LEVEL": "INFO",
        "ANSWER_CHANNELS": (),
        "ADMIN_NODES": (),
        "REQUIRE_PKI": False,
    }
    for name, value in (values | changes).items():
        setattr(module, name, value)
    return module


def site(environment: dict[str, str] | None = None, **changes: object) -> SiteSettings:
    reader = SettingsReader(environment or {})
    settings = read_site(reader, config_with(**changes))
    reader.check()
    return settings


def refusal(environment: dict[str, str] | None = None, **changes: object) -> str:
    with pytest.raises(ConfigError) as error:
        site(environment, **changes)
    line = str(error.value)
    assert line.startswith("Configuration invalide : ")
    assert len(line.splitlines()) == 1
    return line


# -- The site ----------------------------------------------------------------------------------


def test_the_file_as_delivered_is_valid() -> None:
    reader = SettingsReader({})
    assert read_site(reader, real_config).connection_mode == "simulated"
    reader.check()


def test_values_come_from_the_module() -> None:
    assert site(ANSWER_CHANNELS=[2, 0, 2], ADMIN_NODES=["!A1b2c3d4"]) == SiteSettings(
        connection_mode="tcp",
        tcp_host="192.0.2.1",
        tcp_port=4403,
        serial_port=None,
        database_path=Path("meshbot.db"),
        log_level="INFO",
        answer_channels=(0, 2),
        admin_nodes={0xA1B2C3D4: ""},
        require_pki=False,
    )


def test_the_environment_wins_over_every_one() -> None:
    environment = {
        "MESHBOT_CONNECTION_MODE": "serial",
        "MESHBOT_TCP_HOST": "node.local",
        "MESHBOT_TCP_PORT": "1",
        "MESHBOT_SERIAL_PORT": "/dev/ttyUSB0",
        "MESHBOT_DATABASE_PATH": "/tmp/x.db",
        "MESHBOT_LOG_LEVEL": "DEBUG",
        "MESHBOT_ANSWER_CHANNELS": "7, 0",
        "MESHBOT_ADMIN_NODES": "!a1b2c3d4, !00000001",
        "MESHBOT_REQUIRE_PKI": "oui",
        "MESHBOT_SHARE_PORT": "4403",
        "MESHBOT_SHARE_ADDRESS": "::1",
        "MESHBOT_SHARE_MAX_CLIENTS": "3",
        "MESHBOT_SHARE_ALLOW_ADMIN": "oui",
        "MESHBOT_SHARE_PRIVATE_KEY": "1",
        "MESHBOT_SHARE_REPLAY": "on",
        "MESHBOT_SHARE_MDNS": "non",
        "MESHBOT_SHARE_AIR_BUDGET": "2.5 %",
    }
    assert site(environment) == SiteSettings(
        connection_mode="serial",
        tcp_host="node.local",
        tcp_port=1,
        serial_port="/dev/ttyUSB0",
        database_path=Path("/tmp/x.db"),
        log_level="DEBUG",
        answer_channels=(0, 7),
        admin_nodes={0xA1B2C3D4: "", 1: ""},
        require_pki=True,
        share=ShareSettings(4403, "::1", 3, True, True, replay=True, mdns=False, air_percent=2.5),
    )


def test_the_environment_replaces_even_a_value_that_makes_no_sense() -> None:
    assert site({"MESHBOT_TCP_PORT": "4403"}, TCP_PORT="nonsense").tcp_port == 4403


@pytest.mark.parametrize("value", ["4403", " 4403 ", 1, 65_535])
def test_a_port_may_be_a_number_or_its_text(value: object) -> None:
    assert site(TCP_PORT=value).tcp_port == int(str(value))


@pytest.mark.parametrize(
    "value", [0, -1, 65_536, 99_999, 4403.0, True, None, "", "abc", "4403.0", "9" * 5_000, [4403]]
)
def test_a_port_that_makes_no_sense_is_refused(value: object) -> None:
    assert "TCP_PORT = " in refusal(TCP_PORT=value)


def test_the_refusal_shows_the_value_and_the_range() -> None:
    line = refusal({"MESHBOT_TCP_PORT": "99999"})
    assert line == (
        "Configuration invalide : TCP_PORT = '99999' : il faut un nombre entier de 1 à 65535 "
        "(variable MESHBOT_TCP_PORT)"
    )


@pytest.mark.parametrize("value", ["TCP", " tcp ", "Tcp"])
def test_a_mode_is_known_in_any_case(value: str) -> None:
    assert site(CONNECTION_MODE=value).connection_mode == "tcp"


@pytest.mark.parametrize("value", ["", "udp", "t c p", None, 1, ["tcp"]])
def test_an_unknown_mode_is_refused_with_the_known_ones(value: object) -> None:
    line = refusal(CONNECTION_MODE=value)
    assert "CONNECTION_MODE = " in line
    assert "simulated, tcp, serial" in line


@pytest.mark.parametrize("value", ["", "  ", None, 1, b"host"])
def test_a_host_must_be_a_text(value: object) -> None:
    assert "TCP_HOST = " in refusal(TCP_HOST=value)


@pytest.mark.parametrize("value", ["ttyUSB0", " ttyUSB0 ", "/dev/ttyUSB0"])
def test_a_serial_port_may_be_named_without_its_folder(value: str) -> None:
    assert site(SERIAL_PORT=value).serial_port == "/dev/ttyUSB0"
    assert site({"MESHBOT_SERIAL_PORT": value}).serial_port == "/dev/ttyUSB0"


@pytest.mark.parametrize("value", [None, "", "None"])
def test_no_serial_port_means_find_it(value: object) -> None:
    assert site(SERIAL_PORT=value).serial_port is None


def test_a_serial_port_of_the_file_can_be_emptied_by_the_environment() -> None:
    assert site({"MESHBOT_SERIAL_PORT": ""}, SERIAL_PORT="/dev/ttyUSB0").serial_port is None


@pytest.mark.parametrize("value", [3, True, b"/dev/ttyUSB0"])
def test_a_serial_port_that_is_no_text_is_refused(value: object) -> None:
    assert "SERIAL_PORT = " in refusal(SERIAL_PORT=value)


def test_a_database_path_may_be_a_path() -> None:
    assert site(DATABASE_PATH=Path("/a/b")).database_path == Path("/a/b")


@pytest.mark.parametrize("value", ["", None, 5])
def test_a_database_path_that_makes_no_sense_is_refused(value: object) -> None:
    assert "DATABASE_PATH = " in refusal(DATABASE_PATH=value)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_log_levels_go_by_name(level: str) -> None:
    assert site(LOG_LEVEL=level).log_level == level


@pytest.mark.parametrize("value", ["LOUD", "", None, 20])
def test_an_unknown_log_level_is_refused(value: object) -> None:
    assert "LOG_LEVEL = " in refusal(LOG_LEVEL=value)


@pytest.mark.parametrize(
    ("value", "channels"), [((), ()), (3, (3,)), ({1, 0}, (0, 1)), ("", ()), ("2,2,1,", (1, 2))]
)
def test_channels_may_be_any_collection(value: object, channels: tuple[int, ...]) -> None:
    assert site(ANSWER_CHANNELS=value).answer_channels == channels


@pytest.mark.parametrize("value", [8, -1, (0, 8), "x", "1;2", None, True, 1.0, (None,)])
def test_channels_that_do_not_exist_are_refused(value: object) -> None:
    assert "ANSWER_CHANNELS = " in refusal(ANSWER_CHANNELS=value)


def test_a_name_missing_from_the_file_is_named() -> None:
    module = config_with()
    del module.TCP_HOST
    reader = SettingsReader({})
    read_site(reader, module)
    with pytest.raises(ConfigError, match="TCP_HOST"):
        reader.check()


def test_every_problem_is_in_the_one_line() -> None:
    line = refusal({"MESHBOT_LOG_LEVEL": "a\nb"}, TCP_PORT=0, CONNECTION_MODE="x", TCP_HOST=None)
    for name in ("CONNECTION_MODE", "TCP_HOST", "TCP_PORT", "LOG_LEVEL"):
        assert f"{name} = " in line


# -- The constants -----------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "seconds"), [(30, 30.0), (0.5, 0.5), ("2.5", 2.5), (" 1 ", 1.0)])
def test_a_duration_is_a_number_of_seconds(value: object, seconds: float) -> None:
    reader = SettingsReader({})
    assert reader.duration_s("DELAY", value) == seconds
    reader.check()


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        *(-1, -0.001, math.nan, math.inf, -math.inf, MAX_DELAY_S + 1, 10**400),
        *("nan", "inf", "-1", "1e400", "abc", "", None, True, False, [1]),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_duration_that_makes_no_sense_is_refused(value: object, zero: bool) -> None:
    reader = SettingsReader({})
    reader.duration_s("DELAY", value, zero=zero)
    with pytest.raises(ConfigError, match="DELAY = "):
        reader.check()


def test_zero_is_a_duration_only_where_it_may_be_meant() -> None:
    reader = SettingsReader({})
    assert reader.duration_s("MAY", 0, zero=True) == 0.0
    reader.check()
    reader.duration_s("MUST", 0)
    assert [problem.split(" = ")[0] for problem in reader.problems] == ["MUST"]


def test_a_duration_is_overridden_by_the_environment() -> None:
    reader = SettingsReader({"MESHBOT_DELAY": "60"})
    assert reader.duration_s("DELAY", 30) == 60.0
    reader = SettingsReader({"MESHBOT_DELAY": "-1"})
    reader.duration_s("DELAY", 30)
    with pytest.raises(ConfigError, match="DELAY = '-1'"):
        reader.check()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in (True, 1, "True", "1", "oui", "on", " yes ", "TRUE")),
        *((value, False) for value in (False, 0, "False", "0", "non", "off", "no", "FALSE")),
    ],
)
def test_a_flag_is_said_in_many_ways(value: object, expected: bool) -> None:
    reader = SettingsReader({})
    assert reader.flag("FLAG", value) is expected
    reader.check()


@pytest.mark.parametrize("value", ["", "maybe", "2", 2, -1, None, 1.0, 0.0])
def test_a_flag_that_is_neither_is_refused(value: object) -> None:
    reader = SettingsReader({})
    reader.flag("FLAG", value)
    with pytest.raises(ConfigError, match="FLAG = "):
        reader.check()


def test_a_whole_number_keeps_to_its_limits() -> None:
    reader = SettingsReader({"MESHBOT_COUNT": "5"})
    assert reader.whole("COUNT", 1, 1, 5) == 5
    reader.check()
    reader.whole("COUNT", 1, 1, 4)
    with pytest.raises(ConfigError, match="COUNT = '5'"):
        reader.check()


# -- Misspelt names ----------------------------------------------------------------------------


def test_variables_that_nothing_read_are_named() -> None:
    reader = SettingsReader(
        {"MESHBOT_TCP_HOTS": "x", "MESHBOT_TCP_HOST": "h", "PATH": "/bin", "MESHBOT_A": ""}
    )
    read_site(reader, config_with())
    assert reader.unknown_names() == ["MESHBOT_A", "MESHBOT_TCP_HOTS"]


def test_names_are_spelt_in_capitals() -> None:
    reader = SettingsReader({"MESHBOT_tcp_port": "1"})
    assert read_site(reader, config_with()).tcp_port == 4403
    assert reader.unknown_names() == ["MESHBOT_tcp_port"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A = 1\nTCP_HOST = 192.168.1.38\n", "ligne 2 : TCP_HOST = 192.168.1.38"),
        ('TCP_HOST = "192.168.1.38\n', "ligne 1"),
        ("CONNECTION_MODE = tcp\n", "ligne 1 : CONNECTION_MODE = tcp : NameError"),
        ("CONNECTION_MODE = tcp\n", '(un texte ? alors "tcp")'),
        ("LIGHT = true\n", "(écrire True ou False)"),
        ("import os\n\nHOST = os.environ['NOT_SET_AT_ALL']\n", "ligne 3 : HOST = os.environ"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
    ],
)
def test_a_file_that_python_cannot_read_is_refused_with_its_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "edited_config.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as error:
        load_config("edited_config")
    assert said in str(error.value)
    assert "edited_config.py" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "host",
    ["http://192.168.1.38", "my node", "tcp://", "host/path", "host:99999", "192.168.1", "[::1]:x"],
)
def test_what_is_no_address_is_refused_in_a_line(host: str) -> None:
    assert f"TCP_HOST = {host!r} : " in refusal(TCP_HOST=host)
    line = refusal({"MESHBOT_TCP_HOST": host})
    assert f"TCP_HOST = {host!r} : " in line and "variable MESHBOT_TCP_HOST" in line


@pytest.mark.parametrize("host", ["192.168.1.38", "meshtastic.local", "fe80::1", "2001:db8::7"])
def test_addresses_and_names_are_hosts(host: str) -> None:
    assert site(TCP_HOST=host).tcp_host == host


@pytest.mark.parametrize("outside", [False, True], ids=["file", "environment"])
@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.168.1.38:4403", "192.168.1.38", 4403),
        (" tcp://Toit.local.:4500/ ", "toit.local", 4500),
        ("[::1]:4500", "::1", 4500),
        ("[fe80::1%wlan0]", "fe80::1%wlan0", 4403),
        ("'10.0.0.7'", "10.0.0.7", 4403),
    ],
)
def test_an_address_counts_however_it_is_written(
    text: str, host: str, port: int, *, outside: bool
) -> None:
    found = site({"MESHBOT_TCP_HOST": text}) if outside else site(TCP_HOST=text)
    assert (found.tcp_host, found.tcp_port) == (host, port)


def test_the_port_beside_the_address_counts_where_the_other_is_not_its_equal() -> None:
    assert site(TCP_HOST="toit:4500", TCP_PORT=4500).tcp_port == 4500
    assert site({"MESHBOT_TCP_HOST": "toit:4500"}, TCP_PORT=4600).tcp_port == 4500


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({}, {"TCP_HOST": "toit:4500", "TCP_PORT": 4600}),
        ({"MESHBOT_TCP_HOST": "toit:4500", "MESHBOT_TCP_PORT": "4600"}, {}),
        ({"MESHBOT_TCP_HOST": "toit:4500", "MESHBOT_TCP_PORT": "4403"}, {}),
        ({"MESHBOT_TCP_PORT": "4600"}, {"TCP_HOST": "toit:4500"}),
    ],
)
def test_two_ports_on_purpose_are_refused(
    environment: dict[str, str], file: dict[str, object]
) -> None:
    line = refusal(environment, **file)
    assert "TCP_HOST donne le port 4500 et TCP_PORT le port 4" in line
    assert line.count(" : ") == 2, "that alone is wrong"


def test_of_two_ports_of_which_one_is_none_that_one_is_named() -> None:
    line = refusal(TCP_HOST="toit:4500", TCP_PORT=99_999)
    assert "TCP_PORT = 99999" in line and "TCP_HOST" not in line


def test_an_address_without_its_interface_is_odd() -> None:
    reader = SettingsReader({})
    read_site(reader, config_with(TCP_HOST="fe80::1"))
    reader.check()
    assert [line for line in reader.odd_lines() if "fe80::1%wlan0" in line]


def test_a_name_missing_from_the_file_is_said_to_be_missing() -> None:
    module = config_with()
    del module.TCP_HOST
    reader = SettingsReader({})
    read_site(reader, module)
    with pytest.raises(ConfigError, match="TCP_HOST manque"):
        reader.check()


def test_a_missing_file_and_a_wrong_encoding_are_said_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latin_config.py").write_bytes(b'TCP_HOST = "n\xe9"\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config("latin_config")
    with pytest.raises(ConfigError, match=r"no_such_config\.py introuvable"):
        load_config("no_such_config")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_this_machine_lacks_for_now_is_no_fault_of_the_file(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting has the exit code after which systemd starts the bot no more."""
    text = f"raise OSError({number}, 'lacking')\n"
    (tmp_path / "lacking_config.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match="lacking"):
        load_config("lacking_config")


# -- Who may give orders -----------------------------------------------------------------------

WHOLE_KEY = "DMqoyaXFQbTxMUaB0kCQhCrqkV7+i/7N1Z1EdsSfQxg="


@pytest.mark.parametrize(
    ("value", "admins"),
    [
        ((), {}),
        ("", {}),
        ("!a1b2c3d4", {0xA1B2C3D4: ""}),
        ("a1b2c3d4", {0xA1B2C3D4: ""}),
        ("!A1B2C3D4 , 0000000a,", {0xA1B2C3D4: "", 0x0A: ""}),
        ("('!a1b2c3d4', \"!0000000a\")", {0xA1B2C3D4: "", 0x0A: ""}),
        (("!a1b2c3d4", "!0000000a", "!a1b2c3d4"), {0xA1B2C3D4: "", 0x0A: ""}),
        (("!a1b2c3d4\n",), {0xA1B2C3D4: ""}),
        ("!fffffffe", {0xFFFFFFFE: ""}),
        ("!a1b2c3d4:DMqoyaXF", {0xA1B2C3D4: "DMqoyaXF"}),
        (("a1b2c3d4:DMqo", "!0000000a"), {0xA1B2C3D4: "DMqo", 0x0A: ""}),
        (f"!a1b2c3d4:{WHOLE_KEY}, !0000000a:A/+b", {0xA1B2C3D4: WHOLE_KEY, 0x0A: "A/+b"}),
    ],
)
def test_admin_nodes_are_identifiers_with_or_without_the_beginning_of_a_key(
    value: object, admins: dict[int, str]
) -> None:
    assert site(ADMIN_NODES=value).admin_nodes == admins
    if isinstance(value, str):
        assert site({"MESHBOT_ADMIN_NODES": value}, ADMIN_NODES="nonsense").admin_nodes == admins


@pytest.mark.parametrize(
    "value",
    [
        "!a1b2c3d",
        "!a1b2c3d45",
        "!a1b2c3g4",
        "!!a1b2c3d4",
        "!a1b2c3d4 !0000000a",
        ("!a1b2c3d4", "Ann"),
        "Ann",
        "!00000000",
        "!ffffffff",
        "FFFFFFFF:DMqoyaXF",
        ("!a1b2c3d4", "00000000"),
        "!a1b2c3d4:",
        "!a1b2c3d4:DMq",
        "!a1b2c3d4: DMqo",
        "!a1b2c3d4:DMqo…",
        f"!a1b2c3d4:{WHOLE_KEY}=",
        f"!a1b2c3d4:A{WHOLE_KEY}",
        0xA1B2C3D4,
        None,
        True,
    ],
)
def test_an_admin_node_that_is_no_identifier_is_refused(value: object) -> None:
    assert "ADMIN_NODES = " in refusal(ADMIN_NODES=value)


def test_one_wrong_admin_node_leaves_nobody_an_admin() -> None:
    reader = SettingsReader({})
    assert read_site(reader, config_with(ADMIN_NODES=("!a1b2c3d4", "Ann"))).admin_nodes == {}
    assert len(reader.problems) == 1


@pytest.mark.parametrize(
    ("key", "told"), [("DMqo", 1), ("DMqoyaXFQbT", 1), ("DMqoyaXFQbTx", 0), ("", 0)]
)
def test_a_beginning_of_a_key_that_can_be_made_again_is_doubted(key: str, told: int) -> None:
    reader = SettingsReader({})
    admin = "!a1b2c3d4" + (f":{key}" if key else "")
    assert read_site(reader, config_with(ADMIN_NODES=admin)).admin_nodes == {0xA1B2C3D4: key}
    assert [line for line in reader.odd_lines() if f"{key!r} est un début" in line] == (
        reader.doubts if told else []
    )
    assert len(reader.doubts) == told


@pytest.mark.parametrize("value", [None, "", "maybe", 2, "2"])
def test_a_requirement_of_proof_is_yes_or_no(value: object) -> None:
    assert "REQUIRE_PKI = " in refusal(REQUIRE_PKI=value)


@pytest.mark.parametrize(
    ("value", "required"),
    [
        *((value, True) for value in (True, 1, "1", "on")),
        *((value, False) for value in (False, 0, "0", "non")),
    ],
)
def test_a_requirement_of_proof_is_read(value: object, required: bool) -> None:
    assert site(REQUIRE_PKI=value).require_pki is required


def test_a_config_without_a_word_on_trust_is_that_of_an_older_version_and_trusts_nobody_more() -> (
    None
):
    config = config_with()
    del config.ADMIN_NODES, config.REQUIRE_PKI
    reader = SettingsReader({})
    settings = read_site(reader, config)
    reader.check()
    assert (settings.admin_nodes, settings.require_pki) == ({}, False)
    reader = SettingsReader({"MESHBOT_ADMIN_NODES": "!0000000a", "MESHBOT_REQUIRE_PKI": "1"})
    settings = read_site(reader, config)
    reader.check()
    assert (settings.admin_nodes, settings.require_pki) == ({0x0A: ""}, True)


# -- Where a problem is, and what was meant --------------------------------------------------------


def test_a_problem_says_which_file_or_variable_it_is_in() -> None:
    reader = SettingsReader({"MESHBOT_TCP_PORT": "0", "MESHBOT_TCP_PROBE_TIMEOUT": "soon"})
    read_site(reader, config_with(CONNECTION_MODE="bluetooth", TCP_PORT=-5))
    reader.duration_s("TCP_SILENT_TIMEOUT", -1)
    reader.duration_s("TCP_PROBE_TIMEOUT", 10)
    reader.flag("TCP_LIGHT_RECONNECT", MISSING)
    assert [(line.split(" ")[0], line.rsplit(" (", 1)[-1]) for line in reader.problems[:4]] == [
        ("CONNECTION_MODE", "config.py)"),
        ("TCP_PORT", "variable MESHBOT_TCP_PORT)"),
        ("TCP_SILENT_TIMEOUT", "main_bot.py)"),
        ("TCP_PROBE_TIMEOUT", "variable MESHBOT_TCP_PROBE_TIMEOUT)"),
    ]
    assert "TCP_PORT = '0' :" in reader.problems[1]
    assert reader.problems[4:] == ["TCP_LIGHT_RECONNECT manque dans main_bot.py"]


def test_all_problems_from_everywhere_stand_in_one_line() -> None:
    reader = SettingsReader({"MESHBOT_LOG_LEVEL": "loud"})
    config = config_with(TCP_PORT="x", ANSWER_CHANNELS=(9,), ADMIN_NODES=("me",))
    del config.TCP_HOST
    config.TCP_HOTS = "192.0.2.7"  # type: ignore[attr-defined]
    read_site(reader, config)
    reader.duration_s("TCP_SILENT_TIMEOUT", 0)
    with pytest.raises(ConfigError) as error:
        reader.check()
    line = str(error.value)
    assert len(line.splitlines()) == 1
    for name in (
        "TCP_PORT = 'x'",
        "LOG_LEVEL = 'loud'",
        "ANSWER_CHANNELS = (9,)",
        "ADMIN_NODES = ('me',)",
        "TCP_HOTS inconnu",
        "TCP_SILENT_TIMEOUT = 0",
    ):
        assert name in line
    assert line.count(" ; ") >= 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("TCP_HOTS", "TCP_HOST"),
        ("TCPHOST", "TCP_HOST"),
        ("CONECTION_MODE", "CONNECTION_MODE"),
        ("ADMIN_NODE", "ADMIN_NODES"),
        ("DATABASE_PTAH", "DATABASE_PATH"),
    ],
)
def test_a_misspelt_name_beside_the_right_one_is_pointed_out_and_ignored(
    written: str, meant: str
) -> None:
    reader = SettingsReader({})
    read_site(reader, config_with(**{written: "x"}))
    reader.check()
    assert reader.doubts == [f"{written} inconnu dans config.py : ignoré, plutôt {meant} ?"]


@pytest.mark.parametrize("name", ["MY_OWN_THING", "OS", "Path", "tcp_hots"])
def test_a_name_that_is_like_none_of_ours_is_the_operators_own_affair(name: str) -> None:
    assert site({}, **{name: "x"}).tcp_port == 4403


def test_a_misspelt_name_comes_with_the_one_that_is_missing_for_it() -> None:
    config = config_with()
    del config.TCP_HOST
    config.TCP_HOTS = "192.0.2.7"  # type: ignore[attr-defined]
    reader = SettingsReader({})
    read_site(reader, config)
    assert reader.problems == [
        "TCP_HOST manque dans config.py",
        "TCP_HOTS inconnu dans config.py : plutôt TCP_HOST ?",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MESHBOT_TCP_HSOT", "MESHBOT_TCP_HOST"),
        ("MESHBOT_TCP_SILENT_TIMOUT", "MESHBOT_TCP_SILENT_TIMEOUT"),
        ("MESHBOT_COLOUR", ""),
    ],
)
def test_the_variable_that_was_meant_is_suggested(written: str, meant: str) -> None:
    reader = SettingsReader({written: "x"})
    read_site(reader, config_with())
    reader.duration_s("TCP_SILENT_TIMEOUT", 120)
    assert reader.unknown_names() == [written]
    assert reader.suggestion(written) == meant


@pytest.mark.parametrize("path", ["a\0b", "/", ".", Path("/")])
def test_a_path_without_a_file_name_is_refused(path: object) -> None:
    assert "DATABASE_PATH = " in refusal(DATABASE_PATH=path)
