"""The story: shadow copies of a file system that is mounted and at work, and the files inside them.

ext4 lies on a loop device, and that on a volume that this process serves by FUSE. A copy that is
taken just so has a journal that was not replayed, as after a power cut. What is read from it must
be what Linux shows after it has replayed that journal. A copy that is taken while the file system
is frozen has nothing to replay.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from disks import filesystem, loop, mounted, need_disks, run
from shadowvol.participants import FileSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 48 << 20
COPIES = 6
BUSY = Path(__file__).with_name("busy.py")

Tree = dict[str, tuple[int, int, int, bytes]]


@contextmanager
def work(point: Path) -> Iterator[None]:
    """A process that is at work in a folder for the time of the block."""
    command = [sys.executable, str(BUSY), str(point)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as busy:
        try:
            assert busy.stdout
            assert busy.stdout.readline() == "begun\n"
            yield
            assert busy.poll() is None
        finally:
            busy.kill()


@contextmanager
def disk(place: Path, *options: str) -> Iterator[tuple[sv.Volume, Path]]:
    """A volume, and a file system on it that is mounted."""
    need_disks()
    with (
        sv.Volume.create(place / "disk.img", size=SIZE, durability="coherent") as vol,
        mounted(vol, place / "mounted") as mount,
    ):
        assert mount.volume
        with loop(mount.volume) as device:
            run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", *options, device)
            with filesystem(device, place / "fs") as point:
                yield vol, point


def inside(files: sv.Files) -> Tree:
    """What the files inside a copy are."""
    tree = {}
    for top, dirs, names in files.walk("/"):
        for name in (*dirs, *names):
            path = f"{top.rstrip('/')}/{name}"
            facts = files.lstat(path)
            if stat.S_ISREG(facts.st_mode):
                content = files.read_bytes(path)
            else:
                is_link = stat.S_ISLNK(facts.st_mode)
                content = os.fsencode(files.readlink(path)) if is_link else b""
            size = 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size
            tree[path] = (facts.st_mode, facts.st_mtime_ns, size, content)
    return tree


def outside(folder: Path) -> Tree:
    """What the files in a folder are."""
    tree = {}
    for top, dirs, names in os.walk(folder):
        for name in (*dirs, *names):
            path = Path(top, name)
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode):
                content = path.read_bytes()
            else:
                is_link = stat.S_ISLNK(facts.st_mode)
                content = os.fsencode(path.readlink()) if is_link else b""
            size = 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size
            tree[str(path).removeprefix(str(folder))] = (
                facts.st_mode,
                facts.st_mtime_ns,
                size,
                content,
            )
    return tree


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "options",
    [
        # The smallest journal goes round every few moments.
        ("-b", "1024", "-J", "size=1"),
        ("-b", "4096", "-J", "size=4"),
        ("-b", "1024", "-J", "size=1", "-O", "^metadata_csum,^64bit"),
    ],
)
def test_a_journal_is_replayed_as_linux_does_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    replayed = []
    with disk(tmp_path, *options) as (vol, point):
        with work(point):
            for _ in range(COPIES):
                time.sleep(0.4)
                vol.create_shadow_copy()
        for copy in vol.shadow_copies():
            files = copy.files()
            replayed.append(files.replayed)
            seen = inside(files)
            copy.copy_to(tmp_path / "copy.img")
            with (
                loop(tmp_path / "copy.img") as device,
                filesystem(device, tmp_path / "recovered") as recovered,
            ):
                truth = outside(recovered)
            assert sorted(seen) == sorted(truth)
            assert [path for path in seen if seen[path] != truth[path]] == []
            assert len(seen) > 10
    assert any(replayed), "no copy had a journal to replay: nothing was tested"


def test_a_frozen_file_system_has_nothing_to_replay(tmp_path: Path) -> None:
    with disk(tmp_path) as (vol, point), work(point):
        for day in range(2):
            (point / "day").write_text(str(day) * 10_000)
            with sv.backup_set(
                {"disk": vol}, participants=[FileSystem(point)], auto_release=False
            ) as copies:
                assert copies.report.outcome == "application-consistent"
            (point / "day").write_text("lost" * 4000)
        for day, copy in enumerate(vol.shadow_copies()):
            files = copy.files()
            assert files.replayed == 0
            assert files.read_text("/day") == str(day) * 10_000
            assert len(inside(files)) > 10
