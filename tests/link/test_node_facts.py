"""What a node says of itself: frames of real firmware, and those that lack something.

The frames came from firmware 2.5.20, 2.7.26 and 2.8.0 built for Linux, which counts no reboots.
"""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import config_pb2, localonly_pb2, mesh_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.node_facts import (
    NodeFacts,
    duty_cycle_percent,
    facts_of,
    hops_allowed,
    is_locked,
    lora_settings_of,
    may_seal,
)
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.lora_airtime import LONG_FAST, LoraSettings
from tests.support.session_events import Events

REAL = {
    "2.5.20.4c97351": (
        "1a11088f9cb46058f8eb016a066e6174697665",
        "6a1e0a0e322e352e32302e346339373335311017200140ab064825580160c63b",
        "2a0e320c0801380140034801501e6801",
    ),
    "2.7.26.54e0d8d": (
        "1a13088f9cb46058f8eb016a066e61746976657807",
        "6a1e0a0e322e372e32362e353465306438641018200140ab064825580160c67b",
        "2a183216080118fa01200b2805380140034801501e6801d00602",
    ),
    "2.8.0.7754068": (
        "1a2608c7adaef60458f8eb01621002000c0d0e0f000000000000000000006a066e61746976657805",
        "6a1f0a0d322e382e302e373735343036381019200140ab064825580160d67b7001",
        "2a1532130801200b2805380140034801501e6801d00602",
    ),
}
LoRa = config_pb2.Config.LoRaConfig
ESP32 = mesh_pb2.MyNodeInfo(my_node_num=0xA1B2C3D4, reboot_count=41, min_app_version=30200)
Role = config_pb2.Config.DeviceConfig.Role
KNOWN = NodeFacts("!a1b2c3d4", "2.7.4", "EU_868", True, 41)


def heard(*payloads: bytes) -> NodeFacts:
    """Return the facts of a session that received these messages."""
    session = MeshTCPInterface(Events(), "127.0.0.1", 1, SessionOptions(1.0, 1.0))
    try:
        session._receiver.feed(b"".join(encode_frame(payload) for payload in payloads), 0.0)
        return facts_of(session)
    finally:
        session.close()


def said(
    my_info: mesh_pb2.MyNodeInfo | None = None,
    lora: config_pb2.Config.LoRaConfig | None = None,
    firmware: str = "",
) -> NodeFacts:
    messages = []
    if my_info is not None:
        messages.append(mesh_pb2.FromRadio(my_info=my_info))
    if firmware:
        metadata = mesh_pb2.DeviceMetadata(firmware_version=firmware)
        messages.append(mesh_pb2.FromRadio(metadata=metadata))
    if lora is not None:
        messages.append(mesh_pb2.FromRadio(config=config_pb2.Config(lora=lora)))
    return heard(*(message.SerializeToString() for message in messages))


@pytest.mark.parametrize("firmware", REAL)
def test_real_frames_are_understood(firmware: str) -> None:
    facts = heard(*map(bytes.fromhex, REAL[firmware]))
    node = "!4ecb96c7" if firmware.startswith("2.8") else "!0c0d0e0f"
    assert facts == NodeFacts(node, firmware, "US", transmits=True, reboots=None)


def test_an_esp32_counts_its_reboots() -> None:
    lora = LoRa(region=LoRa.RegionCode.EU_868, tx_enabled=True)
    assert said(ESP32, lora, "2.7.4") == KNOWN
    assert json.loads(KNOWN.as_json()) == {
        "id": "!a1b2c3d4",
        "firmware": "2.7.4",
        "region": "EU_868",
        "transmits": True,
    }


def test_a_node_that_is_not_set_up_says_so() -> None:
    facts = said(ESP32, LoRa())
    assert (facts.region, facts.transmits) == ("UNSET", False)
    assert json.loads(facts.as_json())["transmits"] is False


