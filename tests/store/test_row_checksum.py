"""The checksum of a row: the same for what SQLite gives back, another after each single error."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.store.row_checksum import checksum_of

ROW = (0, 0xFFFFFFFE, "Été", "", b"k" * 32, None, -12.25, 2**40, -3)

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


def test_it_stays_what_it_is_for_good() -> None:
    """Else each row of the databases that are out there would count as spoilt."""
    assert checksum_of(ROW) == 0x1E0FCA39
    assert checksum_of(()) == 0


@given(st.lists(values, min_size=1, max_size=5))
def test_what_sqlite_gives_back_has_the_checksum_of_what_was_written(row: list[object]) -> None:
    names = ", ".join(f"c{number}" for number in range(len(row)))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({names})")
        connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
        (read,) = connection.execute("SELECT * FROM t").fetchall()
    assert checksum_of(read) == checksum_of(row)


@pytest.mark.parametrize("column, written", [("INTEGER", 3.0), ("REAL", 3), ("REAL", -0.0)])
def test_what_a_column_makes_of_a_number_makes_no_difference(column: str, written: float) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (x {column})")
        connection.execute("INSERT INTO t VALUES (?)", (written,))
        (read,) = connection.execute("SELECT x FROM t").fetchall()
    assert checksum_of(read) == checksum_of((written,))


@given(st.data())
def test_each_flipped_bit_of_a_key_shows(data: st.DataObject) -> None:
    key = data.draw(st.binary(min_size=32, max_size=32))
    bit = data.draw(st.integers(0, 255))
    other = (int.from_bytes(key, "big") ^ (1 << bit)).to_bytes(32, "big")
    assert checksum_of((1, key, "name")) != checksum_of((1, other, "name"))


def test_where_one_value_ends_and_the_next_begins_shows() -> None:
    rows = [("ab", "c"), ("a", "bc"), ("abc", ""), ("abc",), (b"ab", b"c"), (None, "abc"), (12, 3)]
    assert len({checksum_of(row) for row in rows}) == len(rows)
    assert checksum_of((1, 23)) != checksum_of((12, 3))
    assert checksum_of(("1",)) != checksum_of((1,)) != checksum_of((b"1",))


def test_what_no_column_can_hold_is_an_error() -> None:
    with pytest.raises(TypeError):
        checksum_of((object(),))
