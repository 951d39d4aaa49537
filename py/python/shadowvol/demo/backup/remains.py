"""What is left behind when all is over: nothing, one hopes."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import shadowvol as sv
from shadowvol.demo.backup.messages import BRANCHES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REPOSITORY = {"config", "lock", "packs", "index", "backups"}


def find(folder: Path) -> Iterator[str]:
    """What should not be there any more, in words."""
    for process in multiprocessing.active_children():
        yield f"the process of the {process.name} is still running"
    for name in BRANCHES:
        yield from _of_volume(folder / f"{name}.img")
    yield from _files(folder)


def _of_volume(image: Path) -> Iterator[str]:
    with sv.Passive.open(image) as node:
        for shadow_copy in node.shadow_copies():
            yield f"{image.name}@{shadow_copy.id} is still there"
        used = node.space().used
    if used:
        yield f"{image.name}: {used} bytes of the diff area are still taken"
    yield from (f"{image.name}: {finding.what}" for finding in sv.check(image).findings)
    # The active role must be free, too, and a write must not wait for anyone.
    with sv.Volume.open(image) as volume:
        for shadow_copy in volume.gc():
            yield f"{image.name}@{shadow_copy.id} had nobody left to delete it"
        volume.write(volume.size - 1, b"\0")
        volume.flush()


def _files(folder: Path) -> Iterator[str]:
    expected = {"repository", "restored"}
    for name in BRANCHES:
        image = folder / f"{name}.img"
        expected |= {image.name, sv.diff_path(image.name)}
        expected.add(f"restored/{image.name}")
    expected |= {f"repository/{name}" for name in _REPOSITORY}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        inside = name.startswith(("repository/packs/", "repository/index/", "repository/backups/"))
        if name not in expected and (not inside or name.endswith(".partial")):
            yield f"{name} is a file that nobody wants"