def test_what_a_locked_node_leaves_out_is_not_what_it_is() -> None:
    """It tells its region to anybody, and nothing of its transmitter."""
    facts = said(mesh_pb2.MyNodeInfo(my_node_num=7), LoRa(region=LoRa.RegionCode.EU_868))
    assert facts == NodeFacts("!00000007", "", "EU_868", transmits=None, reboots=None)


def test_a_node_that_says_nothing_does_no_harm() -> None:
    assert said() == said(None, LoRa(tx_enabled=True), "2.7.4") == NodeFacts()
    assert said(ESP32) == NodeFacts("!a1b2c3d4", reboots=41)
    assert json.loads(NodeFacts().as_json()) == {}


def test_a_region_newer_than_the_library_is_a_number() -> None:
    assert (
        heard(
            mesh_pb2.FromRadio(my_info=ESP32).SerializeToString(),
            bytes.fromhex("2a05320338e707"),
        ).region
        == "999"
    )


def test_a_count_that_grew_is_a_restart() -> None:
    assert replace(KNOWN, reboots=42).restarted_since(KNOWN)


@pytest.mark.parametrize(
    "now",
    [
        KNOWN,
        replace(KNOWN, reboots=3),
        replace(KNOWN, reboots=None),
        replace(KNOWN, reboots=42, id="!0000000b"),
    ],
)
def test_anything_else_is_none(now: NodeFacts) -> None:
    assert not now.restarted_since(KNOWN)
    assert not KNOWN.restarted_since(NodeFacts())


def test_who_our_node_is_is_known_whatever_the_library_makes_of_it() -> None:
    """Here it has no dictionaries for it; and an entry that names nobody takes nothing back."""
    session = MeshTCPInterface(Events(), "127.0.0.1", 1, SessionOptions(1.0, 1.0))
    try:
        user = mesh_pb2.User(id="!a1b2c3d4", is_licensed=True)
        for entry in (mesh_pb2.NodeInfo(num=0xA1B2C3D4, user=user), mesh_pb2.NodeInfo()):
            entry.num = 0xA1B2C3D4
            for message in (
                mesh_pb2.FromRadio(my_info=ESP32),
                mesh_pb2.FromRadio(node_info=entry),
            ):
                session._receiver.feed(encode_frame(message.SerializeToString()), 0.0)
            assert session.own_user == user
    finally:
        session.close()


@pytest.mark.parametrize(
    ("name", "known"), [(b"F4ABC", True), (b"F4AB\xc3", True), (b"F4ABC\x32\x20torn", False)]
)
def test_of_a_torn_entry_of_our_node_nothing_is_believed(name: bytes, *, known: bool) -> None:
    """A broken name costs no licence; what comes after a broken shape is lost."""
    licence = b"\x30\x01"
    user = b"\x12" + bytes([len(name) if known else 5]) + name + licence
    entry = b"\x08" + b"\xd4\x87\xcb\x8d\x0a" + b"\x12" + bytes([len(user)]) + user
    session = MeshTCPInterface(Events(), "127.0.0.1", 1, SessionOptions(1.0, 1.0))
    try:
        for payload in (
            mesh_pb2.FromRadio(my_info=ESP32).SerializeToString(),
            b"\x22" + bytes([len(entry)]) + entry,
        ):
            session._receiver.feed(encode_frame(payload), 0.0)
        assert (session.own_user is not None) is known
        assert not may_seal(session.own_user)
    finally:
        session.close()


@pytest.mark.parametrize(
    ("own_user", "sealing"),
    [
        (None, False),
        (mesh_pb2.User(long_name="F4ABC", is_licensed=True), False),
        (mesh_pb2.User(long_name="Toit"), True),
    ],
)
def test_nobody_seals_for_a_licensed_station_nor_for_one_not_known_yet(
    own_user: mesh_pb2.User | None, *, sealing: bool
) -> None:
    assert may_seal(own_user) is sealing


