"""A SQLite database as a participant."""

from __future__ import annotations

import sqlite3
import threading
import time
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shadowvol.participants._base import Deadlines, Level, Participant, Veto

if TYPE_CHECKING:
    from collections.abc import Iterable


_PAUSE = 0.0003
"""Seconds between two looks."""


class Connection(Protocol):
    """What a connection of ``sqlite3`` and one of APSW have in common."""

    def execute(self, statement: str, /) -> Iterable[Any]:
        """Run a statement."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""


class SQLite(Participant):
    """Keeps a SQLite database at rest at the instant: no transaction is under way.

    Writers wait in the meantime, readers go on. In WAL mode the log is first brought into the
    database, as far as readers let it, so that the copy's database is nearly complete by itself.
    What is left of the log is brought in by SQLite when the copy is opened. The copy itself is not
    changed: only its file system knows where in it the database lies.

    Args:
        database: the path, or a connection of ``sqlite3`` (opened with
            ``check_same_thread=False``) or APSW that nothing else uses: what is done through it
            meanwhile would not wait. A path is opened by ``sqlite3`` for each set. If this process
            has the database open by APSW, give it a connection of APSW: two copies of SQLite in one
            process do not see each other's locks.
        name: what its refusals are told with.
        patience: seconds to wait for the transactions of others.
    """

    level: Level = "back-end"

    def __init__(
        self,
        database: str | PathLike[str] | Connection,
        *,
        name: str | None = None,
        patience: float = 10,
    ) -> None:
        self._path: Path | None = None
        self._given: Connection | None = None
        if isinstance(database, str | PathLike):
            self._path = Path(database)
        else:
            self._given = database
        self.name = name or (f"SQLite {self._path}" if self._path else "SQLite")
        self.deadlines = Deadlines(freeze=patience + 5)
        self._patience = patience
        self._lock = threading.Lock()
        self._own: sqlite3.Connection | None = None
        self._frozen = False
        self._changes = 0

    def prepare(self) -> None:
        """Open the database, and bring its log into it."""
        connection = self._connect()
        _refuse_transaction(connection)
        ((mode,),) = self._patiently(connection, "PRAGMA journal_mode")
        if mode == "wal":
            # Readers of old states keep it from being complete: then the log is in the copy, too.
            self._patiently(connection, "PRAGMA wal_checkpoint(PASSIVE)")

    def freeze(self) -> None:
        """Take the lock of writers."""
        connection = self._connect()
        _refuse_transaction(connection)
        self._patiently(connection, "BEGIN IMMEDIATE")
        self._changes = _changes(connection)
        self._frozen = True

    def thaw(self) -> None:
        """Give the lock back."""
        if not self._frozen:
            raise Veto("it was not frozen all the time", retryable=True)
        self._release()

    def abort(self) -> None:
        """Give the lock back, if it is held."""
        self._release()
        self._close()

    def shutdown(self) -> None:
        """Close what was opened."""
        self._close()

    def _connect(self) -> Connection:
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                # SQLite would make an empty one.
                if self._path is None or not self._path.exists():
                    raise Veto(f"{self._path} does not exist")
                self._own = sqlite3.connect(
                    self._path,
                    isolation_level=None,
                    check_same_thread=False,
                )
            return self._own

    def _patiently(self, connection: Connection, statement: str) -> list[Any]:
        """Run a statement between the transactions of others.

        SQLite's own waiting looks ten times a second at last, and never meets the short moment
        between two transactions of a busy writer.
        """
        ((timeout,),) = connection.execute("PRAGMA busy_timeout")
        connection.execute("PRAGMA busy_timeout = 0")
        until = time.monotonic() + self._patience
        try:
            while True:
                try:
                    return list(connection.execute(statement))
                except Exception as error:
                    if not _is_busy(error):
                        raise
                    if time.monotonic() > until:
                        reason = f"others kept writing for more than {self._patience:g} s"
                        raise Veto(reason, retryable=True) from error
                time.sleep(_PAUSE)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {timeout}")

    def _release(self) -> None:
        with self._lock:
            connection = self._given if self._given is not None else self._own
            if self._frozen and connection is not None and connection.in_transaction:
                # A commit, even of nothing, would wait for readers. But if the connection was used
                # after all, nothing is lost.
                if _changes(connection) == self._changes:
                    connection.execute("ROLLBACK")
                else:
                    self._patiently(connection, "COMMIT")
            self._frozen = False

    def _close(self) -> None:
        with self._lock:
            connection, self._own = self._own, None
        if connection is not None:
            connection.close()


def _refuse_transaction(connection: Connection) -> None:
    if connection.in_transaction:
        raise Veto("its connection is in a transaction: give it one of its own", retryable=True)


def _changes(connection: Connection) -> int:
    """How many rows were changed through it so far."""
    ((count,),) = connection.execute("SELECT total_changes()")
    return int(count)


def _is_busy(error: Exception) -> bool:
    """Whether another connection was in the way, as ``sqlite3`` and APSW say it."""
    code = getattr(error, "sqlite_errorcode", None)
    return type(error).__name__ == "BusyError" or (
        code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
    )
