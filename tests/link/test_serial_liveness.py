"""A node that is dead, boots or has lost a session behind a serial port that stays."""

import termios
import threading
from collections.abc import Iterator

import pytest
import serial
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import START1, START2, encode_frame
from meshbot.link.mesh_serial_interface import ASK_AGAIN_S, ASKS_AGAIN, MeshSerialInterface
from meshbot.link.session_options import SessionOptions
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.cable import DEBUG_LOG, HELLO, ROM_LOG, Cable, FirmwareReader
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory
from tests.support.session_events import Events

pytestmark = pytest.mark.slow

SESSION = SessionOptions(connect_timeout_s=1.0, queue_wait_s=1.0)
SILENCE = {"TCP_SILENT_TIMEOUT": 1.8, "TCP_PROBE_TIMEOUT": 0.3, "TCP_HEARTBEAT_INTERVAL": 0.2}
"""A wire is given half of the silence."""


@pytest.fixture
def cable(node: SimulatedNode) -> Iterator[Cable]:
    plugged = Cable(node)
    yield plugged
    plugged.unplug()


@pytest.fixture
def events() -> Events:
    return Events()


def serial_settings(path: str) -> dict[str, str]:
    return {"MESHBOT_CONNECTION_MODE": "serial", "MESHBOT_SERIAL_PORT": path}


def asks_for_configuration(message: mesh_pb2.ToRadio) -> bool:
    return message.HasField("want_config_id")


def asks_for_metadata(message: mesh_pb2.ToRadio) -> bool:
    decoded = message.packet.decoded
    if decoded.portnum != portnums_pb2.PortNum.ADMIN_APP:
        return False
    return admin_pb2.AdminMessage.FromString(decoded.payload).get_device_metadata_request


# -- In the bot --------------------------------------------------------------------------------


@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.26"])
def test_a_quiet_wire_is_asked_and_found_alive(
    firmware: str, start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware=firmware) as node:
        plugged = Cable(node)
        try:
            start_bot(environment=serial_settings(plugged.path), **SILENCE)
            journal.wait_for("✅ Connexion série établie")
            assert plugged.wait_for(asks_for_metadata, times=12), "more than the longest silence"
            assert journal.count("SILENCE") == journal.count("reconnexion") == 0
        finally:
            plugged.unplug()


