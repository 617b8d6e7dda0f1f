"""Compiles a catalogue at set-up: ``python -m meshbot.text.compile_catalogue en.po en.mo``."""

import sys
from pathlib import Path

from meshbot.text.language import compiled_catalogue

if __name__ == "__main__":
    source, compiled = map(Path, sys.argv[1:])
    compiled.write_bytes(compiled_catalogue(source))
