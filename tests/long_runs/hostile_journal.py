"""A mesh of which everybody tries to write the bot's journal.

``python tests/long_runs/hostile_journal.py --examples 20000 --seed 7``

Names and texts made of pieces of the bot's own lines go the way they would: a real bot on a
simulated node hears them, and what else makes lines of them is called itself. Then the journal is
read back in every layout of ``journalctl``: no event may be in it but the true ones, and no search
of the documents may find more than without the strangers.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from meshtastic.protobuf import localonly_pb2, mesh_pb2

from main_bot import MeshBot
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.key_lines import KeyLines
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.messages.node_notices import NodeNotices
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind
from meshbot.service.node_introduction import NodeIntroduction
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.support.hostile_check import check_searches, kinds_of
from tests.support.hostile_text import hostile_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import QUICK_CONSTANTS

BATCH = 100
"""Examples to one bot."""
K = EventKind
ONCE = (K.STARTED, K.CONNECTED, K.STOPPED, K.NODE)
OFTEN = (K.SYNC_STARTED, K.SYNC_COMPLETE)
CONSTANTS = {**QUICK_CONSTANTS, "TEXT_INTERVAL": 0.01, "FLOOD_BURST": 1_000}
OLD_LINES = (
    "⚠️ {} (!0000000a) annonce une clé inutilisable : ignorée",
    "⚠️ {} (!0000000a) annonce la clé AQEBAQEBAQEB, qui est celle de Bob (!0000000b) : ignorée",
    "⚠️ {} (!0000000a) annonce une autre clé publique, AQEB, que celle connue, AgIC : ignorée",
    *("📩 {} (!0000000a) : /ping", "🐢 {} (!0000000a) envoie trop de commandes : ralenti"),
    *("💬 Envoyé à {} (!0000000a) : pong", "⚠️ Réponse à {} (!0000000a) non remise : x"),
    *("🔑 Clé publique de {} (!0000000a) apprise et enregistrée", "📟 Le nœud signale : {}"),
)
"""What version 0.1.0 wrote: names as they were, but for three words."""


class HostileMesh:
    """One node, one bot, many strangers."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self._rng = rng
        self._folder = folder
        self._journal = Journal()

    def play(self, examples: int) -> None:
        """Have so many strangers speak. Raises ``AssertionError``."""
        peers = [
            replace(peer, long_name=hostile_text(self._rng), short_name="Eve")
            for peer in make_peers(examples + 1, self._rng.randrange(10**6))
        ]
        traits = SimulatedTraits(long_name=hostile_text(self._rng))
        node = SimulatedNode(peers=peers, text_spacing_s=0.0, traits=traits)
        with self._journal.attached(), node:
            self._speak(node, peers)
        messages = self._journal.messages
        assert sum("📩" in line for line in messages) > examples / 2, "they were heard"
        check_journal(messages)

    def _speak(self, node: SimulatedNode, peers: Sequence[SimulatedPeer]) -> None:
        bot = self._bot(node)
        bot.start()
        try:
            self._journal.wait_for("SYNC COMPLETE")
            for peer in peers[1:]:
                node.hear_node_info(peer, long_name=hostile_text(self._rng))
                node.hear_node_info(peer, public_key=self._rng.randbytes(32))
                node.hear_text(peer, "/" + hostile_text(self._rng))
                node.hear_text(peer, self._rng.choice(("/tcp reconnect", "/sys", "/nodes", "/id")))
                node.notify(hostile_text(self._rng))
            _wait_for_the_end(node, peers[0])
        finally:
            bot.stop()

    def _bot(self, node: SimulatedNode) -> MeshBot:
        environment = {
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(node.port),
            "MESHBOT_DATABASE_PATH": str(self._folder / f"{self._rng.random()}.db"),
        }
        bot: MeshBot = type("HostedBot", (MeshBot,), CONSTANTS)(environment=environment)
        return bot


def _wait_for_the_end(node: SimulatedNode, peer: SimulatedPeer) -> None:
    """Wait until somebody who speaks last is answered; while replies wait, nobody is."""
    for _ in range(int(WAIT_S)):
        node.hear_text(peer, "/ping")
        if node.wait_until(lambda n: any(text.to == peer.num for text in n.texts_on_air), 1.0):
            return
    raise AssertionError("the bot does not answer any more")


