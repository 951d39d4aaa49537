"""The story: other programs use a volume and its copies as files, while this one takes copies.

The kernel asks this very process for the files. So it must answer whatever it is about itself, even
while it holds the interpreter lock, or freezes the file system that lies on its own volume.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from disks import filesystem, loop, mounted, need_disks, run, untested
from sectors import difference, fill
from shadowvol.participants import FileSystem, Participant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shadowvol.participants import SetCopy

    Run = Callable[..., subprocess.CompletedProcess[str]]

SIZE = 1 << 20

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="NOT TESTED: mounted volumes. This needs Linux"
)


@pytest.fixture
def mount(volume: sv.Volume, tmp_path: Path) -> Iterator[sv.Mount]:
    with mounted(volume, tmp_path / "mounted") as mount:
        yield mount


def live(mount: sv.Mount) -> Path:
    assert mount.volume is not None
    return mount.volume


def test_a_day_with_it(volume: sv.Volume, mount: sv.Mount, tmp_path: Path) -> None:
    assert mount.dir == tmp_path / "mounted"
    assert repr(mount) == f'<Mount "{mount.dir}">'
    with live(mount).open("r+b", buffering=0) as file:
        file.write(fill(0, 8192, version=1))
        os.fsync(file.fileno())
        assert volume.read(0, 8192) == fill(0, 8192, version=1)
        copy = volume.create_shadow_copy("first")
        volume.write(4096, fill(4096, 512, version=2))
        file.seek(4096)
        assert file.read(512) == fill(4096, 512, version=2)
        with pytest.raises(sv.MountBusy, match="in use"):
            mount.unmount()
    assert mount.copy(copy.id) == mount.dir / "copies" / "1.img"
    assert mount.copy(copy.id).read_bytes() == copy.read(0, SIZE)
    unread = volume.create_shadow_copy()
    reader = mount.copy(unread.id).open("rb", buffering=0)
    for gone in (copy, unread):
        volume.delete_shadow_copy(gone.id)
    assert not list((mount.dir / "copies").iterdir())
    with reader:
        reader.seek(SIZE // 2)
        with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
            reader.read(1)
    mount.unmount()
    mount.unmount()
    assert not mount.mounted
    assert mount.wait(0)
    assert not list(mount.dir.iterdir())


def test_it_is_served_while_the_interpreter_is_locked(volume: sv.Volume, mount: sv.Mount) -> None:
    volume.write(0, fill(0, SIZE, version=1))
    copy = volume.create_shadow_copy()
    with (
        mount.copy(copy.id).open("rb") as file,
        mmap.mmap(file.fileno(), SIZE, prot=mmap.PROT_READ) as memory,
    ):
        # Each page comes from this process, in which nothing else can run meanwhile.
        assert not difference(memory[:], fill(0, SIZE, version=1))


def test_a_volume_in_memory(tmp_path: Path) -> None:
    with (
        sv.Volume.create_on(sv.Memory(SIZE), sv.Memory(4 * SIZE)) as vol,
        mounted(vol, tmp_path / "mounted") as mount,
    ):
        assert live(mount).stat().st_mode & 0o777 == 0o600
        with live(mount).open("r+b", buffering=0) as file:
            assert file.write(fill(0, SIZE, version=1)) == SIZE
        assert not difference(vol.read(0, SIZE), fill(0, SIZE, version=1))


def test_other_users_are_let_in_as_far_as_the_image_lets_them() -> None:
    if os.geteuid() != 0:
        untested("mounts for other users", "This needs root")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        for mode, alone, allowed in ((0o600, "refused", "refused"), (0o644, "refused", "ok")):
            image = place / f"{mode:o}.img"
            with sv.Volume.create(image, size=SIZE) as vol:
                image.chmod(mode)
                (place / "mounted").mkdir()
                for allow_other, expected in ((False, alone), (True, allowed)):
                    with mounted(vol, place / "mounted", allow_other=allow_other) as mount:
                        assert as_nobody("head", "-c1", live(mount)) == expected
                        assert as_nobody("dd", "count=1", "if=/dev/zero", f"of={live(mount)}") == (
                            "refused"
                        )
                (place / "mounted").rmdir()


def as_nobody(*command: object) -> str:
    words = [str(word) for word in command]
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run(
        words,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 0:
        return "ok"
    assert b"denied" in done.stderr
    return "refused"


class Curious(Participant):
    """Looks at what others see when it is told of the copies."""

    def __init__(self, mount: sv.Mount) -> None:
        self.seen: list[str] = []
        self._mount = mount

    def post_snapshot(self, copies: Sequence[SetCopy], /) -> None:
        assert len(copies) == 1
        self.seen = [path.name for path in (self._mount.dir / "copies").iterdir()]
        assert not self._mount.copy(copies[0].id).exists()


def test_a_copy_in_the_making_is_not_shown(volume: sv.Volume, mount: sv.Mount) -> None:
    volume.create_shadow_copy()
    curious = Curious(mount)
    with sv.backup_set({"disk": volume}, participants=[curious]) as copies:
        assert curious.seen == ["1.img"]
        assert mount.copy(copies["disk"].id).exists()
    assert not mount.copy(2).exists()


def test_bad_folders(volume: sv.Volume, tmp_path: Path) -> None:
    with pytest.raises(sv.CannotMount, match="make one to mount on"):
        volume.mount(tmp_path / "missing")
    with pytest.raises(sv.CannotMount, match="mount on an empty folder"):
        volume.mount(tmp_path)
    volume.close()
    with pytest.raises(sv.Closed):
        volume.mount(tmp_path)


def test_leaving_the_block_leaves_nothing(volume: sv.Volume, tmp_path: Path) -> None:
    with pytest.raises(KeyError), mounted(volume, tmp_path / "mounted") as mount:
        raise KeyError
    assert not mount.mounted
    assert mount.wait()
    folder = tmp_path / "again"
    used = None
    with pytest.raises(sv.MountBusy), mounted(volume, folder) as mount:
        used = live(mount).open("r+b", buffering=0)
    assert not list(folder.iterdir())
    assert used is not None
    with used:  # it is out of sight, and of use as long as the volume is open
        assert used.write(b"on") == 2
    assert volume.read(0, 2) == b"on"


def test_waiting(mount: sv.Mount) -> None:
    assert not mount.wait(0)
    assert not mount.wait(0.2)
    run("umount", mount.dir)
    assert mount.wait(60)
    assert not mount.mounted


FORK = """
import gc, os, sys
import shadowvol as sv
vol = sv.Volume.open(sys.argv[1])
mount = vol.mount(sys.argv[2])
child = os.fork()
if child == 0:
    mounted = mount.mounted
    mount.unmount()
    del mount, vol
    gc.collect()
    sys.exit(mounted)  # in good order, with all that the interpreter does at its end
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
assert mount.mounted
assert len(mount.volume.read_bytes()) == vol.size
mount.unmount()
vol.close()
"""


def test_a_forked_child_leaves_the_mount_alone(
    volume: sv.Volume, image: Path, tmp_path: Path
) -> None:
    with mounted(volume, tmp_path / "mounted"):
        pass
    volume.close()
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            FORK,
            image,
            tmp_path / "mounted",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("cache", [(), ("--nocache",)], ids=["cached", "direct"])
def test_a_virtual_machine_uses_it(
    volume: sv.Volume, mount: sv.Mount, tmp_path: Path, cache: tuple[str, ...]
) -> None:
    if not shutil.which("qemu-io"):
        untested("volumes as disks of QEMU", "This needs qemu-io (Debian: qemu-utils)")
    volume.write(0, fill(0, SIZE, version=1))
    copy = volume.create_shadow_copy()
    orders = ("write -P 7 4k 64k", "discard 256k 64k", "write -z 512k 64k", "flush", "read 0 1M")
    words = [word for order in orders for word in ("-c", order)]
    run("qemu-io", "-f", "raw", *cache, *words, live(mount))
    expected = bytearray(fill(0, SIZE, version=1))
    expected[4096 : 4096 + 65536] = b"\7" * 65536
    for start in (256 << 10, 512 << 10):
        expected[start : start + 65536] = bytes(65536)
    assert not difference(volume.read(0, SIZE), bytes(expected))
    copy.copy_to(tmp_path / "copy.img")
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", mount.copy(copy.id), tmp_path / "copy.img")


COMMAND = "from shadowvol.cli import main; main()"

FORGETFUL = """
import sys
import shadowvol as sv
vol = sv.Volume.open(sys.argv[1])
mount = vol.mount(sys.argv[2])
with mount.volume.open("r+b") as file:
    file.write(b"kept")
