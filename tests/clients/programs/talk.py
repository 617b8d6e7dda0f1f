"""How the programs of this folder talk to who started them: one JSON object a line.

They say what their client saw: ``connected`` (own, nodes), ``heard`` (text), ``lost`` (why),
``said`` (text) and ``problem`` (text). They are told ``{"say": "a text"}``, and to end by the end
of their input. Each runs in its client's own environment, where nothing of this project is
installed.
"""

import json
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()


def tell(event: str, **fields: object) -> None:
    """Tell of something; from any thread."""
    with _lock:
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


def texts_to_say() -> Iterator[str]:
    """Yield the texts to send, until the program is to end."""
    for line in sys.stdin:
        yield text_of(line)


def text_of(line: str) -> str:
    """Return the text that a line of the input asks for."""
    return str(json.loads(line)["say"])


def address() -> tuple[str, int]:
    """Return where the node is: host and port, the first arguments."""
    return sys.argv[1], int(sys.argv[2])
