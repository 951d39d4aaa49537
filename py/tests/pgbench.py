"""A bank in a PostgreSQL server: pgbench's, whose sums always agree (it is TPC-B's)."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from disks import filesystem, loop
from postgres import Cluster

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

_SUMS = """
    SELECT (SELECT sum(abalance) FROM pgbench_accounts) || ' ' ||
           (SELECT sum(tbalance) FROM pgbench_tellers) || ' ' ||
           (SELECT sum(bbalance) FROM pgbench_branches) || ' ' ||
           (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
"""
_INDEXES = """
    SELECT count(bt_index_check(index => indexrelid, heapallindexed => true))
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relam = 403 AND relpersistence <> 't' AND indisready AND indisvalid
"""
_HEAPS = """
    SELECT count(*) FROM pg_class, verify_heapam(relation => pg_class.oid)
    WHERE relkind = 'r' AND relpersistence <> 't'
"""
ACCOUNTS = 100_000
"""Of each branch; there is one branch."""


class Bank:
    """A cluster with pgbench's tables, in a folder that is empty."""

    def __init__(self, data: Path) -> None:
        data.mkdir(mode=0o700)
        self.cluster = Cluster(data)
        self._clients: subprocess.Popen[str] | None = None

    def open(self) -> None:
        self.cluster.make("--data-checksums")
        self.cluster.start()
        self.cluster.run("pgbench", "--initialize", "--quiet", *self._to())
        self.cluster.ask("CREATE EXTENSION amcheck")

    def work(self) -> None:
        """Let clients transfer money until they are told to stop."""
        options = ("--client=4", "--jobs=2", "--time=600", "--no-vacuum")
        self._clients = self.cluster.begin("pgbench", *options, *self._to())
        self.wait_for(20)

    def rest(self) -> None:
        clients, self._clients = self._clients, None
        if clients is not None:
            clients.terminate()
            clients.communicate(timeout=60)

    @property
    def done(self) -> int:
        """Transactions that were acknowledged, at least."""
        return int(self.cluster.ask("SELECT count(*) FROM pgbench_history"))

    def wait_for(self, more: int) -> int:
        """Wait until so many more transactions are done; returns how many are."""
        until = self.done + more
        while (done := self.done) < until:
            assert self._clients is not None
            assert self._clients.poll() is None, self._clients.communicate()[0]
            time.sleep(0.02)
        return done

    def crash(self) -> None:
        """Its disk has gone away: end what is left of it."""
        self.rest()
        self.cluster.kill()

    def close(self) -> None:
        self.rest()
        self.cluster.end()

    def _to(self) -> tuple[str, ...]:
        return ("-h", self.cluster.socket, "-U", "postgres", "postgres")


def audit(image: Path, point: Path) -> int:
    """Start the server of a disk image, check everything, and return its transactions.

    Its own recovery brings it to a good state; nothing else may be needed.
    """
    with ExitStack() as stack:
        device = stack.enter_context(loop(image))
        stack.enter_context(filesystem(device, point))
        cluster = Cluster(point / "data")
        stack.callback(cluster.end)
        cluster.forget_server()
        cluster.start()
        sums = set(str(cluster.ask(_SUMS)).split())
        assert len(sums) == 1, sums
        assert int(cluster.ask("SELECT count(*) FROM pgbench_accounts")) == ACCOUNTS
        assert int(cluster.ask(_INDEXES)) > 100
        assert int(cluster.ask(_HEAPS)) == 0
        done = int(cluster.ask("SELECT count(*) FROM pgbench_history"))
        cluster.stop()
        cluster.run("pg_checksums", "--check", "-D", cluster.data)
    return done


@contextmanager
def bank_on(device: str, point: Path) -> Iterator[tuple[Bank, Path]]:
    """A bank whose clients are at work, in a file system of its own on a device."""
    with ExitStack() as stack:
        stack.enter_context(filesystem(device, point))
        bank = Bank(point / "data")
        stack.callback(bank.close)
        bank.open()
        bank.work()
        yield bank, point