"""


def test_the_end_of_the_interpreter_unmounts(
    volume: sv.Volume, image: Path, tmp_path: Path
) -> None:
    with mounted(volume, tmp_path / "mounted"):
        pass
    volume.close()
    subprocess.run(
        [sys.executable, "-c", FORGETFUL, image, tmp_path / "mounted"], check=True, timeout=60
    )
    assert not list((tmp_path / "mounted").iterdir())
    with sv.Volume.open(image) as again:
        assert again.read(0, 4) == b"kept"


def test_a_file_system_is_frozen_by_the_process_that_serves_it(
    volume: sv.Volume, image: Path, tmp_path: Path
) -> None:
    need_disks()
    volume.close()
    image.unlink()
    Path(sv.diff_path(image)).unlink()
    with (
        sv.Volume.create(image, size=16 << 20) as vol,
        mounted(vol, tmp_path / "mounted") as mount,
        loop(live(mount)) as device,
    ):
        run("mkfs.ext4", "-q", device)
        with filesystem(device, tmp_path / "fs") as point:
            for day in range(3):
                (point / "day").write_text(str(day) * 10_000)
                with sv.backup_set(
                    {"disk": vol},
                    participants=[FileSystem(point)],
                    application_consistent=True,
                    auto_release=False,
                ) as copies:
                    assert copies.report.outcome == "application-consistent"
                (point / "day").write_text("lost" * 4000)
        # A copy in its file: the kernel mounts it without a word of recovery.
        for day in range(3):
            with (
                loop(mount.copy(day + 1), "--read-only") as frozen,
                filesystem(frozen, tmp_path / "frozen", "-o", "ro,noload") as seen,
            ):
                assert (seen / "day").read_text() == str(day) * 10_000


def test_discards_of_a_file_system_reach_the_image(image: Path, tmp_path: Path) -> None:
    need_disks()
    with (
        sv.Volume.create(image, size=32 << 20) as vol,
        mounted(vol, tmp_path / "mounted") as mount,
        loop(live(mount)) as device,
    ):
        run("mkfs.ext4", "-q", device)
        with filesystem(device, tmp_path / "fs") as point:
            (point / "large").write_bytes(os.urandom(20 << 20))
            run("sync", "--file-system", point)
            full = image.stat().st_blocks
            (point / "large").unlink()
            run("sync", "--file-system", point)
            run("fstrim", point)
    assert image.stat().st_blocks < full - (10 << 20) // 512


def test_loop_devices_that_go_past_the_cache(image: Path, tmp_path: Path) -> None:
    need_disks()
    with (
        sv.Volume.create(image, size=SIZE, durability="coherent") as vol,
        mounted(vol, tmp_path / "mounted") as mount,
        loop(live(mount), "--direct-io=on") as device,
    ):
        Path(device).write_bytes(fill(0, SIZE, version=3))
        run("blockdev", "--flushbufs", device)
        assert not difference(vol.read(0, SIZE), fill(0, SIZE, version=3))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a process to mount on, whatever becomes of that."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    yield folder
    subprocess.run(["umount", "--lazy", "--quiet", folder], check=False)


@contextmanager
def begun(image: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command line, when it has mounted; it is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "mount", str(image), str(folder), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_mounted(process, folder)
        yield process
    finally:
        process.kill()
        process.communicate()


def _wait_until_mounted(process: subprocess.Popen[str], folder: Path) -> None:
    assert process.stdout is not None
    said = ""
    while not said.endswith("}\n"):
        line = process.stdout.readline()
        if not line:
            untested("the command mount", process.communicate()[1])
        said += line
    assert json.loads(said) == {
        "dir": str(folder),
        "volume": str(folder / "volume"),
        "copies": str(folder / "copies"),
    }


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, None])
def test_the_command_runs_until_it_is_told_to_end(
    volume: sv.Volume, image: Path, folder: Path, how: signal.Signals | None
) -> None:
    volume.create_shadow_copy()
    volume.close()
    with begun(image, folder) as process:
        assert (folder / "copies" / "1.img").stat().st_size == SIZE
        with (folder / "volume").open("r+b") as file:
            file.write(b"kept")
        if how is None:
            run("umount", folder)
        else:
            process.send_signal(how)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert not list(folder.iterdir())
    with sv.Volume.open(image) as vol:
        assert vol.read(0, 4) == b"kept"


def test_the_command_stays_while_somebody_is_there_unless_it_is_told_twice(
    volume: sv.Volume, image: Path, folder: Path
) -> None:
    volume.close()
    with (
        begun(image, folder) as process,
        (folder / "volume").open("r+b", buffering=0) as file,
    ):
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        while "in use" not in process.stderr.readline():
            pass
        assert file.read(1) == b"\0"
        time.sleep(0.2)  # the second one is not to be taken for the first
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Traceback" not in said
    assert not list(folder.iterdir())


def test_the_command_runs_a_command(volume: sv.Volume, image: Path, shadowvol: Run) -> None:
    volume.write(0, b"before")
    volume.create_shadow_copy()
    folder = image.with_name("mounted")
    with mounted(volume, folder):
        pass
    script = 'head -c 6 "$SHADOWVOL_MOUNT/copies/1.img"; echo "${SHADOWVOL_VOLUME-none}"; exit 3'
    done = shadowvol("mount", image.name, "mounted", "--passive", "--exec", script)
    assert (done.returncode, done.stdout) == (3, "beforenone\n"), done.stderr
    refused = shadowvol("mount", image.name, "mounted", "--exec", "true")
    assert refused.returncode == 1
    assert "has the volume open" in refused.stderr
    volume.close()
    script = 'printf after! | dd of="$SHADOWVOL_VOLUME" conv=notrunc status=none'
    done = shadowvol("mount", image.name, "mounted", "--exec", script)
    assert done.returncode == 0, done.stderr
    assert image.read_bytes()[:6] == b"after!"
    assert not list(folder.iterdir())
    done = shadowvol("mount", image.name, ".")
    assert done.returncode == 1
    assert "mount on an empty folder" in done.stderr
    assert "Traceback" not in done.stderr
