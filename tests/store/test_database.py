"""Opening, bringing up to date, and what a database can refuse."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text

from model.errors import StoreError
from service.settings import Settings
from service.store import NewSource, Store, migrate
from service.store.schema import metadata
from tests.store import postgres
from tests.store.conftest import Target
from tests.store.made import NOW, ids, post, record, source, tagged


@contextmanager
def refused(what: str) -> Iterator[None]:
    """A StoreError of one sentence that names the database and no password."""
    with pytest.raises(StoreError) as caught:
        yield
    said = str(caught.value)
    assert what in said
    assert "\n" not in said
    assert "secret" not in said


def url(target: Target) -> str:
    return f"sqlite:///{target}" if isinstance(target, Path) else target.replace("postgresql:", "postgresql+psycopg:")


def test_an_empty_database_gets_all_tables_and_one_that_has_them_is_left_alone(empty: Target) -> None:
    with Store(empty) as store:
        one = source(store)
    for _ in range(2):
        with Store(empty) as store:
            assert store.sources() == [one]
    engine = create_engine(url(empty))
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        assert set(metadata.tables) | {"alembic_version"} <= tables
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == migrate.HEAD
    engine.dispose()


def test_tables_and_steps_agree(target: Target) -> None:
    Store(target).close()
    engine = create_engine(url(target))
    with engine.connect() as connection:
        options = {
            "compare_server_default": True,
            # Full-text search is each database's own, and in no common table.
            "include_name": lambda name, kind, _: kind not in ("table", "index") or not name.startswith("posts_search"),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.tables.values():  # what that comparison leaves out
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [column.name for column in table.primary_key]
            rules = {key["name"]: key["options"].get("ondelete") for key in found.get_foreign_keys(table.name)}
            assert rules == {str(key.name): key.ondelete for key in table.foreign_key_constraints}
            where = {index["name"]: index.get("dialect_options", {}) for index in found.get_indexes(table.name)}
            for index in table.indexes:
                for key in ("sqlite_where", "postgresql_using"):
                    expected = index.dialect_options[key.partition("_")[0]][key.partition("_")[2]]
                    if expected is not None and expected is not False and key.startswith(engine.dialect.name):
                        assert str(where[index.name].get(key)) == str(expected)
    engine.dispose()


def test_the_last_step_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def _open(target: Target, start: "multiprocessing.synchronize.Event") -> None:
    start.wait()
    with Store(target) as store:
        source(store, str(os.getpid()))


def test_processes_that_start_at_once_make_the_tables_once(empty: Target) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    processes = [context.Process(target=_open, args=(empty, start)) for _ in range(4)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 4
    with Store(empty) as store:
        assert len(store.sources()) == 4


def test_a_step_that_fails_leaves_nothing_behind(empty: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade(connection: object) -> None:
        original(connection)  # type: ignore[arg-type]
        raise OSError("the plug was pulled")

    original = migrate.upgrade
    monkeypatch.setattr(migrate, "upgrade", upgrade)
    with pytest.raises(OSError, match="plug"):
        Store(empty)
    monkeypatch.undo()
    engine = create_engine(url(empty))
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    Store(empty).close()


def test_examples_of_before_are_found_by_their_posts_ids(empty: Target) -> None:
    engine = create_engine(url(empty))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        command.upgrade(config, "0007")
        row = "INSERT INTO examples (content, who, weak, post, topics, at) VALUES (:n, 'ann', false, :post, '[]', {})"
        row = row.format("0" if isinstance(empty, Path) else "now()")
        posts = [{"n": f"{n}", "post": f'{{"id": {n}, "text": ""}}'} for n in range(1_001)]
        odd = {"n": "odd", "post": r'{"id": "a\ud800\u0000é", "text": ""}'}
        connection.execute(text(row), [*posts, odd])
    engine.dispose()

    with Store(empty) as store:
        assert store.remove_examples(post="7") == store.remove_examples(post="1000") == 1
        assert store.remove_examples(post="a\ud800\0é") == 1
        assert len(store.examples()) == 999


def test_a_newer_topicwires_database_is_left_alone(target: Target) -> None:
    Store(target).close()
    engine = create_engine(url(target))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with refused(f"a newer topicwire made it (step 9999, here the last is {migrate.HEAD}); upgrade topicwire"):
        Store(target)


def test_a_locked_database_is_said_to_be_and_stays_whole(target: Target) -> None:
    with Store(target) as store:
        one = source(store)
    engine = create_engine(url(target))
    with Store(target, busy_seconds=0.2) as store, engine.connect() as other:
        locking = "LOCK TABLE sources" if engine.dialect.name == "postgresql" else "BEGIN IMMEDIATE"
        other.exec_driver_sql(locking)
        with refused("it is locked by another process; try again, or find out what keeps it"):
            record(store, one, [tagged(post("1"))])
        other.rollback()
        assert store.posts().posts == []
        record(store, one, [tagged(post("1"))])
        assert ids(store.posts().posts) == ["1"]
    engine.dispose()


def test_readers_do_not_wait_for_the_writer(target: Target) -> None:
    with Store(target, busy_seconds=0.2) as store:
        one = source(store)
        record(store, one, [tagged(post("1"))])
        with store._writing() as connection:
            connection.execute(text("DELETE FROM posts"))
            assert ids(store.posts().posts) == ["1"]


def test_two_writers_at_once_lose_nothing(target: Target) -> None:
    with Store(target) as store:
        both = [source(store, "one"), source(store, "two")]

    def write(number: int) -> None:
        with Store(target) as store:
            for round_ in range(50):
                record(store, both[number], [tagged(post(f"{number}-{round_}"), "a")])
                record(store, both[number], [tagged(post(f"{number}-0", f"changed {round_}"), "b")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Store(target) as store:
        assert sorted(ids(store.posts(limit=200).posts)) == sorted(f"{n}-{r}" for n in range(2) for r in range(50))
        assert len(store.posts(topic="a", limit=200).posts) == 98
        assert sorted(ids(store.posts(q="changed").posts)) == ["0-0", "1-0"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", mounted], check=False).returncode:
        pytest.skip("a small disk takes root, and mount")
    yield mounted
    subprocess.run(["umount", "-l", mounted], check=True)


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path) -> None:
    bulk = "".join(f"<p>{number} of much text</p>" for number in range(2_000))
    acknowledged = []
    with Store(small_disk / "topicwire.db") as store:
        one = source(store)
        with refused("full"):
            for number in range(1_000):
                record(store, one, [tagged(post(str(number), bulk), "a")])
                acknowledged.append(str(number))
        assert 10 < len(acknowledged) < 100
        assert sorted(ids(store.posts(limit=1000).posts)) == sorted(acknowledged)
    with Store(small_disk / "topicwire.db") as store:
        assert sorted(ids(store.posts(topic="a", limit=1000).posts)) == sorted(acknowledged)
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        record(store, one, [tagged(post("more", bulk), "a")])
        assert len(store.posts(q="much", limit=1000).posts) == len(acknowledged) + 1
        assert sqlite3.connect(small_disk / "topicwire.db").execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_database_that_grows_no_more_loses_nothing(tmp_path: Path) -> None:
    """The same without root: SQLite itself says that the disk is full."""
    with Store(tmp_path / "topicwire.db") as store:
        one = source(store)
        with store._writing() as connection:
            connection.execute(text("PRAGMA max_page_count = 100"))
        with refused("the disk is full; make room and try again (what was stored before is untouched)"):
            for number in range(1_000):
                record(store, one, [tagged(post(str(number), "much " * 2_000))])
        stored = ids(store.posts(limit=1000).posts)
    assert sorted(stored, key=int) == [str(number) for number in range(len(stored))]
    assert stored


def test_a_disk_that_takes_no_writes(small_disk: Path) -> None:
    Store(small_disk / "topicwire.db").close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with refused("writable for this user"), Store(small_disk / "topicwire.db") as store:
        source(store)


@pytest.mark.parametrize("there", ["junk", "a folder", "a parent that is a file"])
def test_what_is_no_database_is_left_as_it_is(tmp_path: Path, there: str) -> None:
    path = tmp_path / "topicwire.db"
    if there == "junk":
        path.write_bytes(b"junk" * 3_000)
    elif there == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"")
        path /= "topicwire.db"

    words = {
        "junk": "it is no database of topicwire",
        "a folder": "it cannot be opened",
        "a parent that is a file": "cannot be made",
    }
    with refused(words[there]):
        Store(path)
    assert there != "junk" or path.read_bytes() == b"junk" * 3_000


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ann:secret@127.0.0.1:1/x", "postgresql://ann@127.0.0.1:1/x: the server cannot be reached"),
        ("postgresql://ann:secret@host.invalid/x?connect_timeout=2", "postgresql://ann@host.invalid/x: the server cannot"),
        ("postgresql://ann:secret@127.0.0.1:1/x?nonsense=secret", "has an option that PostgreSQL does not know"),
    ],
)
def test_a_server_that_is_not_there(address: str, said: str) -> None:
    with refused(said):
        Store(address)


def test_an_address_that_is_none_and_a_driver_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with refused("TOPICWIRE_DATABASE_URL: it is no URL; write postgresql://USER:PASSWORD@HOST/DATABASE"):
        Store("secret")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with refused("PostgreSQL needs a driver: pip install 'topicwire[postgres]'"):
        Store("postgresql://ann:secret@127.0.0.1:1/x")


def test_what_a_server_refuses(server: postgres.Server, template: str) -> None:
    with refused("there is no such database; create it, or correct TOPICWIRE_DATABASE_URL"):
        Store(server.url("missing"))
    with refused("the server does not let us in; check user and password"):
        Store(server.url(template).replace(f"user={server.user}", "user=nobody-here"))
    latin = server.create()
    server.drop(latin)
    server.run(f"CREATE DATABASE {latin} TEMPLATE template0 ENCODING 'LATIN1'")
    with refused("its encoding is LATIN1; create it with ENCODING 'UTF8'"):
        Store(server.url(latin))
    server.drop(latin)
    name = server.create(template)
    server.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with Store(server.url(name)) as store, refused("it is read-only; point TOPICWIRE_DATABASE_URL to a server that takes writes"):
        source(store)
    server.drop(name)


def test_a_connection_that_breaks_is_said_and_made_again(server: postgres.Server, template: str) -> None:
    name = server.create(template)
    with Store(server.url(name)) as store:
        one = source(store)
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        server.run(cut)
        assert store.sources() == [one]  # whoever comes next finds it mended
        with refused("the server"), store._writing() as connection:
            connection.execute(text("DELETE FROM sources"))
            server.run(cut)
            connection.execute(text("SELECT 1"))
        assert store.sources() == [one]
    server.drop(name)


def test_a_full_disk_of_the_server_loses_nothing(server: postgres.Server, template: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small disk takes root, and mount")
    small = server.directory / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small], check=False).returncode:
        pytest.skip("a small disk takes mount")
    try:
        subprocess.run(["chown", server.user, small], check=True)
        server.run(f"CREATE TABLESPACE small LOCATION '{small}'")
        name = server.create(f"{template} TABLESPACE small")
        acknowledged = []
        with Store(server.url(name)) as store:
            one = source(store)
            with refused("the server's disk is full; make room and try again"):
                for number in range(2_000):
                    record(store, one, [tagged(post(str(number), os.urandom(20_000).hex()), "a")])
                    acknowledged.append(str(number))
            assert acknowledged
            assert sorted(ids(store.posts(topic="a", limit=1000).posts)) == sorted(acknowledged)
        server.drop(name)
        server.run("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_settings_name_the_database(tmp_path: Path) -> None:
    with Store.open(Settings(home=tmp_path / "new" / "home")) as store:
        store.add_source(NewSource("https://a.example/"), now=NOW)
    assert (tmp_path / "new" / "home" / "topicwire.db").is_file()
    with sqlite3.connect(tmp_path / "new" / "home" / "topicwire.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_settings_name_a_server(server: postgres.Server, template: str) -> None:
    name = server.create(template)
    with Store.open(Settings(database_url=server.url(name))) as store:
        source(store)
    with psycopg.connect(server.url(name)) as connection:
        row = connection.execute("SELECT count(*) FROM sources").fetchone()
    assert row == (1,)
    assert make_url(server.url(name)).database == name
    server.drop(name)


def test_lists_and_searches_use_their_indexes(target: Target) -> None:
    """Where a list is long, its order and its filters come from an index: nothing sorts or reads all posts."""
    from service.store import listing

    with Store(target) as store:
        one = source(store)
        for start in range(0, 3_000, 500):
            batch = [
                tagged(post(str(number), f"word{number}", hours=number), "abc"[number % 3])
                for number in range(start, start + 500)
            ]
            record(store, one, batch)
        with store._writing() as connection:
            connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN " if store.dialect == "sqlite" else "EXPLAIN "
        for filters, index in [
            ({}, "posts_by_place"),
            ({"topic": "a"}, "tags_by_place"),
            ({"source": 1}, "posts_by_"),
            ({"q": "word77"}, "posts_search"),
        ]:
            given = dict.fromkeys(["topic", "source", "q", "since", "min_score"]) | filters
            query = listing.chosen(store.dialect, **given, after=(NOW, 1)).limit(20)  # type: ignore[arg-type]
            with store._reading() as connection:
                compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
                plan = "\n".join(str(row) for row in connection.execute(text(explain + str(compiled).replace(":", r"\:"))))
            assert index in plan, plan
            if "q" not in filters:
                assert "TEMP B-TREE" not in plan, plan
                assert "Sort" not in plan, plan
