"""What every program under measurement does: read a line of JSON, do it, write a line of JSON."""

import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

Handlers = Mapping[str, Callable[..., dict[str, Any]]]


def serve(handlers: Handlers) -> None:
    """Answer commands until the input ends, or a SIGTERM comes.

    What a handler raises is answered as its error.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    output = sys.stdout
    sys.stdout = sys.stderr  # the stock library prints
    for line in sys.stdin:
        details = json.loads(line)
        try:
            answer = handlers[details.pop("command")](**details)
        except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
            answer = {"error": f"{type(error).__name__}: {error}"}
        output.write(json.dumps(answer) + "\n")
        output.flush()
