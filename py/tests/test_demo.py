"""The story: someone types ``shadowvol demo``.

It must end by itself, in time, with every kind of check done at least once and no failure. And when
something is wrong, it must say so: a demo that cannot fail shows nothing.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("apsw")

import shadowvol as sv
from mortal import Mortal
from shadowvol.demo import bank, crew, vfs
from shadowvol.demo.backup import remains
from shadowvol.demo.backup.messages import BRANCHES
from shadowvol.demo.backup.office import VOLUME_SIZE
from shadowvol.demo.layout import Layout
from shadowvol.demo.live import auditor
from shadowvol.demo.live.messages import ReaderDone, Taken
from shadowvol.demo.live.writer import LEAST

if TYPE_CHECKING:
    from pathlib import Path


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.timeout(300)
def test_the_first_act(shadowvol: Run) -> None:
    done = shadowvol("demo", "--act", "1", "--seconds", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["failures"] == []
    assert report["backup"] is None
    writer, readers = report["writer"], report["readers"]
    assert writer["transfers"] > 0
    assert writer["copies"] >= LEAST
    assert writer["mid_transaction"] > 0
    assert writer["deleted"] > 0
    assert len(readers) == 2
    for reader in readers:
        assert reader["audited"] > 0
        assert reader["copied"] > 0
        assert reader["compared"] > 0
        assert reader["reads"] > 0
        # Which one it is depends on how fast the reader is.
        assert reader["gone"] + reader["missed"] > 0


@pytest.mark.timeout(300)
def test_the_second_act(shadowvol: Run) -> None:
    done = shadowvol("demo", "--act", "2", "--pairs", "4", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["failures"] == []
    assert report["writer"] is None
    act = report["backup"]
    apart, one_instant, at_rest = act["comparisons"]
    assert [way["pairs"] for way in (apart, one_instant, at_rest)] == [4, 4, 4]
    assert (one_instant["right"], at_rest["right"], at_rest["rolled_back"]) == (4, 4, 0)
    assert all(wait > 0 for wait in at_rest["waits"])
    full, *incremental = act["nights"]
    assert full["kind"] == "full"
    assert 0 < full["stored"] <= full["new"] < full["read"], "zeros are not stored"
    assert full["read"] < 2 * VOLUME_SIZE, "holes are not read"
    assert len(incremental) == 2
    for night in incremental:
        assert (night["kind"], night["full_because"]) == ("incremental", [])
        assert 0 < night["stored"] <= night["new"] <= night["read"] < full["read"]
    assert len(act["restored"]) == 3
    for restored in act["restored"]:
        assert (restored["identical"], restored["different"]) == (2, [])
        assert restored["audited"] == {"wrong": [], "rolled_back": False}
    assert act["verified"]["backups"] == 6
    assert act["left_behind"] == []
    assert act["office"]["wrong"] == []


@pytest.mark.timeout(300)
def test_what_a_person_sees(shadowvol: Run, tmp_path: Path) -> None:
    done = shadowvol("demo", "--seconds", "2", "--readers", "3", "--pairs", "1", "--keep", "kept")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failures: 0" in done.stdout
    assert "process 3" in done.stdout
    assert "redirected by the re-check" in done.stdout
    assert "Act 2" in done.stdout
    assert "nothing left behind" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 96
    assert "\x1b" not in done.stdout
    assert not done.stderr
    # What is kept can be looked at.
    kept = tmp_path / "kept"
    assert len(sv.Repository.open(kept / "backup" / "repository").backups()) == 6
    assert len(json.loads(shadowvol("list", "kept/live/bank.img", "--json").stdout)) > 0
    again = shadowvol("demo", "--keep", "kept")
    assert again.returncode == 1
    assert "kept is not empty" in again.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("act", "sabotage", "words"),
    [
        (1, "money", "not 20000 and 20000000"),
        (1, "origin", "are not those of the instant"),
        (2, "money", "not 40000 and 40000000"),
        (2, "origin", "savings differs from the instant"),
        (2, "backup", "verify: "),
        (2, "restored", "savings differs from the instant"),
        (2, "leftover", "is still there"),
    ],
)
def test_sabotage_is_noticed(shadowvol: Run, act: int, sabotage: str, words: str) -> None:
    done = shadowvol(
        *("demo", "--act", str(act), "--seconds", "1", "--pairs", "1", "--sabotage", sabotage)
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert words in told
    assert re.search(r"failures: [1-9]", told)


def test_a_process_that_dies_is_noticed() -> None:
    with crew.Crew() as people:
        desk = people.desk("clerk", Mortal)
        assert desk.ask(Mortal.add, 1, 2) == 3
        with pytest.raises(crew.LostError, match="clerk failed: ValueError: no"):
            desk.ask(Mortal.refuse, "no")
        assert desk.ask(Mortal.add, 2, 2) == 4
        with pytest.raises(crew.LostError, match="died with status 7"):
            desk.ask(Mortal.die, 7)
        assert people.failed() == ["the process of the clerk ended with status 7"]
        people.desk("bank", Mortal).close()
        people.wait(60)
        assert multiprocessing.active_children() == []


def test_what_is_left_behind_is_found(tmp_path: Path) -> None:
    for name in BRANCHES:
        with sv.Volume.create(tmp_path / f"{name}.img", size=1 << 20) as vol:
            vol.write(0, b"old")
    sv.Repository.create(tmp_path / "repository")
    assert list(remains.find(tmp_path)) == []
    with sv.Volume.open(tmp_path / "checking.img") as vol:
        vol.create_shadow_copy()
        vol.write(0, b"new")
    (tmp_path / "repository" / "packs" / ".x.1.partial").touch()
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / ".savings.img.tmp").touch()
    with crew.Crew() as people:
        desk = people.desk("clerk", Mortal)
        found = "; ".join(remains.find(tmp_path))
        desk.close()
    assert "the process of the clerk is still running" in found
    assert "checking.img@1 is still there" in found
    assert "checking.img: 4096 bytes of the diff area are still taken" in found
    assert "repository/packs/.x.1.partial" in found
    assert "restored/.savings.img.tmp" in found
    assert "savings.img@" not in found


@pytest.fixture
def founded(image: Path) -> sv.ShadowCopy:
    """A shadow copy of a volume with the bank on it."""
    vol = sv.Volume.create(image, size=12 << 20, durability="coherent")
    with vfs.connected({"bank": Layout(vol)}) as connection:
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
        vfs.connected({"bank": Layout(vol)}) as connection,
    ):
        bank.found(connection)
        assert bank.audit(connection) == []
        connection.execute("UPDATE account SET balance = balance + 1 WHERE id = 7")
        assert bank.audit(connection)


def test_a_copy_in_mid_transaction_is_rolled_back(image: Path) -> None:
    with (
        sv.Volume.create(image, size=12 << 20, durability="coherent") as vol,
        vfs.connected({"bank": Layout(vol)}) as connection,
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
