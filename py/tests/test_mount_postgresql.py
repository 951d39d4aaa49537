"""The story: a bank runs on a volume, on a real file system, and is backed up while it works.

PostgreSQL lies on ext4, ext4 on a loop device, and that on a volume that this process serves by
FUSE. Clients transfer money without a pause. Sets with the server and the file system as
participants are backed up by a passive node, in full and then what has changed; a copy is taken
with nobody taking part, as if the power had failed; and the process that serves the volume is
killed. What comes back from each must start, with no page, index or row damaged, and all its sums
must agree. No acknowledged transaction may be missing from it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from disks import loop, mounted, need_disks, run, untested
from pgbench import audit, bank_on
from postgres import programs, reachable_folder
from shadowvol.participants import FileSystem, Participant, PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowvol._types import BackupKind

SIZE = 512 << 20
KINDS: tuple[BackupKind, ...] = ("full", "incremental")
MOST = 240
"""Seconds for each; it is a fraction of that on a machine that has nothing else to do."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in which the server can reach a file system."""
    need_disks()
    if not (programs() / "pgbench").exists():
        untested("PostgreSQL on a volume", "This needs pgbench (Debian: postgresql)")
    with reachable_folder() as folder:
        yield folder


def make_disk(device: str) -> None:
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1", device)


@pytest.mark.timeout(MOST)
def test_backups_of_a_bank_at_work(place: Path) -> None:
    image = place / "disk.img"
    repository = sv.Repository.create(place / "backups")
    restored: dict[str, tuple[int, int]] = {}
    with (
        sv.Volume.create(image, size=SIZE, durability="coherent") as vol,
        mounted(vol, place / "mounted") as mount,
        loop(live(mount)) as device,
    ):
        make_disk(device)
        with bank_on(device, place / "fs") as (bank, point):
            taking_part = [PostgreSQL(bank.cluster.conninfo), FileSystem(point)]
            for kind in KINDS:
                before = bank.wait_for(50)
                backup = back_up(vol, image, repository, taking_part, kind)
                restored[backup.id] = before, bank.wait_for(50)
                assert backup.kind == kind
                assert backup.consistency == "application-consistent"
                assert len(backup.participants) == 2
            # As if the power had failed.
            before = bank.wait_for(50)
            crashed = vol.create_shadow_copy("nobody took part")
            after = bank.wait_for(50)
        crashed.copy_to(place / "crashed.img")
    full, incremental = repository.backups()
    assert incremental.read < full.read / 2
    assert repository.verify().ok
    assert before <= audit(place / "crashed.img", place / "restored") < after
    for backup_id, (before, after) in restored.items():
        out = place / f"{backup_id}.img"
        repository.restore(backup_id, out)
        assert before <= audit(out, place / "restored") < after


def live(mount: sv.Mount) -> Path:
    assert mount.volume is not None
    return mount.volume


def back_up(
    vol: sv.Volume,
    image: Path,
    repository: sv.Repository,
    participants: list[Participant],
    kind: BackupKind,
) -> sv.Backup:
    """Take a set, and back it up by a passive node; its copy is the base of the next one."""
    with (
        sv.backup_set(
            {"disk": vol},
            participants=participants,
            application_consistent=True,
            auto_release=False,
        ) as copies,
        sv.Passive.open(image) as node,
    ):
        return repository.backup(
            node.shadow_copy(copies["disk"].id),
            kind=kind,
            set=copies.id,
            consistency=str(copies.report.outcome),
            participants=list(copies.report.took_part),
        )


SERVER = """
import sys
import shadowvol as sv
with sv.Volume.open(sys.argv[1]) as vol, vol.mount(sys.argv[2]):
    print("mounted", flush=True)
    for line in sys.stdin:
        print(vol.create_shadow_copy(line.strip()).id, flush=True)
"""


@pytest.fixture
def server(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that serves the volume, and takes a copy for every line that it is told."""
    sv.Volume.create(place / "disk.img", size=SIZE, durability="coherent").close()
    (place / "mounted").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, place / "disk.img", place / "mounted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "mounted\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        # The kernel remembers who served it.
        with suppress(AssertionError):
            run("umount", place / "mounted")


@pytest.mark.timeout(MOST)
def test_a_bank_whose_disk_goes_away(place: Path, server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    with loop(place / "mounted" / "volume") as device:
        make_disk(device)
        with bank_on(device, place / "fs") as (bank, _):
            in_copy = bank.wait_for(50)
            server.stdin.write("while it works\n")
            server.stdin.flush()
            assert server.stdout.readline() == "1\n"
            in_volume = bank.wait_for(50)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            bank.crash()
    with pytest.raises(sv.CannotMount, match="umount"), sv.Passive.open(place / "disk.img") as node:
        node.mount(place / "mounted")
    with sv.Volume.open(place / "disk.img") as vol:
        vol.create_shadow_copy("what the kill has left")
        for number, before in ((1, in_copy), (2, in_volume)):
            out = place / f"{number}.img"
            vol.shadow_copy(number).copy_to(out)
            assert audit(out, place / "restored") >= before
    assert sv.check(place / "disk.img").ok
