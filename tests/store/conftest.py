"""One file a test, and the nodes in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def storage(path: Path) -> Iterator[NodeStore]:
    opened = NodeStore(Database(path))
    opened.database.open()
    yield opened
    opened.database.close()
