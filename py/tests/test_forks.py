"""The story: a test harness wants the same disk again and again, to do its worst with.

A fork reads like the copy until it is written to, is nobody else's business, and vanishes. Inside a
set's ``post_snapshot`` the same thing is the copy itself: what is written there stays.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import shadowvol as sv
from sectors import fill
from shadowvol.cli import main
from shadowvol.participants import Participant, SetCopy, Veto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SIZE = 1 << 20


@pytest.fixture
def copy(volume: sv.Volume) -> sv.ShadowCopy:
    """A copy whose sectors say where they are."""
    volume.write(0, fill(0, SIZE, version=1))
    return volume.create_shadow_copy("base")


def test_several_forks_of_one_copy_go_their_own_ways(
    volume: sv.Volume, copy: sv.ShadowCopy, image: Path
) -> None:
    base = copy.read(0, SIZE)
    with sv.Passive.open(image) as node, node.fork(copy.id) as one, copy.fork() as other:
        assert (one.id, one.size, one.chunk_size) == (copy.id, SIZE, volume.chunk_size)
        assert one.write(5000, b"trial") == 5
        one.discard(100_000, 50_000)
        volume.write(0, bytes(SIZE))
        one.flush()
        expected = bytearray(base)
        expected[5000:5005] = b"trial"
        expected[100_000:150_000] = bytes(50_000)
        assert one.read(0, SIZE) == expected
        assert other.read(0, SIZE) == base == copy.read(0, SIZE)
        buffer = bytearray(7)
        assert one.readinto(4999, buffer) == 7
        assert buffer == expected[4999:5006]
        assert one.changes() == [sv.Extent(4096, 4096), sv.Extent(98_304, 53_248)]
        assert other.changes() == []
        assert "open" in repr(one)
    assert one.closed
    assert "closed" in repr(one)
    with pytest.raises(sv.Closed, match="discarded"):
        one.read(0, 1)
    one.close()
    with copy.fork() as again:
        assert again.read(0, SIZE) == base


def test_nothing_is_left_of_a_fork(copy: sv.ShadowCopy, tmp_path: Path) -> None:
    folder = tmp_path / "forks"
    folder.mkdir()
    with copy.fork(folder=folder) as fork:
        fork.write(0, b"x" * 100_000)
        assert list(folder.iterdir()) == []
    with pytest.raises(sv.MissingMedium):
        copy.fork(folder=folder / "nowhere")


def test_a_fork_of_a_deleted_copy_says_so(volume: sv.Volume, copy: sv.ShadowCopy) -> None:
    with copy.fork() as fork:
        fork.write(8192, b"y" * 4096)
        volume.delete_shadow_copy(copy.id)
        with pytest.raises(sv.Gone) as gone:
            fork.read(0, 512)
        assert gone.value.copy == copy.id
        with pytest.raises(sv.Gone):
            fork.write(100, b"a part of a chunk")
        assert fork.read(8192, 4096) == b"y" * 4096


def test_requests_that_cannot_be(copy: sv.ShadowCopy) -> None:
    with copy.fork() as fork:
        for refused in (
            lambda: fork.read(SIZE, 1),
            lambda: fork.write(SIZE - 1, b"xx"),
            lambda: fork.discard(1, SIZE),
        ):
            with pytest.raises(sv.OutOfRange):
                refused()


def test_a_fork_as_a_file(copy: sv.ShadowCopy) -> None:
    with copy.fork() as fork:
        with io.BufferedRandom(fork.open()) as file:
            file.seek(-4, io.SEEK_END)
            file.write(b"tail")
            file.seek(1000)
            file.write(b"middle")
            file.seek(998)
            assert file.read(8) == copy.read(998, 2) + b"middle"
        assert fork.read(SIZE - 4, 4) == b"tail"
        raw = fork.open()
        assert (raw.mode, raw.readable(), raw.writable(), raw.seekable()) == ("rb+", *[True] * 3)
        assert str(copy.id) in raw.name
        raw.seek(-2, io.SEEK_END)
        assert raw.write(b"long") == 2
        with pytest.raises(OSError, match="ends at byte"):
            raw.write(b"x")
        with pytest.raises(io.UnsupportedOperation):
            raw.truncate(10)
        raw.close()
        with pytest.raises(ValueError, match="closed"):
            raw.write(b"x")
        assert fork.read(SIZE - 2, 2) == b"lo", "the fork is still there"


def test_a_fork_is_copied_out(copy: sv.ShadowCopy, tmp_path: Path) -> None:
    out = tmp_path / "out.img"
    told: list[tuple[int, int]] = []
    with copy.fork() as fork:
        fork.write(4096, b"z" * 4096)
        fork.discard(65_536, 500_000)
        written = fork.copy_to(out, progress=lambda done, total: told.append((done, total)))
        assert out.read_bytes() == fork.read(0, SIZE)
        assert written < SIZE
        assert told[-1] == (SIZE, SIZE)
        assert fork.copy_to(tmp_path / "out.qcow2", format="qcow2") > 0


def test_threads_share_a_fork(copy: sv.ShadowCopy) -> None:
    with copy.fork() as fork:

        def write(nth: int) -> None:
            for at in range(nth * 64, SIZE, 1024):
                fork.write(at, bytes([nth]) * 64)

        threads = [threading.Thread(target=write, args=(nth,)) for nth in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = bytearray(copy.read(0, SIZE))
        for nth in range(4):
            for at in range(nth * 64, SIZE, 1024):
                expected[at : at + 64] = bytes([nth]) * 64
        assert fork.read(0, SIZE) == expected


def test_a_command_gets_a_fork_of_its_own(
    volume: sv.Volume, copy: sv.ShadowCopy, image: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, pathlib, sys\n"
        "image = pathlib.Path(os.environ['SHADOWVOL_FORK'])\n"
        "assert image.stat().st_size == 1 << 20\n"
        "with image.open('r+b') as file:\n"
        "    first = file.read(512)\n"
        "    file.seek(0)\n"
        "    file.write(b'ruined' * 1000)\n"
        "pathlib.Path('seen').write_bytes(first)\n"
        "pathlib.Path('where').write_text(f'{image}\\n{os.environ[\"SHADOWVOL_COPY\"]}')\n"
        "sys.exit(7)\n"
    )
    volume.write(0, bytes(SIZE))
    folder = tmp_path / "forks"
    folder.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from shadowvol.cli import main; main()"),
            *("fork", f"{image}@{copy.id}", "--folder", str(folder)),
            *("--exec", f"'{sys.executable}' '{script}'"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert (tmp_path / "seen").read_bytes() == fill(0, 512, version=1)
    where, name = (tmp_path / "where").read_text().splitlines()
    assert where.startswith(str(folder))
    assert name == f"{image}@{copy.id}"
    assert list(folder.iterdir()) == []
    assert copy.read(0, SIZE) == fill(0, SIZE, version=1)


def test_the_command_fork_refuses_what_makes_no_sense(image: Path, copy: sv.ShadowCopy) -> None:
    run = CliRunner().invoke
    assert run(main, ["fork", f"{image}@{copy.id}"]).exit_code == 2
    missing = run(main, ["fork", f"{image}@99", "--exec", "true"])
    assert missing.exit_code == 1
    assert "99" in missing.output
    nowhere = ["fork", f"{image}@{copy.id}", "--exec", "true", "--folder", "/no/such/folder"]
    assert run(main, nowhere).exit_code == 2


class Editor(Participant):
    """Does this with every copy."""

    name = "editor"

    def __init__(self, edit: Callable[[SetCopy], object]) -> None:
        self.kept: list[SetCopy] = []
        self._edit = edit

    def post_snapshot(self, copies: Sequence[SetCopy], /) -> None:
        for one in copies:
            self.kept.append(one)
            self._edit(one)


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[dict[str, sv.Volume]]:
    """Two open volumes with something in them."""
    with contextlib.ExitStack() as stack:
        made = {
            name: stack.enter_context(
                sv.Volume.create(tmp_path / f"{name}.img", size=SIZE, durability="coherent")
            )
            for name in ("data", "log")
        }
        for volume in made.values():
            volume.write(0, fill(0, SIZE, version=1))
        yield made


def test_a_participant_changes_the_copies_before_anybody_sees_them(
    volumes: dict[str, sv.Volume], tmp_path: Path
) -> None:
    def edit(copy: SetCopy) -> None:
        if copy.volume == "data":
            with copy.writable() as fork:
                assert fork.read(0, 512) == fill(0, 512, version=1)
                fork.write(10, b"replayed")
            copy.writable().discard(500_000, 100_000)

    editor = Editor(edit)
    with sv.backup_set(volumes, participants=[editor]) as copies:
        assert copies.report.recovered == ("data",)
        assert (copies["data"].recovered, copies["log"].recovered) == (True, False)
        expected = bytearray(fill(0, SIZE, version=1))
        expected[10:18] = b"replayed"
        expected[500_000:600_000] = bytes(100_000)
        volumes["data"].write(0, bytes(SIZE))
        assert copies["data"].read(0, SIZE) == expected
        assert copies["log"].read(0, SIZE) == fill(0, SIZE, version=1)
        with sv.Passive.open(tmp_path / "data.img") as node:
            assert node.newest().recovered
            assert node.newest().read(0, SIZE) == expected
            assert sv.check(tmp_path / "data.img").findings == []
        for one in editor.kept:
            with pytest.raises(sv.Finished):
                one.writable()


def test_a_set_copy_is_still_a_pair(volumes: dict[str, sv.Volume]) -> None:
    editor = Editor(lambda _: None)
    with sv.backup_set(volumes, participants=[editor]) as copies:
        assert [(name, number) for name, number in editor.kept] == [
            (name, copy.id) for name, copy in copies.items()
        ]
        assert copies.report.recovered == ()
    with pytest.raises(sv.Finished):
        SetCopy("data", 1).writable()


def test_a_participant_that_fails_behind_a_write_leaves_nothing(
    volumes: dict[str, sv.Volume],
) -> None:
    def edit(copy: SetCopy) -> None:
        copy.writable().write(0, b"half")
        raise Veto("the log is damaged")

    with (
        pytest.raises(sv.SetFailed, match="the log is damaged"),
        sv.backup_set(volumes, participants=[Editor(edit)]),
    ):
        pass
    assert all(volume.shadow_copies() == [] for volume in volumes.values())


def test_a_database_rolls_back_in_the_copy(tmp_path: Path) -> None:
    """What a transaction had half written is gone from the copy, and goes on in the volume.

    The database lies on the volume as it is: a raw image whose bytes are the database file's.
    """
    database = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(database)) as shop:
        shop.execute("CREATE TABLE secret (what TEXT)")
        shop.execute("INSERT INTO secret VALUES (?)", ("a password" * 1000,))
        shop.commit()
    database.write_bytes(database.read_bytes().ljust(1 << 16, b"\0"))

    def without_secrets(copy: SetCopy) -> None:
        scratch = tmp_path / "scratch.db"
        with copy.writable() as fork:
            fork.copy_to(scratch)
            with contextlib.closing(sqlite3.connect(scratch)) as shop:
                shop.execute("PRAGMA secure_delete = ON")
                shop.execute("DELETE FROM secret")
                shop.commit()
            fork.write(0, scratch.read_bytes().ljust(fork.size, b"\0")[: fork.size])

    with sv.Volume.create(database) as volume:
        with sv.backup_set({"shop": volume}, participants=[Editor(without_secrets)]) as copies:
            copies["shop"].copy_to(tmp_path / "backup.db")
            assert b"a password" in volume.read(0, volume.size)
        assert b"a password" not in (tmp_path / "backup.db").read_bytes()
    with contextlib.closing(sqlite3.connect(tmp_path / "backup.db")) as shop:
        assert shop.execute("SELECT count(*) FROM secret").fetchall() == [(0,)]
