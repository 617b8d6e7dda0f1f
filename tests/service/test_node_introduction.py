"""Which node it is and how it is: said when it is news, and a mute radio once."""

from types import SimpleNamespace
from typing import cast

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
            own_private_key=b"k" * 32,
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


def test_a_locked_node_is_not_called_mute(journal: Journal) -> None:
    NodeIntroduction().tell(interface(transmits=False, trusted=False, reboots=0))
    assert "🧭 Nœud !a1b2c3d4 : firmware 2.7.4, région EU_868" in journal.messages
    assert not any("WARNING" in line for line in journal.lines)
