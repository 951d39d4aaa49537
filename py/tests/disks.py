"""A volume as a disk: mounted by FUSE, under a loop device, with a file system on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(*command: object) -> str:
    """Run a program that must succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.strip()


def untested(what: str, why: str) -> None:
    """Skip the test, so that everybody sees what that means."""
    pytest.skip(f"NOT TESTED: {what}. {why}")


def need_disks() -> None:
    """Skip the test where volumes cannot be disks."""
    what = "file systems on a mounted volume"
    if not (sys.platform.startswith("linux") and os.geteuid() == 0):
        untested(what, "This needs Linux, and root")
    for program, package in (
        ("losetup", "mount"),
        ("mkfs.ext4", "e2fsprogs"),
    ):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            untested(what, f"This needs {program} (Debian: {package})")
    if not Path("/dev/fuse").exists():
        untested(what, "This needs /dev/fuse (modprobe fuse, or a container that has it)")


@contextmanager
def mounted(
    node: sv.Volume | sv.Passive, folder: Path, *, allow_other: bool = False
) -> Iterator[sv.Mount]:
    """A mount in a folder; skips the test where none can be made."""
    folder.mkdir(exist_ok=True)
    try:
        mount = node.mount(folder, allow_other=allow_other)
    except sv.CannotMount as error:
        untested("mounted volumes", str(error))
        raise
    with mount:
        yield mount


@contextmanager
def loop(file: Path, *options: str) -> Iterator[str]:
    """A loop device on a file."""
    device = run("losetup", "--find", "--show", *options, file)
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def filesystem(device: str, point: Path, *options: str) -> Iterator[Path]:
    """A file system that is mounted; it is taken away whatever uses it."""
    point.mkdir(exist_ok=True)
    run("mount", *options, device, point)
    try:
        yield point
    finally:
        with suppress(AssertionError):
            run("umount", point)
        if point.is_mount():
            run("umount", "--lazy", point)
