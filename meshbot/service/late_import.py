"""Puts off loading a module that is imported early and used seldom. Light to import.

The library (meshtastic 2.7.11) imports requests, with all that this brings about, for one function:
the look for a newer version of itself, which only its own command line takes. That was a quarter of
the bot's start and 7 MB. ``importlib.util.LazyLoader``, as put here, leaves the module what it is:
whoever uses it has it loaded by that.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader, find_spec
from types import ModuleType


def load_late(name: str) -> None:
    """Have the module ``name``, at its first import, not loaded before it is used.

    A second import counts as a use in Python 3.11. A module that is imported already stays.
    """
    if name not in sys.modules:
        sys.meta_path.insert(0, _LateFinder(name))


class _LateFinder(MetaPathFinder):
    """Finds one module, once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec
