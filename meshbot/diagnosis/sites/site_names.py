"""What the sites of several files are called. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePath

from meshbot.text.language import tr

STANDARD_INPUT = "-"
MAX_NAME_CHARS = 40

_WAYS: tuple[Callable[[PurePath], str], ...] = (
    lambda path: path.stem,
    lambda path: path.parent.name,
    str,
)


def site_names(files: Sequence[str]) -> list[str]:
    """Return a name for each file, no two alike: its own, its folder's, or all of its path.

    A folder counts where files share a name, as ``attic/meshbot.db`` and ``garden/meshbot.db`` do.
    """
    names = [_name(file, 0) for file in files]
    for way in range(1, len(_WAYS)):
        often = Counter(names)
        names = [
            _name(file, way) if often[name] > 1 else name
            for file, name in zip(files, names, strict=True)
        ]
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[place] = f"{name} ({seen[name]})"
    return names


def _name(file: str, way: int) -> str:
    if file == STANDARD_INPUT:
        return tr("entrée standard")
    path = PurePath(file)
    return _end_of(_readable(_WAYS[way](path)) or _readable(str(path)))


def _readable(name: str) -> str:
    """Return a name in one line; its words are the operator's, and stay whole."""
    return "".join(char if char.isprintable() else " " for char in name[-1_000:])


def _end_of(name: str) -> str:
    """Return a name, or the end of a long one: that is what tells paths apart."""
    return name if len(name) <= MAX_NAME_CHARS else "…" + name[1 - MAX_NAME_CHARS :]
