"""The story: a SQLite database is at rest while it is frozen, and goes on afterwards."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

import apsw
import pytest

from shadowvol.participants import SQLite, Veto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["wal", "delete"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "bank.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.execute("CREATE TABLE account (owner TEXT, money INTEGER)")
        connection.execute("INSERT INTO account VALUES ('a', 10), ('b', 0)")
        connection.commit()
    return path


@contextlib.contextmanager
def opened(path: Path, timeout: float = 0) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(
        sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    ) as connection:
        yield connection


def is_writable(path: Path) -> bool:
    with opened(path) as connection:
        try:
            connection.execute("UPDATE account SET money = money + 1 WHERE owner = 'b'")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True


def test_writers_wait_and_readers_go_on(database: Path) -> None:
    participant = SQLite(database)
    assert str(database) in participant.name
    participant.prepare()
    assert is_writable(database)
    participant.freeze()
    assert not is_writable(database)
    with opened(database) as reader:
        assert reader.execute("SELECT sum(money) FROM account").fetchone() == (11,)
    participant.thaw()
    assert is_writable(database)
    participant.shutdown()


def test_a_reader_does_not_keep_it_from_thawing(database: Path) -> None:
    """A commit needs the whole database, even if nothing was changed; a rollback does not."""
    participant = SQLite(database, patience=0.1)
    with opened(database) as reader:
        rows = reader.execute("SELECT owner FROM account")
        assert rows.fetchone() == ("a",)
        participant.prepare()
        participant.freeze()
        participant.thaw()
        participant.shutdown()
        assert rows.fetchone() == ("b",)
    assert is_writable(database)


def test_a_copy_of_the_files_is_whole(database: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def move() -> None:
        with opened(database, timeout=30) as connection:
            while not stop.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE account SET money = money - 1 WHERE owner = 'a'")
                connection.execute("UPDATE account SET money = money + 1 WHERE owner = 'b'")
                connection.execute("COMMIT")

    thread = threading.Thread(target=move)
    thread.start()
    try:
        for nth in range(5):
            participant = SQLite(database)
            participant.prepare()
            participant.freeze()
            copy = tmp_path / str(nth)
            copy.mkdir()
            for file in tmp_path.glob("bank.db*"):
                shutil.copy(file, copy)
            participant.thaw()
            participant.shutdown()
            assert not (copy / "bank.db-journal").exists()
            with opened(copy / "bank.db") as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert connection.execute("SELECT sum(money) FROM account").fetchone() == (10,)
    finally:
        stop.set()
        thread.join()


def test_a_transaction_that_does_not_end_is_a_reason_to_try_again(database: Path) -> None:
    participant = SQLite(database, patience=0.1)
    participant.prepare()
    with opened(database) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Veto, match=r"kept writing for more than 0\.1 s") as veto:
            participant.freeze()
        assert veto.value.retryable
        other.execute("COMMIT")
    participant.abort()
    participant.prepare()
    participant.freeze()
    participant.thaw()
    participant.shutdown()


def test_abort_lets_go_whenever_it_comes(database: Path) -> None:
    participant = SQLite(database)
    participant.abort()
    participant.prepare()
    participant.abort()
    participant.prepare()
    participant.freeze()
    thread = threading.Thread(target=participant.abort)
    thread.start()
    thread.join()
    participant.abort()
    assert is_writable(database)
    with pytest.raises(Veto, match="not frozen all the time"):
        participant.thaw()


def test_a_connection_of_apsw(database: Path) -> None:
    with contextlib.closing(apsw.Connection(str(database))) as connection:
        participant = SQLite(connection, patience=0.1)
        participant.prepare()
        with contextlib.closing(apsw.Connection(str(database))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Veto, match="kept writing"):
                participant.freeze()
            other.execute("ROLLBACK")
            participant.freeze()
            with pytest.raises(apsw.BusyError):
                other.execute("BEGIN IMMEDIATE")
            participant.thaw()
            participant.shutdown()
            other.execute("UPDATE account SET money = 0")
        assert list(connection.execute("SELECT count(*) FROM account")) == [(2,)]


def test_a_connection_of_sqlite3(database: Path) -> None:
    with opened(database) as connection:
        participant = SQLite(connection)
        participant.prepare()
        connection.execute("BEGIN")
        for step in (participant.prepare, participant.freeze):
            with pytest.raises(Veto, match="one of its own"):
                step()
        connection.execute("COMMIT")
        participant.freeze()
        assert not is_writable(database)
        # Who uses it all the same does not wait, and loses nothing.
        connection.execute("UPDATE account SET money = 7 WHERE owner = 'b'")
        participant.thaw()
        assert connection.execute("SELECT sum(money) FROM account").fetchone() == (17,)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    participant = SQLite(tmp_path / "none.db")
    with pytest.raises(Veto, match="does not exist") as veto:
        participant.prepare()
    assert not veto.value.retryable
    assert list(tmp_path.iterdir()) == []
