"""Which node it is and how it is: said when it is news, and a mute radio once."""

import zlib
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import config_pb2, localonly_pb2, mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.service.node_introduction import NodeIntroduction
from tests.support.journal import Journal

EU_868 = config_pb2.Config.LoRaConfig.RegionCode.EU_868


def interface(
    *,
    reboots: int = 41,
    region: int = EU_868,
    transmits: bool = True,
    trusted: bool = True,
    firmware: str = "2.7.4",
) -> SupervisedInterface:
    my_info = mesh_pb2.MyNodeInfo(
        my_node_num=0xA1B2C3D4, reboot_count=reboots, min_app_version=30200 * trusted
    )
    config = localonly_pb2.LocalConfig()
    config.lora.region = cast("config_pb2.Config.LoRaConfig.RegionCode.ValueType", region)
    config.lora.tx_enabled = transmits
    metadata = mesh_pb2.DeviceMetadata(firmware_version=firmware) if firmware else None
    return cast(
        "SupervisedInterface",
        SimpleNamespace(
            myInfo=my_info,
            metadata=metadata,
            localNode=SimpleNamespace(localConfig=config),
            own_num=my_info.my_node_num,
            own_name="Toit",
            own_user=mesh_pb2.User(long_name="Toit"),
            own_public_key=b"p" * 32,
            own_private_key=b"k" * 32,
            gives_private_key=True,
            is_managed=False,
            sends_by_udp=False,
        ),
    )


def test_the_state_is_said_at_first_and_when_it_changed(journal: Journal) -> None:
    introduction = NodeIntroduction()
    for reboots in (41, 41, 42):
        introduction.tell(interface(reboots=reboots))
    introduction.tell(interface(reboots=42, firmware="2.7.9"))
    assert [line for line in journal.messages if "🧭" in line] == [
        "🧭 Nœud !a1b2c3d4 : firmware 2.7.4, région EU_868, 41 redémarrages",
        "🧭 Nœud !a1b2c3d4 : firmware 2.7.4, région EU_868, 42 redémarrages",
        "🧭 Nœud !a1b2c3d4 : firmware 2.7.9, région EU_868, 42 redémarrages",
    ]
    assert not any("WARNING" in line for line in journal.lines)


def test_a_node_that_does_not_say_its_number_is_no_other_node(journal: Journal) -> None:
    introduction = NodeIntroduction()
    introduction.tell(interface())
    nameless = interface()
    nameless.myInfo, nameless.own_num = mesh_pb2.MyNodeInfo(), 0  # type: ignore[misc]
    introduction.tell(nameless)
    introduction.tell(interface())
    assert journal.count("ne dit pas son numéro") == 1
    assert journal.count("Un autre nœud répond") == 0


def test_a_radio_that_is_not_set_up_is_a_warning_once(journal: Journal) -> None:
    introduction = NodeIntroduction()
    for reboots in (1, 2):
        introduction.tell(interface(reboots=reboots, region=0, transmits=False, firmware=""))
    assert [line for line in journal.messages if "🧭" in line] == [
        "🧭 Nœud !a1b2c3d4 : firmware inconnu, région UNSET, 1 redémarrage, émetteur coupé",
        "🧭 Nœud !a1b2c3d4 : firmware inconnu, région UNSET, 2 redémarrages, émetteur coupé",
    ]
    warnings = [line for line in journal.lines if "WARNING" in line]
    assert len(warnings) == 2
    assert "--set lora.region" in warnings[0]
    assert "--set lora.tx_enabled true" in warnings[1]


def test_a_mute_radio_with_udp_is_not_called_unheard(journal: Journal) -> None:
    node = interface(transmits=False)
    vars(node)["sends_by_udp"] = True
    NodeIntroduction().tell(node)
    (warning,) = (line for line in journal.lines if "WARNING" in line)
    assert "hors du réseau local (UDP), personne n'entend le bot" in warning


def test_a_locked_node_is_not_called_mute(journal: Journal) -> None:
    NodeIntroduction().tell(interface(transmits=False, trusted=False, reboots=0))
    assert "🧭 Nœud !a1b2c3d4 : firmware 2.7.4, région EU_868" in journal.messages
    assert not any("WARNING" in line for line in journal.lines)


