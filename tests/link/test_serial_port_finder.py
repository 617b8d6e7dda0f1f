"""A node that comes back under another name is found again, and no other device taken for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from meshbot.link import serial_port_finder
from meshbot.link.mesh_serial_interface import find_serial_port
from meshbot.link.serial_port_finder import SerialPortFinder, lasting_name, present_ports
from meshbot.link.usb_device import UsbDevice
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.cable import Cable
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

CP2102, CH340, RAK = (0x10C4, 0xEA60), (0x1A86, 0x7523), (0x239A, 0x8029)


def port(
    name: str | Path,
    kind: tuple[int, int] | None = CP2102,
    number: str | None = "A17",
    location: str = "1-1.2",
) -> ListPortInfo:
    """Return a port as pyserial lists it."""
    info = ListPortInfo(str(name))
    if kind is not None:
        info.vid, info.pid = kind
        info.serial_number, info.location = number, location
        info.product = "USB bridge"
    return info


class Bench:
    """A finder, and the ports that are plugged in."""

    def __init__(self, setting: str | None, *ports: ListPortInfo) -> None:
        self.ports = list(ports)
        self._finder = SerialPortFinder(setting, ports=lambda: self.ports)

    def node_was_on(self, name: str) -> "Bench":
        self._finder.opened(name)
        self._finder.is_the_node()
        return self

    def finds(self, *ports: ListPortInfo) -> str | None:
        self.ports = list(ports)
        return self._finder.path()

    def refuses(self, *ports: ListPortInfo) -> LinkError:
        with pytest.raises(LinkError) as error:
            self.finds(*ports)
        return error.value


ON_USB0, ON_USB1 = "/dev/ttyUSB0", "/dev/ttyUSB1"


# -- With a name in the settings ---------------------------------------------------------------


def test_before_a_node_answered_the_name_counts_whatever_is_behind_it() -> None:
    bench = Bench(ON_USB0, port(ON_USB0))
    assert bench.finds(port(ON_USB0)) == ON_USB0
    bench = Bench(ON_USB0, port(ON_USB0))
    bench._finder.opened(ON_USB0)  # and no node answered
    assert bench.finds(port(ON_USB0, RAK), port(ON_USB1)) == ON_USB0


def test_a_device_with_a_number_is_found_under_any_name_and_in_any_socket() -> None:
    bench = Bench(ON_USB0, port(ON_USB0)).node_was_on(ON_USB0)
    assert bench.finds(port(ON_USB1, location="3-2")) == ON_USB1
    assert bench.finds(port("/dev/ttyUSB7"), port(ON_USB1, number="B18")) == "/dev/ttyUSB7"


def test_it_is_found_where_another_device_has_its_name_now() -> None:
    bench = Bench(ON_USB0, port(ON_USB0)).node_was_on(ON_USB0)
    assert bench.finds(port(ON_USB0, RAK, "R1"), port(ON_USB1)) == ON_USB1
    assert bench.finds(port(ON_USB0), port(ON_USB1, RAK, "R1")) == ON_USB0, "and back again"


def test_another_device_under_its_name_is_not_taken_for_it() -> None:
    bench = Bench(ON_USB0, port(ON_USB0)).node_was_on(ON_USB0)
    for other in (port(ON_USB0, RAK), port(ON_USB0, number="B18"), port(ON_USB0, CH340, None)):
        error = bench.refuses(other)
        assert error.cause is Cause.PORT_OF_ANOTHER
        assert error.detail.startswith("/dev/ttyUSB0 (USB bridge")
        assert error.cause.group is Cause.PORT_LOST


def test_a_device_that_is_nowhere_is_awaited_under_its_name() -> None:
    bench = Bench(ON_USB0, port(ON_USB0)).node_was_on(ON_USB0)
    for others in ([], [port(ON_USB1, RAK)], [port(ON_USB1, number="B18")]):
        error = bench.refuses(*others)
        assert (error.cause, error.detail) == (Cause.PORT_ABSENT, ON_USB0)


@pytest.mark.parametrize(
    "number", [None, "", "0001", "0", "00000000", "123456", "0123456789ABCDEF"]
)
def test_without_a_number_of_its_own_the_socket_tells(number: str | None) -> None:
    bench = Bench(ON_USB0, port(ON_USB0, CH340, number)).node_was_on(ON_USB0)
    twin = port("/dev/ttyUSB2", CH340, number, "1-1.3")
    assert bench.finds(port(ON_USB1, CH340, number), twin) == ON_USB1
    assert bench.refuses(twin).cause is Cause.PORT_ABSENT, "it may be another of its kind"
    moved = port(ON_USB0, CH340, number, "1-1.4")
    assert bench.finds(moved) == ON_USB0, "nothing says that it is another one"


def test_of_twins_with_one_number_the_socket_tells() -> None:
    bench = Bench(ON_USB0, port(ON_USB0)).node_was_on(ON_USB0)
    assert bench.finds(port(ON_USB1, location="9-9"), port("/dev/ttyUSB2")) == "/dev/ttyUSB2"
    error = bench.refuses(port(ON_USB1, location="9-9"), port("/dev/ttyUSB2", location="8-8"))
    assert error.cause is Cause.PORT_ABSENT


def test_a_name_that_is_there_before_it_is_known_whose_it_is_has_to_wait(tmp_path: Path) -> None:
    name = tmp_path / "ttyUSB0"
    name.touch()
    bench = Bench(str(name), port(name)).node_was_on(str(name))
    assert bench.refuses().cause is Cause.PORT_ABSENT
    assert bench.finds(port(name)) == str(name)


def test_of_the_ports_of_one_device_the_same_one_is_found() -> None:
    first, second = "/dev/ttyACM0", "/dev/ttyACM1"
    bench = Bench(first, port(first, RAK, "R1", "1-1.2:1.0")).node_was_on(first)
    found = bench.finds(
        port(second, RAK, "R1", "1-1.2:1.2"), port("/dev/ttyACM2", RAK, "R1", "1-1.2:1.0")
    )
    assert found == "/dev/ttyACM2"


def test_a_port_that_is_not_on_usb_is_known_by_its_name_alone(tmp_path: Path) -> None:
    name = tmp_path / "ttyAMA0"
    name.touch()
    bench = Bench(str(name), port(name, None)).node_was_on(str(name))
    assert bench.finds() == bench.finds(port(ON_USB0)) == str(name)


def test_a_lasting_name_in_the_settings_is_followed_to_its_device(tmp_path: Path) -> None:
    usb0, usb1, lasting = tmp_path / "ttyUSB0", tmp_path / "ttyUSB1", tmp_path / "by-id"
    usb0.touch()
    lasting.symlink_to(usb0)
    bench = Bench(str(lasting), port(usb0)).node_was_on(str(lasting))
    usb0.unlink()
    usb1.touch()
    lasting.unlink()
    assert bench.finds(port(usb1)) == str(usb1)
    lasting.symlink_to(usb1)
    assert bench.finds(port(usb1)) == str(lasting)


# -- Without one -------------------------------------------------------------------------------


def test_of_several_ports_the_one_used_before_is_taken() -> None:
    bench = Bench(None, port(ON_USB0))
    assert bench.finds(port(ON_USB0)) is None
    bench.node_was_on(ON_USB0)
    assert bench.finds(port(ON_USB1), port(ON_USB0, RAK, "R1")) == ON_USB1


def test_a_device_without_a_number_may_be_plugged_in_elsewhere() -> None:
    bench = Bench(None, port(ON_USB0, CH340, None)).node_was_on(ON_USB0)
    assert bench.finds(port(ON_USB1, CH340, None, "1-1.4"), port(ON_USB0, RAK)) == ON_USB1


def test_while_the_device_is_away_no_other_is_taken() -> None:
    bench = Bench(None, port(ON_USB0)).node_was_on(ON_USB0)
    twins = [port(f"/dev/ttyUSB{n}", number="0001", location=f"1-{n}") for n in (1, 2)]
    for others in ([], [port(ON_USB0, RAK)], twins):
        error = bench.refuses(*others)
        assert (error.cause, error.detail) == (Cause.PORT_ABSENT, ON_USB0)


def test_the_ports_of_a_machine_are_told_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own list of likely makers, on ports as pyserial lists them."""
    ports: list[ListPortInfo] = []
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    with pytest.raises(LinkError, match="no_port"):
        find_serial_port()
    ports.append(port("/dev/ttyS0", None))
    with pytest.raises(LinkError, match="no_port"):
        find_serial_port()
    ports.append(port(ON_USB0))
    assert find_serial_port() == ON_USB0
    ports.append(port("/dev/ttyACM0", RAK))
    assert find_serial_port() == "/dev/ttyACM0", "of a maker of nodes"
    ports.append(port("/dev/ttyACM1", RAK))
    with pytest.raises(LinkError, match="/dev/ttyACM0, /dev/ttyACM1"):
        find_serial_port()


