"""The story: someone types ``shadowvol demo``.

It must end by itself, in time, with every kind of check done at least once and no failure. And when
something is wrong, it must say so: a demo that cannot fail shows nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("apsw")

import shadowvol as sv
from shadowvol.demo import auditor, bank, vfs
from shadowvol.demo.layout import Layout
from shadowvol.demo.messages import ReaderDone, Taken

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.timeout(90)
def test_a_short_run(shadowvol: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = shadowvol("demo", "--seconds", "5", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["failures"] == []
    writer, readers = report["writer"], report["readers"]
    assert writer["transfers"] > 0
    assert writer["copies"] >= 5
    assert writer["mid_transaction"] > 0
    assert writer["deleted"] > 0
    assert len(readers) == 2
    for reader in readers:
        assert reader["audited"] > 0
        assert reader["copied"] > 0
        assert reader["compared"] > 0
        assert reader["reads"] > 0
    assert sum(reader["gone"] for reader in readers) > 0


@pytest.mark.timeout(90)
def test_the_table(shadowvol: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = shadowvol("demo", "--seconds", "2", "--readers", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failures: 0" in done.stdout
    assert "process 3" in done.stdout
    assert "redirected by the re-check" in done.stdout
    assert not done.stderr


@pytest.fixture
def founded(image: Path) -> sv.ShadowCopy:
    """A shadow copy of a volume with the bank on it."""
    vol = sv.Volume.create(image, size=12 << 20, durability="coherent")
    with vfs.connected(Layout(vol)) as connection:
        bank.found(connection)
        bank.Teller(connection, seed=1).transfer()
    return vol.create_shadow_copy()


def test_a_wrong_digest_is_noticed(founded: sv.ShadowCopy) -> None:
    done = ReaderDone()
    auditor.compare(founded, Taken(founded.id, b"another"), done)
    assert done.wrong


def test_a_wrong_balance_is_noticed(image: Path) -> None:
    with (
        sv.Volume.create(image, size=12 << 20, durability="coherent") as vol,
        vfs.connected(Layout(vol)) as connection,
    ):
        bank.found(connection)
        assert bank.audit(connection) == []
        connection.execute("UPDATE account SET balance = balance + 1 WHERE id = 7")
        assert bank.audit(connection)


def test_a_copy_in_mid_transaction_is_rolled_back(image: Path) -> None:
    with (
        sv.Volume.create(image, size=12 << 20, durability="coherent") as vol,
        vfs.connected(Layout(vol)) as connection,
    ):
        bank.found(connection)
        connection.pragma("cache_spill", 1)
        connection.pragma("cache_size", 10)
        connection.execute("BEGIN")
        connection.execute("UPDATE account SET balance = balance + 1")
        connection.cache_flush()
        copy = vol.create_shadow_copy()
        connection.execute("ROLLBACK")
        done = ReaderDone()
        auditor.audit(copy, done)
        assert done.wrong == []
        assert (done.audited, done.rolled_back) == (1, 1)


def test_gone_comes_through_sqlite(founded: sv.ShadowCopy) -> None:
    class Vanishing:
        """A copy that is deleted after some reads."""

        id = founded.id
        size = founded.size

        def __init__(self, reads: int) -> None:
            self._left = reads

        def read(self, offset: int, length: int) -> bytes:
            self._left -= 1
            if self._left < 0:
                raise sv.Gone("gone")
            return founded.read(offset, length)

    for reads in (0, 1, 2, 3, 5, 10, 100, 500):
        with pytest.raises(sv.Gone):
            auditor.audit(Vanishing(reads), ReaderDone())  # type: ignore[arg-type]
