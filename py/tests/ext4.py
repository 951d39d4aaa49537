"""File systems, made by mkfs.ext4 out of folders and put into volumes."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from disks import untested

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIZE = 8 << 20
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def need(*programs: str) -> None:
    """Skip the test where a program is missing."""
    for program in programs:
        if not shutil.which(program, path=_PATH):
            untested("files inside a copy", f"This needs {program} (Debian: e2fsprogs)")


def call(program: str, *args: object, also: Sequence[int] = ()) -> str:
    """Run a program of e2fsprogs."""
    found = shutil.which(program, path=_PATH)
    assert found
    done = subprocess.run(
        [found, *map(str, args)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in {0, *also}, (program, args, done.stdout, done.stderr)
    return done.stdout


def make(image: Path, content: Path, *options: str, size: int = SIZE) -> None:
    """Make an image with a file system that has what is in a folder."""
    need("mkfs.ext4")
    image.touch()
    os.truncate(image, size)
    call("mkfs.ext4", "-q", "-F", "-E", "root_owner=0:0", *options, "-d", content, image)


def tree(folder: Path) -> Path:
    """A folder with a file of every sort."""
    (folder / "home" / "letters").mkdir(parents=True)
    (folder / "home" / "letters" / "to Ann").write_text("Dear Ann,\nall is well.\n")
    (folder / "home" / "photo").write_bytes(bytes(range(256)) * 800)
    (folder / "home" / "script").write_text("#!/bin/sh\n")
    (folder / "home" / "script").chmod(0o4750)
    os.utime(folder / "home" / "script", ns=(1, 1_234_567_890_123_456_789))
    (folder / "empty").touch()
    (folder / "latest").symlink_to("home/letters/to Ann")
    (folder / "far").symlink_to("/home/letters")
    (folder / "out").symlink_to("../../../etc/passwd")
    (folder / "circle").symlink_to("circle")
    with (folder / "holes").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"behind a hole")
    (folder / os.fsdecode(b"gr\xfc\xdfe")).write_text("no UTF-8")
    return folder