def test_where_there_are_several_the_names_to_choose_from_are_those_that_last(
    machine: "Machine", start_bot: BotFactory, journal: Journal
) -> None:
    (machine.folder / "by-id").mkdir()
    for name in ("ttyUSB0", "ttyUSB1"):
        (machine.folder / "by-id" / f"usb-{name}").symlink_to(f"../{name}")
        machine.plug(name, name)
    start_bot(environment={"MESHBOT_CONNECTION_MODE": "serial"})
    folder = machine.folder / "by-id"
    line = journal.wait_for("plusieurs ports série")
    assert f"({folder}/usb-ttyUSB0, {folder}/usb-ttyUSB1), régler SERIAL_PORT" in line


def test_a_port_pulled_while_ports_are_listed_is_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyserial 3.5 reads its vendor from a file that is gone: ``int(None, 16)``."""

    def pulled() -> list[ListPortInfo]:
        raise TypeError("int() can't convert non-string with explicit base")

    monkeypatch.setattr(list_ports, "comports", pulled)
    assert present_ports() == []
    with pytest.raises(LinkError, match="no_port"):
        find_serial_port()


def test_names_that_last_are_found_by_what_they_point_to(tmp_path: Path) -> None:
    target, folder = tmp_path / "ttyUSB1", tmp_path / "by-id"
    target.touch()
    assert lasting_name(str(target), folder) == ""
    folder.mkdir()
    (folder / "usb-other").symlink_to(tmp_path / "ttyUSB0")
    assert lasting_name(str(target), folder) == ""
    (folder / "usb-node").symlink_to("../ttyUSB1")
    assert lasting_name(str(target), folder) == str(folder / "usb-node")


def test_a_device_is_named_for_people_and_cannot_forge_a_line() -> None:
    device = UsbDevice(0x10C4, 0xEA60, "A17", "1-1", "", "CP2102\nReconnexion TCP")
    assert str(device).endswith("n° A17")
    assert "\n" not in str(device) and "Reconnexion TCP" not in str(device)
    assert str(UsbDevice(0x1A86, 0x7523, "", "1-1", "")) == "USB 1a86:7523"


# -- In the bot --------------------------------------------------------------------------------


class Machine:
    """A machine's ports: names in a folder, and cables behind them."""

    def __init__(self, folder: Path, node: SimulatedNode) -> None:
        self.folder = folder
        self._node = node
        self._cables: dict[str, Cable] = {}
        self.ports: list[ListPortInfo] = []

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def plug(self, name: str, number: str) -> Cable:
        cable = self._cables[name] = Cable(self._node)
        (self.folder / name).symlink_to(cable.path)
        self.ports = [*self.ports, port(self.folder / name, number=number)]
        return cable

    def pull(self, name: str) -> None:
        self.ports = [info for info in self.ports if info.device != self.path(name)]
        (self.folder / name).unlink()
        self._cables.pop(name).unplug()

    def pull_all(self) -> None:
        for name in list(self._cables):
            self.pull(name)


