"""A database that was damaged: what is readable comes back, and nothing is ever deleted."""

import random
import re
import sqlite3
from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store import schema
from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.repair import Repair
from meshbot.store.salvage import Salvage
from meshbot.store.schema.version import Version
from meshbot.store.storage_error import ForeignFile, StorageDamaged, StorageError
from node_manager import NodeManager
from tests.store.stored_mesh import nodes_in, other_keys_in, put
from tests.support.clock import Clock
from tests.support.damages import (
    DAMAGES,
    FIRST_NUM,
    NODES,
    PAGE,
    fill,
    key_of,
    make_nodes,
    overwrite,
    page_of,
)
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

STAMP = "20260101-120000"
NOW_S = 1_767_268_800.0  # 2026-01-01, noon


@pytest.fixture
def full(path: Path) -> Path:
    fill(path)
    return path


def nums_on(path: Path, page: int) -> set[int]:
    """Return the nodes whose rows stand on a page."""
    data = path.read_bytes()[page * PAGE : (page + 1) * PAGE]
    return {node.num for node in make_nodes() if key_of(node.num) in data}


def random_page(seed: int) -> bytes:
    return random.Random(seed).randbytes(PAGE)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def repaired(path: Path, *, thorough: bool = True) -> str:
    """Have a database repaired, and see to it that nothing was lost by that."""
    before = path.read_bytes()
    line = Repair(Database(path)).repair(STAMP, thorough=thorough)
    assert line is not None
    aside = path.with_name(f"bot.db.abimee-{STAMP}")
    assert aside.read_bytes() == before
    assert f"La base {path} était abîmée" in line
    assert aside.name in line
    return line


def nodes_in_file(path: Path) -> dict[int, KnownNode]:
    storage = NodeStore(Database(path))
    storage.database.open()
    try:
        return {node.num: node for node in storage.load_nodes()}
    finally:
        storage.database.close()


def assert_came_back(path: Path, line: str, expected: set[int]) -> None:
    """Fail unless exactly these nodes came back, as they were, in a sound file, and it is said."""
    found = nodes_in_file(path)
    assert set(found) == expected
    assert all(found[node.num] == node for node in make_nodes() if node.num in expected)
    assert line.endswith(f"avec {len(expected)} nœuds et {len(expected)} clés retrouvés")
    assert "\n" not in line
    assert Database(path).damage() == ""


ALL = {node.num for node in make_nodes()}


