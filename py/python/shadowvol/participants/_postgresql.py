"""A running PostgreSQL server as a participant."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from shadowvol.participants._base import Deadlines, Level, Participant, Veto

if TYPE_CHECKING:
    import psycopg


class PostgreSQL(Participant):
    """Makes an instant of a PostgreSQL cluster good to start from.

    A shadow copy set of all volumes of a cluster (data, tablespaces, log) has one instant, and a
    server that is started on it recovers as after a power cut: this is what PostgreSQL's manual
    calls a consistent snapshot. The participant makes that recovery short by a checkpoint, sees
    that everything acknowledged is in the log's files, also from sessions that commit
    asynchronously, and leaves a mark in the log by which the instant can be found. Sessions go on;
    those that write wait as long as the volumes are held.

    It needs ``pip install 'shadowvol[postgresql]'``.

    Args:
        conninfo: how to connect, as psycopg takes it; the role needs ``pg_checkpoint`` or to be a
            superuser.
        name: what its refusals are told with.
        timeout: seconds for connecting and for the checkpoint.
    """

    level: Level = "back-end"

    def __init__(
        self, conninfo: str = "", *, name: str = "PostgreSQL", timeout: float = 60
    ) -> None:
        self.name = name
        self.deadlines = Deadlines(prepare=timeout + 5)
        self.position: str | None = None
        """Where the mark is in the log, after freezing."""
        self._conninfo = conninfo
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def prepare(self) -> None:
        """Connect, and write out most of what the server holds in memory."""
        try:
            import psycopg  # noqa: PLC0415 - only who uses it needs it
        except ImportError as error:
            raise Veto("psycopg is missing: pip install 'shadowvol[postgresql]'") from error
        try:
            connection = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=max(1, int(self._timeout)),
                application_name="shadowvol",
                options=f"-c statement_timeout={int(self._timeout * 1000)}",
            )
        except psycopg.OperationalError as error:
            raise Veto(f"cannot connect: {error}", retryable=True) from error
        with self._lock:
            before, self._connection = self._connection, connection
        if before is not None:
            before.close()
        if self._ask("SELECT current_setting('full_page_writes')") != "on":
            raise Veto("full_page_writes is off: a copy could hold pages that are half written")
        connection.execute("CHECKPOINT")

    def freeze(self) -> None:
        """Bring the log up to now to disk, and leave a mark in it."""
        self._ask("SET synchronous_commit = 'local'")
        position = self._ask("SELECT pg_logical_emit_message(true, 'shadowvol', 'instant')::text")
        self.position = str(position)

    def thaw(self) -> None:
        """See that the server is still there."""
        self._ask("SELECT 1")

    def abort(self) -> None:
        """Disconnect."""
        self._close()

    def shutdown(self) -> None:
        """Disconnect."""
        self._close()

    def _ask(self, query: str) -> object:
        connection = self._connection
        if connection is None:
            raise Veto("it is not connected", retryable=True)
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