@pytest.mark.parametrize(("configured", "hops"), [(0, 3), (1, 1), (3, 3), (7, 7), (8, 7), (99, 7)])
def test_a_packet_always_has_hops_to_go_and_never_more_than_the_protocol_has(
    configured: int, hops: int
) -> None:
    assert hops_allowed(configured) == hops


@pytest.mark.parametrize(
    ("region", "percent"),
    [("UNSET", None), ("US", None), ("EU_868", 10.0), ("UA_868", 1.0), ("EU_866", 2.5)],
)
def test_each_region_allows_its_share_of_the_air(region: str, percent: float | None) -> None:
    config = localonly_pb2.LocalConfig()
    config.lora.region = LoRa.RegionCode.Value(region)
    assert duty_cycle_percent(config) == percent
    config.lora.override_duty_cycle = True
    assert duty_cycle_percent(config) is None


@pytest.mark.parametrize("role", [Role.ROUTER, Role.ROUTER_LATE])
def test_in_one_region_a_router_is_allowed_more(role: "Role.ValueType") -> None:
    config = localonly_pb2.LocalConfig()
    config.lora.region = LoRa.RegionCode.EU_866
    config.device.role = role
    assert duty_cycle_percent(config) == 10.0


@pytest.mark.parametrize(
    ("my_info", "firmware", "locked"),
    [
        (ESP32, "2.8.0", False),
        (mesh_pb2.MyNodeInfo(my_node_num=7), "2.8.0", False),
        (ESP32, "", False),
        (mesh_pb2.MyNodeInfo(my_node_num=7), "", True),
        (mesh_pb2.MyNodeInfo(my_node_num=7), None, False),
        (None, None, False),
    ],
)
def test_a_node_is_locked_that_names_no_version_at_all(
    my_info: mesh_pb2.MyNodeInfo | None, firmware: str | None, *, locked: bool
) -> None:
    metadata = None if firmware is None else mesh_pb2.DeviceMetadata(firmware_version=firmware)
    session = SimpleNamespace(myInfo=my_info, metadata=metadata)
    assert is_locked(cast("SupervisedInterface", session)) is locked


# -- How the radio modulates -----------------------------------------------------------------------


@pytest.mark.parametrize("firmware", REAL)
def test_real_nodes_modulate_as_their_default_preset(firmware: str) -> None:
    message = mesh_pb2.FromRadio.FromString(bytes.fromhex(REAL[firmware][2]))
    config = localonly_pb2.LocalConfig(lora=message.config.lora)
    assert lora_settings_of(config) == LONG_FAST


@pytest.mark.parametrize(
    ("lora", "settings"),
    [
        (LoRa(use_preset=True, modem_preset=LoRa.SHORT_TURBO), LoraSettings(500_000, 7, 5)),
        (
            LoRa(use_preset=True, modem_preset=LoRa.LONG_SLOW, region=LoRa.LORA_24),
            LoraSettings(406_250, 12, 8),
        ),
        (LoRa(use_preset=True, coding_rate=8), LoraSettings(250_000, 11, 8)),
        (LoRa(bandwidth=62, spread_factor=9, coding_rate=6), LoraSettings(62_500, 9, 6)),
        (LoRa(bandwidth=77, spread_factor=9, coding_rate=99), LoraSettings(250_000, 9, 5)),
        # The region alone, as a locked 2.8 tells it.
        (LoRa(region=LoRa.EU_868), None),
    ],
)
def test_settings_of_the_radio_become_its_modulation(
    lora: config_pb2.Config.LoRaConfig, settings: LoraSettings | None
) -> None:
    assert lora_settings_of(localonly_pb2.LocalConfig(lora=lora)) == settings


def test_a_preset_that_the_library_does_not_know_is_the_default() -> None:
    lora = LoRa.FromString(LoRa(use_preset=True).SerializeToString() + b"\x10\x63")
    assert lora_settings_of(localonly_pb2.LocalConfig(lora=lora)) == LONG_FAST


def test_a_node_that_said_nothing_has_no_settings() -> None:
    assert lora_settings_of(localonly_pb2.LocalConfig()) is None