# -- What comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page_data", [bytes(PAGE), random_page(1), b"\xff" * PAGE], ids=["zeros", "random", "ones"]
)
def test_all_but_the_rows_of_one_damaged_page_come_back(full: Path, page_data: bytes) -> None:
    page = page_of(full, FIRST_NUM + NODES // 2)
    lost = nums_on(full, page)
    overwrite(full, page, page_data)
    line = repaired(full)
    assert_came_back(full, line, ALL - lost)
    assert 0 < len(lost) < 100


@pytest.mark.parametrize("page_data", [bytes(PAGE), random_page(2)], ids=["zeros", "random"])
def test_of_several_damaged_pages_what_stands_before_between_and_after_comes_back(
    full: Path, page_data: bytes
) -> None:
    pages = [page_of(full, FIRST_NUM + number) for number in (500, 2_500)]
    lost = set().union(*(nums_on(full, page) for page in pages))
    for page in pages:
        overwrite(full, page, page_data)
    assert_came_back(full, repaired(full), ALL - lost)


@pytest.mark.parametrize("num", [FIRST_NUM, FIRST_NUM + NODES - 1], ids=["first", "last"])
def test_a_damaged_page_at_either_end_costs_no_more_than_its_rows(full: Path, num: int) -> None:
    page = page_of(full, num)
    lost = nums_on(full, page)
    overwrite(full, page, bytes(PAGE))
    assert_came_back(full, repaired(full), ALL - lost)


def test_a_file_cut_in_half_gives_what_stands_in_its_first_half(full: Path) -> None:
    data = full.read_bytes()
    kept = data[: len(data) // 2]
    full.write_bytes(kept)
    line = repaired(full)
    found = set(nodes_in_file(full))
    whole_pages = kept[: len(kept) // PAGE * PAGE]
    assert found >= {num for num in ALL if key_of(num) in whole_pages}
    assert len(found) > NODES // 3
    assert_came_back(full, line, found)


@pytest.mark.parametrize("size", [100, PAGE, 3 * PAGE])
def test_without_what_leads_to_them_rows_are_found_on_their_pages(full: Path, size: int) -> None:
    lost = set().union(*(nums_on(full, page) for page in range(size // PAGE)))
    overwrite(full, 0, bytes(size))
    assert_came_back(full, repaired(full), ALL - lost)
    assert len(lost) < 100


def test_a_file_of_zeros_is_set_aside(path: Path) -> None:
    path.write_bytes(bytes(20_000))
    assert_came_back(path, repaired(path), set())


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.slow
def test_everything_that_was_backed_up_comes_back(full: Path, name: str) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    Backup(full).back_up()
    storage.database.close()
    DAMAGES[name](full)
    line = repaired(full)
    assert_came_back(full, line, ALL)
    storage = NodeStore(Database(full))
    storage.database.open()
    assert storage.load_other_keys() == [OtherKey(FIRST_NUM, b"o" * 32, offered_at=5)]
    storage.database.close()
    assert Backup(full).backup_age_s(0.0) is not None


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_noticed_without_looking_for_it(full: Path, name: str) -> None:
    """After an end in order, too: a card that rots does so while nobody writes."""
    DAMAGES[name](full)
    repaired(full, thorough=False)
    assert Database(full).damage() == ""


@pytest.mark.parametrize("swapped", [False, True], ids=["twice", "swapped"])
def test_a_page_in_the_place_of_another_is_damage_although_each_row_is_right(
    full: Path, swapped: bool
) -> None:
    Backup(full).back_up()
    pages = {number: page_of(full, FIRST_NUM + number) for number in (500, 2_000)}
    data = {number: full.read_bytes()[page * PAGE :][:PAGE] for number, page in pages.items()}
    overwrite(full, pages[2_000], data[500])
    if swapped:
        overwrite(full, pages[500], data[2_000])
    assert Database(full).damage()
    assert_came_back(full, repaired(full, thorough=False), ALL)


def test_what_was_learned_since_the_backup_is_saved_with_it(full: Path) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    Backup(full).back_up()
    late = KnownNode(7, "Tard", public_key=key_of(7))
    changed = KnownNode(FIRST_NUM, "Nouveau nom", public_key=key_of(FIRST_NUM))
    storage.save_nodes([late, changed])
    storage.database.close()
    page = page_of(full, FIRST_NUM + 1_500)
    overwrite(full, page, bytes(PAGE))
    repaired(full)
    found = nodes_in_file(full)
    assert set(found) == ALL | {7}
    assert found[7] == late
    assert found[FIRST_NUM].long_name == "Nouveau nom"


def test_a_damaged_backup_does_no_harm(full: Path) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    Backup(full).back_up()
    storage.database.close()
    copy = full.with_name("bot.db.copie")
    overwrite(copy, 0, random_page(4))
    page = page_of(full, FIRST_NUM + 1_500)
    lost = nums_on(full, page)
    overwrite(copy, page_of(copy, min(lost)), random_page(5))
    copy_before = copy.read_bytes()
    overwrite(full, page, bytes(PAGE))
    assert_came_back(full, repaired(full), ALL - lost)
    assert copy.read_bytes() == copy_before


def test_rows_that_make_no_sense_are_left_out(path: Path) -> None:
    fill(path, [KnownNode(5, "Bon", public_key=key_of(5)), KnownNode(6, "Sans clé")])
    with sqlite3.connect(path) as raw:
        columns = "simulated, num, long_name, short_name, hw_model, role, public_key, last_heard"
        row = (
            f"INSERT INTO nodes ({columns}, snr_db, hops) VALUES (0, ?, ?, '', '', '', ?, ?, ?, ?)"
        )
        for values in [
            (0, "zéro", b"", 0, None, None),
            (0xFFFFFFFF, "tous", b"", 0, None, None),
            (7, b"octets", b"", 0, None, None),
            (8, "clé courte", b"short", 0, None, None),
            (9, "clé nulle", bytes(32), 0, None, None),
            (10, "clé en texte", "x" * 32, 0, None, None),
            (11, "heure", b"", "hier", None, None),
            (12, "bruit", b"", 0, "fort", None),
            (13, "sauts", b"", 0, None, "deux"),
        ]:
            raw.execute(row, values)
    raw.close()
    found = Salvage(simulated=False)
    found.add_from(path)
    assert [node.long_name for node in found.nodes] == ["Bon", "Sans clé"]
    assert (found.keys, found.spoilt) == (1, 9)


@pytest.mark.parametrize("version", schema.VERSIONS, ids=lambda version: f"v{version.number}")
def test_of_a_file_of_any_version_every_node_and_key_is_salvaged(
    version: Version, path: Path
) -> None:
    put(version, path)
    for simulated in (False, True):
        found = Salvage(simulated=simulated)
        found.add_from(path)
        assert found.nodes == nodes_in(version.number, simulated=simulated)
        others = [other for others in found.other_keys.values() for other in others]
        assert others == other_keys_in(version.number, simulated=simulated)


@pytest.mark.parametrize("left", ["the file", "the copy"])
@pytest.mark.parametrize("version", schema.VERSIONS, ids=lambda version: f"v{version.number}")
def test_a_file_or_a_copy_of_any_version_comes_back(
    version: Version, left: str, path: Path
) -> None:
    """The file with a spoilt version number in its header; the copy when the file is lost."""
    put(version, path if left == "the file" else path.with_name("bot.db.copie"))
    if left == "the file":
        with path.open("r+b") as file:
            file.seek(60)  # where SQLite keeps user_version
            file.write(b"\x7f\xff\xff\xff")
    nodes = nodes_in(version.number, simulated=False)
    line = Repair(Database(path)).repair(STAMP, thorough=True)
    assert line is not None
    assert line.endswith(f"avec {len(nodes)} nœuds et 3 clés retrouvés")
    assert nodes_in_file(path) == {node.num: node for node in nodes}


def test_a_used_database_that_lost_a_table_is_made_again(full: Path) -> None:
    with sqlite3.connect(full) as raw:
        raw.execute("DROP TABLE link_events")
    raw.close()
    with pytest.raises(ForeignFile):
        Database(full).open()
    assert_came_back(full, repaired(full), ALL)


# -- The log beside the file ---------------------------------------------------------------------


def leave_with_log(path: Path) -> None:
    """Make a database as a killed bot leaves it: what it wrote stands in the log beside it."""
    work = path.with_name("work.db")
    storage = NodeStore(Database(work))
    storage.database.open()
    storage.save_nodes(make_nodes())
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).write_bytes(work.with_name("work.db" + name).read_bytes())
    storage.database.close()
    work.unlink()


def test_a_killed_bots_log_is_no_damage(path: Path) -> None:
    leave_with_log(path)
    before = path.read_bytes()
    assert Repair(Database(path)).repair(STAMP, thorough=True) is None
    assert path.read_bytes() == before
    assert set(nodes_in_file(path)) == ALL


def test_a_log_of_garbage_costs_what_stood_in_it_and_nothing_else(full: Path) -> None:
    log = full.with_name("bot.db-wal")
    log.write_bytes(random.Random(5).randbytes(50_000))
    assert Repair(Database(full)).repair(STAMP, thorough=True) is None
    assert set(nodes_in_file(full)) == ALL


def test_a_log_that_breaks_off_gives_what_was_written_before(path: Path) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    for node in make_nodes(200):
        storage.save_nodes([node])
    log = path.with_name("bot.db-wal").read_bytes()
    main = path.read_bytes()
    storage.database.close()
    path.write_bytes(main)
    path.with_name("bot.db-wal").write_bytes(log[: len(log) // 2] + random_page(6) * 20)
    assert Repair(Database(path)).repair(STAMP, thorough=True) is None
    found = set(nodes_in_file(path))
    assert found == set(range(FIRST_NUM, FIRST_NUM + len(found)))
    assert 50 < len(found) < 150


def test_a_log_is_set_aside_with_its_file_and_read_with_it(path: Path) -> None:
    """The rows stand in the log alone, and so does a sound first page."""
    leave_with_log(path)
    log = path.with_name("bot.db-wal")
    log_before = log.read_bytes()
    overwrite(path, 0, bytes(100))
    line = repaired(path)
    assert_came_back(path, line, ALL)
    assert path.with_name(f"bot.db.abimee-{STAMP}-wal").read_bytes() == log_before
    assert not log.exists() or log.read_bytes() != log_before


# -- What is left alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"x", b"a letter to a friend", b"SQLite format 2\x00" * 300, b"\x00" * 9 + b"a" * 5_000],
    ids=["a byte", "a text", "another format", "not all zeros"],
)
def test_what_a_used_database_has_become_is_set_aside_whatever_it_is(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    line = Repair(Database(path)).repair(STAMP, thorough=True)
    assert line is not None and "0 clés retrouvés" in line
    assert path.with_name(f"bot.db.abimee-{STAMP}").read_bytes() == content
    Database(path).verify()


def test_an_empty_file_without_a_copy_is_a_beginning(path: Path) -> None:
    path.write_bytes(b"")
    assert Repair(Database(path)).repair(STAMP, thorough=True) is None
    assert contents(path.parent) == {"bot.db": b""}


@pytest.mark.parametrize("left", ["empty", "missing"])
def test_an_empty_or_missing_file_comes_back_from_the_copy(full: Path, left: str) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    nodes = storage.load_nodes()
    Backup(full).back_up()
    storage.database.close()
    full.write_bytes(b"") if left == "empty" else full.unlink()
    line = Repair(storage.database).repair(STAMP, thorough=True)
    assert line is not None and f"{len(nodes)} nœuds" in line
    storage.database.open()
    assert storage.load_nodes() == nodes
    storage.database.close()


@pytest.mark.parametrize("step", ["build", "rename", "place"])
@pytest.mark.slow
def test_an_interrupted_repair_is_finished_by_the_next_start(
    full: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the power failed: while the new file is built, when it is set aside, and after that."""
    before = stored_keys(full)
    with full.open("r+b") as file:
        file.seek(full.stat().st_size // 4096 * 4096 - 4096)
        file.write(bytes(4096))

    class PowerCut(BaseException):
        pass

    def cut(*args: object, **kwargs: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        if step == "build":
            patch.setattr(Repair, "_fill", cut)
        elif step == "rename":
            patch.setattr(Repair, "_put_fresh_in_place", cut)
        else:
            real = Repair._set_aside

            def set_aside_and_cut(repair: Repair, stamp: str) -> Path:
                real(repair, stamp)
                raise PowerCut

            patch.setattr(Repair, "_set_aside", set_aside_and_cut)
        with pytest.raises(PowerCut):
            Repair(Database(full)).repair(STAMP, thorough=True)
    Repair(Database(full)).repair(STAMP, thorough=True)
    after = stored_keys(full)
    assert len(after) > len(before) // 2
    assert after.items() <= before.items()
    assert not full.with_name("bot.db.neuve").exists()


def test_a_sound_database_is_not_touched(full: Path) -> None:
    before = contents(full.parent)
    for thorough in (True, False):
        assert Repair(Database(full)).repair(STAMP, thorough=thorough) is None
    assert Database(full).damage() == ""
    Database(full).verify()
    assert contents(full.parent) == before


def test_no_file_and_a_folder_are_no_damage(path: Path) -> None:
    assert Repair(Database(path)).repair(STAMP, thorough=True) is None
    path.mkdir()
    assert Repair(Database(path)).repair(STAMP, thorough=True) is None


def test_files_set_aside_before_are_kept(full: Path) -> None:
    earlier = full.with_name(f"bot.db.abimee-{STAMP}")
    earlier.write_bytes(b"earlier")
    overwrite(full, 0, bytes(100))
    before = full.read_bytes()
    line = Repair(Database(full)).repair(STAMP, thorough=True)
    assert line is not None and f"bot.db.abimee-{STAMP}-2" in line
    assert earlier.read_bytes() == b"earlier"
    assert full.with_name(f"bot.db.abimee-{STAMP}-2").read_bytes() == before


def test_looking_at_a_damaged_file_changes_nothing(full: Path) -> None:
    overwrite(full, page_of(full, FIRST_NUM + 1_500), bytes(PAGE))
    before = contents(full.parent)
    assert Database(full).damage() == "illisible"
    assert contents(full.parent) == before


# -- The copy ------------------------------------------------------------------------------------


def test_a_copy_is_a_whole_database_and_replaces_the_one_before(full: Path) -> None:
    storage = NodeStore(Database(full))
    assert Backup(full).backup_age_s(0.0) is None
    storage.database.open()
    Backup(full).back_up()
    storage.save_nodes([KnownNode(7, "Tard")])
    Backup(full).back_up()
    storage.database.close()
    assert Backup(full).backup_age_s(0.0) is not None
    assert set(nodes_in_file(full.with_name("bot.db.copie"))) == ALL | {7}
    assert set(nodes_in_file(full.with_name("bot.db.copie.avant"))) == ALL
    assert set(contents(full.parent)) == {"bot.db", "bot.db.copie", "bot.db.copie.avant"}


def test_a_copy_that_cannot_be_made_leaves_the_one_before(full: Path) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    Backup(full).back_up()
    before = full.with_name("bot.db.copie").read_bytes()
    full.with_name("bot.db.copie.new").mkdir()
    with pytest.raises(StorageError, match="Copie de la base impossible"):
        Backup(full).back_up()
    assert full.with_name("bot.db.copie").read_bytes() == before
    storage.database.close()


def test_a_damaged_database_is_not_copied_over_a_sound_copy(full: Path) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    Backup(full).back_up()
    storage.database.close()
    before = full.with_name("bot.db.copie").read_bytes()
    overwrite(full, page_of(full, FIRST_NUM + 1_500), bytes(PAGE))
    storage.database.open()
    with pytest.raises(StorageDamaged, match="Copie de la base impossible"):
        Backup(full).back_up()
    storage.database.close()
    assert full.with_name("bot.db.copie").read_bytes() == before
    assert not full.with_name("bot.db.copie.new").exists()


# -- While the bot runs --------------------------------------------------------------------------


def corrupt_under(path: Path) -> None:
    """Damage the pages of the nodes so that who has the file open reads them again."""
    other = sqlite3.connect(path)
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    root = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'nodes'").fetchone()[0]
    overwrite(path, root - 1, random_page(7))
    with other:  # a change by another makes SQLite forget what it had read
        other.execute("INSERT INTO key_orders VALUES (NULL, 1, 5, x'00', 0, NULL)")
    other.close()


def test_damage_met_by_a_write_is_one_line_and_everything_known_is_written_again(
    full: Path, journal: Journal
) -> None:
    storage = NodeStore(Database(full))
    storage.database.open()
    manager = NodeManager(storage, clock=Clock(0.0), wall_clock=Clock(NOW_S))
    assert manager.load() == NODES
    corrupt_under(full)
    damaged = full.read_bytes()
    manager.learn_from_message(7, key_of(7))
    storage.database.close()
    errors = [line for line in journal.lines if "[ERROR]" in line]
    assert len(errors) == 1
    assert f"❌ La base {full} est abîmée" in errors[0]
    assert errors[0].endswith("elle a été refaite, avec tout ce que le bot sait")
    found = nodes_in_file(full)
    assert {num: node.public_key for num, node in found.items()} == {
        num: key_of(num) for num in ALL | {7}
    }
    assert Database(full).damage() == ""
    (aside,) = full.parent.glob("bot.db.abimee-*[0-9]")
    assert re.fullmatch(r"bot\.db\.abimee-\d{8}-\d{6}", aside.name)
    assert len(aside.read_bytes()) == len(damaged)
    journal.wait_for("Clé publique de !00000007 apprise et enregistrée")


class OnceDamaged(NodeStore):
    """A store whose file turns out to be damaged once."""

    writes_left = 1_000

    def save_nodes(self, *args: object, **kwargs: object) -> None:
        self.writes_left -= 1
        if self.writes_left == 0:
            raise StorageDamaged("La base est abîmée (essai)", passing=True)
        super().save_nodes(*args, **kwargs)  # type: ignore[arg-type]


@pytest.mark.slow
def test_after_the_damage_the_store_is_used_as_before(full: Path, journal: Journal) -> None:
    storage = OnceDamaged(Database(full))
    storage.database.open()
    manager = NodeManager(storage, clock=Clock(0.0), wall_clock=Clock(NOW_S))
    manager.load()
    storage.writes_left = 1
    for num in (7, 8, 9):
        manager.learn_from_message(num, key_of(num))
    storage.database.close()
    assert journal.count("[ERROR]") == 1
    assert journal.count("apprise et enregistrée") == 3
    assert set(nodes_in_file(full)) == ALL | {7, 8, 9}
    assert len(list(full.parent.glob("bot.db.abimee-*"))) == 1


@pytest.mark.parametrize("copied", [False, True])
def test_damage_met_while_the_mesh_is_simulated_costs_the_real_one_nothing(
    full: Path, journal: Journal, copied: bool
) -> None:
    storage = OnceDamaged(Database(full, simulated=True))
    storage.database.open()
    if copied:  # then half of it may be unreadable
        Backup(full).back_up()
        overwrite(full, page_of(full, FIRST_NUM + 1_500), random_page(3))
    manager = NodeManager(storage, clock=Clock(0.0), wall_clock=Clock(NOW_S))
    manager.load()
    storage.writes_left = 1
    manager.learn_from_message(7, key_of(7))
    storage.database.close()
    assert journal.count("[ERROR]") == 1
    assert set(nodes_in_file(full)) == ALL
    with sqlite3.connect(full) as stored:
        assert stored.execute("SELECT num FROM nodes WHERE simulated").fetchall() == [(7,)]
        others = stored.execute("SELECT num, public_key FROM other_keys WHERE NOT simulated")
        assert others.fetchall() == [(FIRST_NUM, b"o" * 32)]
    stored.close()


# -- The bot -------------------------------------------------------------------------------------


def stored_keys(path: Path) -> dict[int, bytes]:
    with sqlite3.connect(path) as stored:
        keys = dict(stored.execute("SELECT num, public_key FROM nodes WHERE public_key != ''"))
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    stored.close()
    return keys


def prepare_used(path: Path) -> None:
    """Make a database that a bot has used before and left in order."""
    fill(path)
    path.with_name("bot.db.lock").write_bytes(b"0 store\n")


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.slow
def test_the_bot_starts_on_a_damaged_file_and_learns_again(
    name: str, node: SimulatedNode, start_bot: BotFactory, journal: Journal, path: Path
) -> None:
    prepare_used(path)
    DAMAGES[name](path)
    damaged = path.read_bytes()
    bot = start_bot(node)
    line = journal.wait_for("était abîmée")
    assert "[ERROR] ❌ La base" in line
    journal.wait_for("SYNC COMPLETE")
    assert journal.count("[ERROR]") == 1
    (aside,) = path.parent.glob("bot.db.abimee-*")
    assert aside.read_bytes() == damaged
    assert all(bot.node_manager.public_key(peer.num) == peer.public_key for peer in node.peers)
    keys = stored_keys(path)
    assert all(keys[peer.num] == peer.public_key for peer in node.peers)


def test_a_foreign_file_keeps_the_bot_from_starting_each_time_and_is_not_touched(
    node: SimulatedNode, start_bot: BotFactory, path: Path
) -> None:
    path.write_bytes(b"a letter to a friend" * 500)
    for _ in range(3):
        with pytest.raises(StorageError, match="n'est pas une base du bot"):
            start_bot(node)
    assert path.read_bytes() == b"a letter to a friend" * 500
    assert not list(path.parent.glob("*abimee*"))


def test_damage_met_by_a_running_bot_costs_no_key(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, path: Path
) -> None:
    late = node.peers[11]
    node.evict(late)
    prepare_used(path)
    start_bot(node)
    journal.wait_for("SYNC COMPLETE")
    assert node.wait_until(lambda n: n.is_client_ready, WAIT_S)
    corrupt_under(path)
    node.hear_node_info(late)
    line = journal.wait_for("elle a été refaite, avec tout ce que le bot sait")
    assert "[ERROR] ❌ La base" in line and "abîmée" in line
    journal.wait_for("apprise et enregistrée")
    keys = stored_keys(path)
    assert all(keys[peer.num] == peer.public_key for peer in node.peers)
    assert keys.keys() >= ALL
    assert journal.count("[ERROR]") == 1
    assert len(list(path.parent.glob("bot.db.abimee-*[0-9]"))) == 1