def test_a_chip_that_dies_behind_its_port_is_noticed_and_found_again(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(environment=serial_settings(cable.path), TCP_HANDSHAKE_TIMEOUT=4.8, **SILENCE)
    journal.wait_for("✅ Connexion série établie")
    cable.die()
    line = journal.wait_for("⚠️ SILENCE série: ")
    assert line.endswith("(max: 0.9s)")
    assert f"port série {cable.path} muet" in journal.wait_for("muet")
    assert journal.count("SILENCE série") == 1, "it is not declared twice"
    cable.come_up()
    journal.wait_for("✅ Reconnexion série réussie (background)")
    node.hear_text(node.peers[0], "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)
    assert journal.count("SILENCE TCP") == journal.count("Reconnexion TCP") == 0


def test_a_restart_whose_hello_is_garbled_is_noticed_though_heartbeats_are_answered(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(environment=serial_settings(cable.path), **SILENCE)
    journal.wait_for("✅ Connexion série établie")
    cable.boot(ROM_LOG, HELLO[1:-1], DEBUG_LOG)
    journal.wait_for("⚠️ SILENCE série: ")
    journal.wait_for("✅ Reconnexion série réussie (background)")
    node.hear_text(node.peers[0], "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)


def test_a_restart_in_the_middle_is_told_by_the_node_and_outlived(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(environment=serial_settings(cable.path), TCP_HANDSHAKE_TIMEOUT=1.2)
    journal.wait_for("✅ Connexion série établie")
    cable.boot(ROM_LOG, HELLO, DEBUG_LOG, hears=False)
    assert "le nœud annonce qu'il a redémarré" in journal.wait_for("🔌 Liaison série perdue")
    assert cable.heard.acquire(timeout=WAIT_S)  # it is asked while it loads, in vain
    cable.come_up()
    journal.wait_for("✅ Reconnexion série réussie (background)")
    node.hear_text(node.peers[0], "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)


# -- One session -------------------------------------------------------------------------------


class Session:
    """A session that is closed at the end."""

    def __init__(
        self, events: Events, path: str, options: SessionOptions = SESSION, ask_again_s: float = 5.0
    ) -> None:
        self.interface = MeshSerialInterface(events, path, options, ask_again_s=ask_again_s)

    def __enter__(self) -> MeshSerialInterface:
        self.interface.open(threading.Event())
        return self.interface

    def __exit__(self, *_: object) -> None:
        self.interface.close()


def test_a_node_that_still_boots_is_asked_again(cable: Cable, events: Events) -> None:
    cable.boot(ROM_LOG, DEBUG_LOG, hears=False)
    with Session(events, cable.path, ask_again_s=0.3) as interface:
        assert cable.heard.acquire(timeout=WAIT_S)
        cable.come_up()
        assert events.ready.get(timeout=WAIT_S) is interface
        assert events.lost.empty()


def test_text_from_a_node_that_loads_does_not_keep_it_from_being_asked_again(
    cable: Cable, events: Events
) -> None:
    cable.boot(ROM_LOG, hears=False)
    talking = threading.Event()

    def talk() -> None:
        while not talking.wait(0.02):
            cable.say(DEBUG_LOG)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        with Session(events, cable.path, ask_again_s=0.3):
            assert cable.heard.acquire(timeout=WAIT_S)
            cable.come_up()
            events.ready.get(timeout=WAIT_S)
    finally:
        talking.set()
        talker.join(WAIT_S)


def test_half_a_frame_left_in_the_node_costs_one_question_more(
    cable: Cable, events: Events
) -> None:
    """As after a bot that was killed in the middle of a write."""
    cable.put_half_a_frame_into_the_chip()
    with Session(events, cable.path, ask_again_s=0.3):
        events.ready.get(timeout=WAIT_S)
    assert events.lost.empty()


def test_a_node_left_in_the_middle_of_its_configuration_is_told(
    node: SimulatedNode, cable: Cable, events: Events
) -> None:
    """A wire does not tell it: it would believe the session to go on for 15 minutes."""
    node.frame_interval_s = 0.2
    with Session(events, cable.path):
        assert node.wait_until(lambda n: n.frames_sent_this_connection >= 2, WAIT_S)
    assert cable.wait_for(lambda message: message.disconnect)
    assert events.ready.empty()


def test_a_node_that_reads_only_after_the_question_was_repeated_is_understood(
    cable: Cable, events: Events
) -> None:
    """An ESP32-S3 that leaves everything for 20 s (firmware#11864): its buffer has the first."""
    cable.hold_back()
    with Session(events, cable.path, ask_again_s=0.3) as interface:
        for _ in range(3):
            assert cable.heard.acquire(timeout=WAIT_S)
        cable.let_go()
        assert events.ready.get(timeout=WAIT_S) is interface
        assert interface.own_num and not interface.misanswered
    assert events.lost.empty()


def test_a_node_that_pauses_for_long_is_not_made_to_begin_anew_for_ever(
    node: SimulatedNode, cable: Cable, events: Events
) -> None:
    """Pauses of 10 s are known (meshmonitor#5122), and the question is repeated after 5."""
    node.frame_interval_s = 0.2
    with Session(events, cable.path, ask_again_s=0.05) as interface:
        assert events.ready.get(timeout=WAIT_S) is interface


def test_20_s_are_not_long_enough_to_call_a_port_mute() -> None:
    assert (ASKS_AGAIN + 1) * ASK_AGAIN_S > 20.0 + 2.0


def test_a_port_from_which_not_one_frame_comes_is_called_mute(cable: Cable, events: Events) -> None:
    cable.die()
    cable.say(b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n")
    with Session(events, cable.path, ask_again_s=0.05):
        loss = events.lost.get(timeout=WAIT_S)
    assert (loss.cause, loss.detail) == (Cause.PORT_MUTE, cable.path)
    assert loss.cause.group is Cause.STALLED


def test_a_boot_log_between_two_frames_swallows_neither(cable: Cable, events: Events) -> None:
    """Half a frame, as a reset leaves it, the ROM's words, half a hello: then frames again."""
    packet = mesh_pb2.MeshPacket(to=1, id=1)
    setattr(packet, "from", 2)
    packet.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    packet.decoded.payload = b"x" * 180
    frame = encode_frame(mesh_pb2.FromRadio(packet=packet).SerializeToString())
    with Session(events, cable.path):
        events.ready.get(timeout=WAIT_S)
        for cut in (1, 2, 3, 4, 8):
            cable.say(frame[:cut] + ROM_LOG + HELLO[:3] + DEBUG_LOG + frame)
            # Enough behind it for the half frame's length to be seen to be wrong.
            cable.say(DEBUG_LOG * 8)
            assert events.packets.get(timeout=WAIT_S).decoded.payload == b"x" * 180
    assert events.lost.empty()


def test_a_node_that_takes_no_bytes_is_not_a_port_that_is_lost(
    cable: Cable, events: Events
) -> None:
    with Session(events, cable.path) as interface:
        events.ready.get(timeout=WAIT_S)
        cable.stop_reading()
        with pytest.raises(LinkError) as failure:
            interface._write_stream(b"\0" * 1_000_000, 0.1)
    assert failure.value.cause is Cause.NOT_READING


def test_what_the_node_did_not_take_does_not_hold_up_the_close(
    cable: Cable, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system waits for it, up to 30 s; a pseudo-terminal has no such wait, so it is told."""
    flushed = threading.Event()
    monkeypatch.setattr(serial.Serial, "out_waiting", property(lambda _: 60))
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda _: flushed.set())
    with Session(events, cable.path) as interface:
        assert events.ready.get(timeout=WAIT_S) is interface
        assert not flushed.is_set()
    assert flushed.is_set()


def test_a_goodbye_that_is_on_its_way_is_not_dropped(
    cable: Cable, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([60, 0])
    monkeypatch.setattr(serial.Serial, "out_waiting", property(lambda _: next(left)))
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda _: pytest.fail("dropped"))
    with Session(events, cable.path):
        events.ready.get(timeout=WAIT_S)
    assert cable.wait_for(lambda message: message.disconnect)


def test_the_line_stays_up_when_the_port_is_closed(cable: Cable, events: Events) -> None:
    """Many boards take its fall for a reset; native USB takes it for nobody being there."""
    with Session(events, cable.path) as interface:
        events.ready.get(timeout=WAIT_S)
        port = interface._port
        assert port is not None
        assert port.dtr and port.rts, "one without the other resets an ESP32"
        assert not (port.dsrdtr or port.rtscts)
        assert not cable.attributes()[2] & termios.HUPCL
    assert not cable.attributes()[2] & termios.HUPCL


def test_the_reader_of_the_chip_reads_as_the_firmware_does() -> None:
    reader = FirmwareReader()
    assert reader.feed(b"rubbish" + encode_frame(b"one") + b"\xc3" * 32 + encode_frame(b"")) == [
        b"one",
        b"",
    ]
    assert reader.feed(bytes((START1, START2, 2, 1)) + encode_frame(b"too long")) == [b"too long"]
    assert reader.feed(bytes((START1, START2, 0, 60)) + b"half") == []
    assert reader.feed(b"\xc3" * 32 + encode_frame(b"lost")) == [], "32 bytes are not enough"
    reader.feed(b"\xc3" * 512)
    assert reader.feed(encode_frame(b"two")) == [b"two"]
