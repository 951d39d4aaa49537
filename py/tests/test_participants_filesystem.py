"""The story: the kernel freezes a file system, and it is thawed whatever becomes of who asked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shadowvol.participants import FileSystem, Veto

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """An ext4 file system on a loop device."""
    if not (sys.platform.startswith("linux") and os.geteuid() == 0 and shutil.which("mkfs.ext4")):
        pytest.skip("needs Linux, root, and mkfs.ext4 (Debian: e2fsprogs)")
    image, point = tmp_path / "fs.img", tmp_path / "mount"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    run("mkfs.ext4", "-q", image)
    point.mkdir()
    try:
        run("mount", "-o", "loop", image, point)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"cannot mount a loop device here: {error.stderr.decode().strip()}")
    try:
        yield point
    finally:
        run("umount", point)


class Writer:
    """Writes to the file system all the time, and knows when it got through last."""

    def __init__(self, point: Path) -> None:
        self.count = 0
        self._path = point / "written"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        while not self._stop.is_set():
            self._path.write_text(str(self.count))
            self.count += 1
            time.sleep(0.001)

    def is_stuck(self) -> bool:
        time.sleep(0.05)
        before = self.count
        time.sleep(0.3)
        return self.count == before

    def goes_on(self) -> bool:
        before, until = self.count, time.monotonic() + 10
        while self.count <= before + 1 and time.monotonic() < until:
            time.sleep(0.01)
        return self.count > before + 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def writer(mounted: Path) -> Iterator[Writer]:
    writing = Writer(mounted)
    yield writing
    writing.stop()


def test_writers_wait_until_it_is_thawed(mounted: Path, writer: Writer) -> None:
    participant = FileSystem(mounted)
    participant.prepare()
    participant.freeze()
    assert writer.is_stuck()
    participant.thaw()
    assert writer.goes_on()
    participant.freeze()
    participant.abort()
    participant.abort()
    assert writer.goes_on()
    with pytest.raises(Veto, match="not frozen all the time"):
        participant.thaw()


def test_it_thaws_by_itself_and_says_so(mounted: Path, writer: Writer) -> None:
    participant = FileSystem(mounted, limit=0.2)
    participant.freeze()
    assert writer.goes_on()
    with pytest.raises(Veto, match=r"thawed after 0\.2 s") as veto:
        participant.thaw()
    assert veto.value.retryable


DIE = """
import os, sys
from shadowvol.participants import FileSystem
FileSystem(sys.argv[1]).freeze()
print("frozen", flush=True)
os.kill(os.getpid(), 9)
"""


def test_it_is_thawed_when_who_froze_it_is_killed(mounted: Path, writer: Writer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIE, str(mounted)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-9, "frozen\n")
    assert writer.goes_on()


def guard_of(point: Path) -> int:
    """The process that keeps the file system frozen."""
    words = (b"_guard.py", bytes(point))
    (found,) = (
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if all(word in path.read_bytes() for word in words)
    )
    return int(found)


def test_it_stays_frozen_when_a_service_is_told_to_stop(mounted: Path, writer: Writer) -> None:
    """The guard died of the signal that every process of a service gets, and nobody thawed."""
    participant = FileSystem(mounted)
    participant.freeze()
    for ending in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(guard_of(mounted), ending)
    assert writer.is_stuck()
    participant.thaw()
    assert writer.goes_on()


def test_it_is_thawed_when_its_guard_is_killed(mounted: Path, writer: Writer) -> None:
    participant = FileSystem(mounted)
    participant.freeze()
    os.kill(guard_of(mounted), signal.SIGKILL)
    with pytest.raises(Veto, match="guard has died") as veto:
        participant.thaw()
    assert veto.value.retryable
    assert writer.goes_on()


def test_two_do_not_freeze_it_at_once(mounted: Path, writer: Writer) -> None:
    first, second = FileSystem(mounted), FileSystem(mounted)
    first.freeze()
    with pytest.raises(Veto, match="busy") as veto:
        second.freeze()
    assert veto.value.retryable
    second.abort()
    first.thaw()
    assert writer.goes_on()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux freezes")
def test_the_root_is_left_alone() -> None:
    with pytest.raises(Veto, match="root file system"):
        FileSystem("/etc").prepare()
    unable = FileSystem("/proc")
    with pytest.raises(Veto, match=r"FIFREEZE|not permitted"):
        unable.freeze()
