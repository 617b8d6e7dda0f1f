"""Run a simulated node: ``python -m meshbot.simulation --port 4403``."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from meshbot.simulation.simulated_node import REAL_SEND_DELAY_S, SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from meshbot.text.language import FRENCH, LANGUAGES, speak, tr
from meshbot.threads.termination import Termination


def main(argv: Sequence[str] | None = None) -> int:
    """Run a simulated node until SIGINT or SIGTERM; return the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m meshbot.simulation", description="A simulated node."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=4403, help="TCP port (0: any)")
    parser.add_argument("--nodes", type=int, default=12, help="other nodes on the mesh")
    parser.add_argument("--firmware", default="2.7.11", help="version to behave as")
    parser.add_argument("--quiet-mesh", action="store_true", help="no traffic")
    parser.add_argument("--demo", action="store_true", help="people ask things, one crash")
    parser.add_argument(
        "--native", action="store_true", help="as built for Linux, with what goes on the air"
    )
    options = parser.parse_args(argv)
    wanted = os.environ.get("MESHBOT_LANGUAGE", FRENCH)
    speak(wanted if wanted in LANGUAGES else FRENCH)
    if not 0 <= options.port <= 65535:
        parser.error(f"--port {options.port} is not a TCP port")
    if options.nodes < 0:
        parser.error(f"--nodes {options.nodes} is less than none")
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s [%(levelname)s] %(message)s",
        datefmt="%H:%M:%S",
    )
    try:
        node = SimulatedNode(
            host=options.host,
            port=options.port,
            peers=options.nodes,
            firmware=options.firmware,
            traits=SimulatedTraits(
                platform="native" if options.native else "esp32", long_name=tr("Noeud simulé")
            ),
        )
        node.send_delay_s = REAL_SEND_DELAY_S
    except ValueError as error:
        parser.error(str(error))
    try:
        with Termination() as termination, node:
            sys.stdout.write(
                tr(
                    "📻 Nœud simulé {long_name} (!{num:08x}), firmware {firmware}, "
                    "{peers} voisins, à l'écoute sur {host}:{port}\n",
                    long_name=node.long_name,
                    num=node.num,
                    firmware=node.firmware,
                    peers=len(node.peers),
                    host=node.host,
                    port=node.port,
                )
            )
            sys.stdout.flush()
            if options.demo:
                node.start_demo()
            elif not options.quiet_mesh:
                node.start_traffic()
            termination.wait()
    except OSError as error:
        sys.stderr.write(f"simulated_node: {error.strerror or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
