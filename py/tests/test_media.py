"""The story: the file system itself gets in the way.

It is mounted read only, it runs full, or a file may not grow any further. The error names what
happened; shadow copies that exist stay right and the volume can be opened again.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import difference, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 1 << 20


@contextmanager
def small_disk(where: Path, size: str) -> Iterator[None]:
    """A file system of its own in memory; skips the test where none can be mounted."""
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.call(command) != 0:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.check_call(["umount", "-l", str(where)])


def test_a_read_only_file_system(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "16m"):
        image = disk / "disk.img"
        with sv.Volume.create(image, size=SIZE) as vol:
            vol.write(0, fill(0, SIZE, version=1))
            vol.create_shadow_copy()
            vol.write(0, fill(0, SIZE, version=2))
        subprocess.check_call(["mount", "-o", "remount,ro", str(disk)])
        with pytest.raises(sv.ReadOnly) as error:
            sv.Volume.open(image)
        assert isinstance(error.value, OSError)
        assert error.value.errno == errno.EROFS
        with sv.Passive.open(image) as node:
            assert not difference(node.newest().read(0, SIZE), fill(0, SIZE, version=1))
        assert sv.check(image).ok


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "24m"):
        image = disk / "disk.img"
        size = 16 << 20
        image.write_bytes(fill(0, size, version=1))
        with sv.Volume.create(image, durability="coherent") as vol:
            copy = vol.create_shadow_copy()
            step = 128 * 1024
            written = 0
            failed: sv.Error | None = None
            while failed is None:
                try:
                    vol.write(written, fill(written, step, version=2))
                    written += step
                except (sv.DiffAreaFull, sv.MediumError) as error:
                    failed = error
            assert 0 < written < size
            if isinstance(failed, sv.MediumError):
                assert failed.errno == errno.ENOSPC
            assert not difference(copy.read(0, size), fill(0, size, version=1))
            assert not difference(vol.read(0, written), fill(0, written, version=2))
        with sv.Volume.open(image) as vol:
            assert not difference(vol.read(0, written), fill(0, written, version=2))
            assert not difference(vol.newest().read(0, size), fill(0, size, version=1))
            vol.delete_shadow_copy(copy.id)
            vol.write(written, fill(written, step, version=2))


LIMITED = """
import resource, sys
import shadowvol as sv
image, limit = sys.argv[1], int(sys.argv[2])
with sv.Volume.open(image) as vol:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    copies = 0
    try:
        while True:
            vol.create_shadow_copy()
            copies += 1
            vol.write(0, bytes([copies % 250 + 1]) * vol.size)
    except (sv.DiffAreaFull, sv.MediumError) as error:
        print(copies, type(error).__name__)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_file_that_may_not_grow(image: Path) -> None:
    limit = 24 << 20
    with sv.Volume.create(image, size=SIZE, durability="coherent") as vol:
        vol.write(0, b"\1" * SIZE)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(image), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    copies, kind = done.stdout.split()
    assert kind in {"DiffAreaFull", "MediumError"}
    assert int(copies) > 3
    with sv.Volume.open(image) as vol:
        assert len(vol.shadow_copies()) in {int(copies), int(copies) + 1}
        for copy in vol.shadow_copies()[: int(copies)]:
            expected = (copy.id - 1) % 250 + 1
            assert copy.read(0, SIZE) == bytes([expected]) * SIZE
