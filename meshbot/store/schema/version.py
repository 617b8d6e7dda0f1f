"""What one version of the schema is."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Version(NamedTuple):
    """A version, and the way to it from the one before."""

    number: int
    """What ``PRAGMA user_version`` says of a file of this version."""
    name: str
    """What it brings; kept in the file's record of migrations."""
    statements: Iterable[str]
    """What makes it of the version before."""
    tables: Mapping[str, tuple[str, ...]]
    """Every table and its columns as they are then; by them a file is known for ours."""
