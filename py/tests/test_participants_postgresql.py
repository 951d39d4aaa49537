"""The story: a PostgreSQL server is good to start from at the instant."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from postgres import Cluster, reachable_folder
from shadowvol.participants import PostgreSQL, Veto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with reachable_folder() as place:
        (place / "data").mkdir()
        server = Cluster(place / "data")
        try:
            server.make("--no-sync")
            server.start()
            yield server
        finally:
            server.end()


def test_the_log_is_on_disk_up_to_the_mark(cluster: Cluster) -> None:
    cluster.ask("CREATE TABLE seen (nth int)")
    before = cluster.ask("SELECT redo_lsn::text FROM pg_control_checkpoint()")
    participant = PostgreSQL(cluster.conninfo)
    participant.prepare()
    assert cluster.ask("SELECT redo_lsn::text FROM pg_control_checkpoint()") != before
    with psycopg.connect(cluster.conninfo, autocommit=True) as session:
        # Such a session's commits reach the disk some time later.
        session.execute("SET synchronous_commit = off")
        session.execute("INSERT INTO seen VALUES (1)")
        participant.freeze()
        flushed = cluster.ask(
            f"SELECT pg_current_wal_flush_lsn() >= '{participant.position}'::pg_lsn"
        )
        assert flushed is True
        session.execute("INSERT INTO seen VALUES (2)")
    participant.thaw()
    participant.shutdown()
    # What was committed before the mark outlives a crash without another flush.
    cluster.stop("immediate")
    cluster.start()
    assert int(cluster.ask("SELECT count(*) FROM seen")) >= 1


def test_a_server_that_is_not_there_is_a_reason_to_try_again(tmp_path: Path) -> None:
    participant = PostgreSQL(f"host={tmp_path} user=nobody", timeout=2)
    with pytest.raises(Veto, match="cannot connect") as veto:
        participant.prepare()
    assert veto.value.retryable
    with pytest.raises(Veto, match="not connected"):
        participant.freeze()


def test_one_that_goes_away_is_noticed(cluster: Cluster) -> None:
    participant = PostgreSQL(cluster.conninfo)
    participant.prepare()
    participant.freeze()
    cluster.stop("immediate")
    with pytest.raises(psycopg.OperationalError):
        participant.thaw()
    thread = threading.Thread(target=participant.abort)
    thread.start()
    thread.join()
    participant.abort()


def test_half_written_pages_are_refused(cluster: Cluster) -> None:
    cluster.ask("ALTER SYSTEM SET full_page_writes = off")
    cluster.ask("SELECT pg_reload_conf()")
    while cluster.ask("SELECT current_setting('full_page_writes')") == "on":
        pass
    participant = PostgreSQL(cluster.conninfo)
    with pytest.raises(Veto, match="full_page_writes is off"):
        participant.prepare()
    participant.abort()


def test_it_leaves_no_session_behind(cluster: Cluster) -> None:
    own = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shadowvol'"
    participant = PostgreSQL(cluster.conninfo)
    for end in (participant.abort, participant.shutdown):
        participant.prepare()
        assert cluster.ask(own) == 1
        end()
        while cluster.ask(own) != 0:
            pass
