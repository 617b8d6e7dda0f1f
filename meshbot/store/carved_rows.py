"""Rows found page by page, without the tree and the schema that lead to them.

What leads to a row in a SQLite file may be damaged while the row is not: a few bytes of the first
page make the whole file unreadable. The format of pages and records is documented
(https://www.sqlite.org/fileformat2.html, 1.6 and 2.1). A row's checksum is the proof that what was
taken for one is one, so nothing else needs to be believed, not even which table a page belongs to.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from meshbot.store import schema
from meshbot.store.file_access import LOG, beside
from meshbot.store.storage_error import READ_ERRORS
from meshbot.store.stored_table import StoredTable

PAGE_BYTES = 4_096
"""SQLite's own choice since 2016, which this program never changed."""
LEAF, INTERIOR = 0x0A, 0x02
"""What the first byte of a page says: rows of a table without row ids are on both kinds."""
_WAL_HEAD_BYTES, _FRAME_HEAD_BYTES = 32, 24
_WHOLE_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FIRST_CELL = {LEAF: 8, INTERIOR: 12}


def carved_rows(path: Path, table: StoredTable) -> Iterator[dict[str, object]]:
    """Yield the rows of both meshes in a file and in the log beside it, the log's latest first.

    Only of tables without row ids. Pages that are not in use any more may still hold rows, so a
    row may be of the past, and come in several states. Raises nothing that the file causes.
    """
    log_path = beside(path, LOG)
    frame_bytes = _FRAME_HEAD_BYTES + PAGE_BYTES
    for page in _pages(log_path, _WAL_HEAD_BYTES + _FRAME_HEAD_BYTES, frame_bytes, backwards=True):
        yield from _rows_on(page, table)
    for page in _pages(path, 0, PAGE_BYTES):
        yield from _rows_on(page, table)


def _pages(path: Path, first: int, step: int, *, backwards: bool = False) -> Iterator[bytes]:
    """Yield the pages that can be read, of a regular file."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            offsets = range(first, os.fstat(file.fileno()).st_size, step)
            for offset in reversed(offsets) if backwards else offsets:
                try:
                    page = os.pread(file.fileno(), PAGE_BYTES, offset)
                except OSError:
                    continue  # the card no longer gives it back
                if page and page[0] in _FIRST_CELL:
                    yield page
    except OSError:
        return


def _rows_on(page: bytes, table: StoredTable) -> Iterator[dict[str, object]]:
    first_cell, layouts = _FIRST_CELL[page[0]], _layouts(table)
    longest = max(layouts)
    for number in range(int.from_bytes(page[3:5], "big")):
        place = first_cell + 2 * number
        cell = int.from_bytes(page[place : place + 2], "big")
        if place + 2 > len(page):
            return
        if page[0] == INTERIOR:
            cell += 4  # the page below comes first
        row = _row_at(page, cell, longest)
        columns = layouts.get(len(row)) if row is not None else None
        if row is not None and columns is not None and table.is_as_written(row):
            yield dict(zip(columns, row, strict=True))


def _layouts(table: StoredTable) -> dict[int, tuple[str, ...]]:
    """Return the columns of a table by their number, in every version that has checksums."""
    every = (version.tables.get(table.name, ()) for version in schema.VERSIONS)
    return {len(columns): columns for columns in every if columns[-1:] == ("checksum",)}


def _row_at(page: bytes, offset: int, longest: int) -> list[object] | None:
    """Return the values of a record, None if there is none, or one with more than so many."""
    try:
        size, offset = _varint(page, offset)
        head_bytes, place = _varint(page, offset)
        kinds: list[int] = []
        while place < offset + head_bytes and len(kinds) <= longest:
            kind, place = _varint(page, place)
            kinds.append(kind)
        if len(kinds) > longest or offset + size > len(page):
            return None
        values: list[object] = []
        for kind in kinds:
            value, place = _value(page, place, kind)
            values.append(value)
        return values
    except (IndexError, struct.error, *READ_ERRORS):
        return None


def _varint(page: bytes, offset: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where the next one begins."""
    number = 0
    for _ in range(8):
        byte = page[offset]
        offset += 1
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, offset
    return number << 8 | page[offset], offset + 1


def _value(page: bytes, offset: int, kind: int) -> tuple[object, int]:
    """Return a value by its serial type, and where the next one begins."""
    if kind == 0:
        return None, offset
    if kind in (8, 9):
        return kind - 8, offset
    if kind == 7:
        return struct.unpack_from(">d", page, offset)[0], offset + 8
    size = _WHOLE_BYTES[kind] if kind in _WHOLE_BYTES else (kind - 12) // 2
    data = page[offset : offset + size]
    if size < 0 or len(data) != size:
        raise IndexError
    if kind in _WHOLE_BYTES:
        return int.from_bytes(data, "big", signed=True), offset + size
    return (data.decode() if kind % 2 else data), offset + size