@pytest.fixture
def machine(
    tmp_path: Path, node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    folder = tmp_path / "dev"
    folder.mkdir()
    bench = Machine(folder, node)
    monkeypatch.setattr(list_ports, "comports", lambda: bench.ports)
    monkeypatch.setattr(serial_port_finder, "BY_ID", folder / "by-id")
    yield bench
    bench.pull_all()


def answers(node: SimulatedNode) -> bool:
    before = node.read(lambda n: len(n.texts_on_air))
    node.hear_text(node.peers[before], "/ping")
    return node.wait_until(lambda n: len(n.texts_on_air) > before, WAIT_S)


@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_a_node_that_comes_back_under_another_name_is_found(
    named: bool, machine: Machine, node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    usb0, usb1 = machine.path("ttyUSB0"), machine.path("ttyUSB1")
    machine.plug("ttyUSB0", "A17")
    settings = {"MESHBOT_CONNECTION_MODE": "serial"}
    start_bot(environment={**settings, "MESHBOT_SERIAL_PORT": usb0} if named else settings)
    journal.wait_for("✅ Connexion série établie")
    machine.pull("ttyUSB0")
    other = machine.plug("ttyUSB0", "GPS")
    refused = "d'un autre appareil" if named else f"{usb0} absent"
    journal.wait_for(refused)
    node_again = machine.plug("ttyUSB1", "A17")
    journal.wait_for("✅ Reconnexion série réussie (background)")
    assert f"(USB bridge n° A17) est passé de {usb0} à {usb1}" in journal.wait_for("est passé")
    assert answers(node)
    assert node_again.frames and not other.frames, "the other device was left alone"
    machine.pull("ttyUSB1")
    machine.plug("ttyUSB1", "A17")
    journal.wait_for("✅ Reconnexion série réussie (background)", times=2)
    assert journal.count("est passé de") == 1, "said once"


def test_the_line_names_what_to_write_into_the_settings(
    machine: Machine,
    start_bot: BotFactory,
    journal: Journal,
) -> None:
    machine.plug("ttyUSB0", "A17")
    start_bot(
        environment={
            "MESHBOT_CONNECTION_MODE": "serial",
            "MESHBOT_SERIAL_PORT": machine.path("ttyUSB0"),
        }
    )
    journal.wait_for("✅ Connexion série établie")
    machine.pull("ttyUSB0")
    (machine.folder / "by-id").mkdir()
    lasting = machine.folder / "by-id" / "usb-bridge_A17-if00"
    lasting.symlink_to("../ttyUSB1")
    machine.plug("ttyUSB1", "A17")
    line = journal.wait_for("est passé de")
    assert line.endswith(f"; SERIAL_PORT={lasting} le suit toujours")