def check_journal(messages: Sequence[str]) -> None:
    """Fail if anything but the bot's own life stands in its journal."""
    kinds = kinds_of(messages)
    assert [kinds[kind] for kind in ONCE] == [1] * len(ONCE), kinds
    completed = sum(line.startswith("✅ SYNC COMPLETE: ") for line in messages)
    assert kinds[K.SYNC_COMPLETE] == completed
    assert set(kinds) <= {*ONCE, *OFTEN}, kinds
    check_searches(messages)


def lines_about(rng: random.Random, journal: Journal) -> list[str]:
    """Return the lines that a bot makes of hostile names, other than those about its node."""
    node = KnownNode(0x0A, hostile_text(rng), "E", public_key=b"a" * 32)
    holder = KnownNode(0x0B, hostile_text(rng), "B", public_key=b"b" * 32)
    lines = [
        KeyLines().due(KeyNews(node, b"c" * 32, outcome, b"a" * 32, holder))
        for outcome in KeyOutcome
    ]
    journal.forget()
    session = cast("SupervisedInterface", SimpleNamespace(mute_until_s=0.0))
    for notification in _notifications(rng):
        NodeNotices().hear(session, mesh_pb2.FromRadio(clientNotification=notification))
    status = mesh_pb2.LockdownStatus(lock_reason=_text(rng))
    status.state = mesh_pb2.LockdownStatus.State.LOCKED
    NodeNotices().hear(session, mesh_pb2.FromRadio(lockdown_status=status))
    return [line for line in lines if line is not None] + journal.messages


def lines_of_node(rng: random.Random, journal: Journal) -> list[str]:
    """Return the lines about a node whose name and version are hostile."""
    journal.forget()
    node = SimpleNamespace(
        myInfo=mesh_pb2.MyNodeInfo(my_node_num=0xA1B2C3D4, reboot_count=41, min_app_version=30200),
        metadata=mesh_pb2.DeviceMetadata(firmware_version=_text(rng)),
        localNode=SimpleNamespace(localConfig=localonly_pb2.LocalConfig()),
        own_num=0xA1B2C3D4,
        own_name=hostile_text(rng),
        own_user=mesh_pb2.User(long_name="x"),
        own_public_key=b"p" * 32,
        own_private_key=b"k" * 32,
        gives_private_key=True,
        is_managed=False,
        sends_by_udp=False,
    )
    NodeIntroduction().tell(cast("SupervisedInterface", node))
    return journal.messages


def _notifications(rng: random.Random) -> Iterator[mesh_pb2.ClientNotification]:
    notification = mesh_pb2.ClientNotification
    yield notification(message=_text(rng))
    yield notification(message=f"Remote device {_text(rng)} has advertised your public key")
    inform = mesh_pb2.KeyVerificationNumberInform(remote_longname=_text(rng))
    yield notification(message="x", key_verification_number_inform=inform)


def _text(rng: random.Random) -> str:
    return hostile_text(rng).encode("utf-8", "ignore").decode("utf-8")


def check_made_lines(rng: random.Random, journal: Journal) -> None:
    """Fail if one hostile example makes an event, or is found by a search."""
    about = lines_about(rng, journal)
    of_node = lines_of_node(rng, journal)
    assert len(about) > 8 and len(of_node) == 2
    check_searches([*about, *of_node])
    kinds = kinds_of([*about, *of_node])
    assert kinds == Counter({K.NODE: 1}), (kinds, about, of_node)
    name = " ".join(hostile_text(rng).split())
    old = [line.format(name) for line in OLD_LINES if "reconnexion" not in name.lower()]
    assert not kinds_of(old), (kinds_of(old), name)


def main() -> int:
    """Play as many examples as asked; 1 if one of them got through."""
    parser = argparse.ArgumentParser(description="hostile names and texts against the journal")
    parser.add_argument("--examples", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    what = f"hostile journal: {options.examples} examples, seed {options.seed}"
    try:
        with Journal().attached() as journal:
            for _ in range(options.examples):
                check_made_lines(rng, journal)
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(max(options.examples // (10 * BATCH), 1)):
                HostileMesh(rng, Path(folder)).play(BATCH)
    except AssertionError as failure:
        sys.stdout.write(f"{what}: FAILED, {failure}\n")
        return 1
    sys.stdout.write(f"{what}: no event, no search fooled\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