@pytest.mark.parametrize("metadata", [None, mesh_pb2.DeviceMetadata()])
def test_a_version_that_is_not_told_is_called_unknown(
    metadata: mesh_pb2.DeviceMetadata | None, journal: Journal
) -> None:
    node = interface()
    vars(node)["metadata"] = metadata
    NodeIntroduction().tell(node)
    assert "📡 Nœud : Toit (!a1b2c3d4), firmware inconnu" in journal.messages


def keyless(node: SupervisedInterface, **changes: object) -> SupervisedInterface:
    """Return an interface that gives no private key, changed as said."""
    vars(node).update({"own_private_key": b"", "gives_private_key": False} | changes)
    return node


def said_of_key(journal: Journal) -> list[str]:
    return [line for line in journal.messages if line.startswith("ℹ️")]


@pytest.mark.parametrize(
    ("node", "beginning"),
    [
        (
            keyless(interface(), is_managed=True),
            "ℹ️ Le nœud ne donne pas sa clé privée (géré, security.is_managed) : ",
        ),
        (
            keyless(interface(), is_managed=True, gives_private_key=True),
            "ℹ️ Le nœud est géré (security.is_managed) : il ignore les ordres du bot",
        ),
        (
            keyless(interface()),
            "ℹ️ Le nœud ne donne pas sa clé privée, bien qu'il en ait une : ",
        ),
        (
            keyless(interface(), gives_private_key=True, own_user=None),
            "ℹ️ Le nœud n'a pas dit qui il est, ou pas lisiblement : ",
        ),
        (keyless(interface(region=0), own_public_key=b""), "ℹ️ Le nœud n'a pas encore de clé : "),
        (keyless(interface(), own_public_key=b""), "ℹ️ Le nœud n'a pas de clé : "),
        (
            keyless(interface(trusted=False), metadata=mesh_pb2.DeviceMetadata()),
            "ℹ️ Le nœud est verrouillé ",
        ),
        (
            keyless(interface(), own_private_key=b"k" * 32),
            "ℹ️ Le nœud ne donne plus sa clé privée : celle qu'il avait donnée sert encore",
        ),
    ],
)
def test_each_reason_for_a_missing_key_has_a_line_of_its_own(
    node: SupervisedInterface, beginning: str, journal: Journal
) -> None:
    introduction = NodeIntroduction()
    for _ in range(3):
        introduction.tell(node)
    (line,) = said_of_key(journal)
    assert line.startswith(beginning)


def test_a_key_that_is_missing_again_is_said_again(journal: Journal) -> None:
    introduction = NodeIntroduction()
    for gives_key in (False, True, False):
        introduction.tell(keyless(interface(), gives_private_key=gives_key))
    assert len(said_of_key(journal)) == 2


def test_a_licensed_station_without_a_key_lacks_nothing(journal: Journal) -> None:
    ham = mesh_pb2.User(long_name="F4ABC", is_licensed=True)
    NodeIntroduction().tell(keyless(interface(), own_public_key=b"", own_user=ham))
    assert said_of_key(journal) == []


def test_another_number_with_another_key_is_another_node(journal: Journal) -> None:
    introduction = NodeIntroduction()
    introduction.tell(interface())
    introduction.tell(numbered(0x0A, b"q" * 32))
    assert journal.count("Un autre nœud répond") == 1
    introduction.tell(numbered(0x0B, b""))
    introduction.tell(numbered(0x0C, b""))
    assert journal.count("Un autre nœud répond") == 3, "without a key nobody can tell"


def test_another_number_with_the_same_key_is_the_same_node(journal: Journal) -> None:
    introduction = NodeIntroduction()
    introduction.tell(interface())
    introduction.tell(numbered(zlib.crc32(b"p" * 32), b"p" * 32))
    assert not any("WARNING" in line for line in journal.lines), "who learns its key says it"
    introduction.tell(numbered(0x0A, b"p" * 32))
    (line,) = [line for line in journal.messages if "a changé de numéro" in line]
    assert line.startswith("⚠️ Le nœud a changé de numéro, !0000000a au lieu de !")
    assert journal.count("Un autre nœud répond") == 0


def numbered(num: int, key: bytes) -> SupervisedInterface:
    """Return a node of another number."""
    session = interface()
    session.own_num = num  # type: ignore[misc]
    session.own_public_key = key  # type: ignore[misc]
    return session
