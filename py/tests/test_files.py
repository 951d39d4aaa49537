"""The story: somebody wants one file back, and has a shadow copy of the whole disk.

The file system in the copy is read where it lies. What comes out is what was put in, byte by byte;
what cannot be read is said, and why.
"""

from __future__ import annotations

import errno
import io
import os
import random
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

import ext4
import shadowvol as sv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ext4.tree(tmp_path / "folder")


@pytest.fixture
def disk(image: Path, folder: Path) -> Iterator[sv.Volume]:
    """A volume with a file system."""
    ext4.make(image, folder, "-L", "mine")
    with sv.Volume.create(image, durability="coherent") as vol:
        yield vol


@pytest.fixture
def files(disk: sv.Volume) -> sv.Files:
    return disk.create_shadow_copy().files()


def test_a_file_comes_back(disk: sv.Volume, image: Path) -> None:
    copy = disk.create_shadow_copy()
    with sv.Passive.open(image) as node:
        files = node.shadow_copy(copy.id).files()
        # Somebody writes zeros over all of it meanwhile.
        disk.discard(0, disk.size)
        assert files.read_text("/home/letters/to Ann") == "Dear Ann,\nall is well.\n"
        with pytest.raises(sv.NotAFileSystem, match="only zeros"):
            disk.create_shadow_copy().files()
        with io.BufferedReader(files.open("latest")) as file:
            assert file.readline() == b"Dear Ann,\n"
            assert file.tell() == 10
        disk.delete_shadow_copy(copy.id)
        with pytest.raises(sv.Gone):
            files.listdir("home")
        with pytest.raises(sv.Gone):
            files.exists("home")


def test_all_that_was_put_in_comes_out(files: sv.Files, folder: Path) -> None:
    assert files.label == "mine"
    assert files.replayed == 0
    assert repr(files) == "<Files 'mine' of shadow copy 1>"
    assert files.listdir() == sorted([*(path.name for path in folder.iterdir()), "lost+found"])
    walked = [(top, *rest) for top, *rest in files.walk("/") if top != "/lost+found"]
    expected = sorted((top, sorted(dirs), sorted(rest)) for top, dirs, rest in os.walk(folder))
    root = str(folder)
    assert [(top, [d for d in dirs if d != "lost+found"], rest) for top, dirs, rest in walked] == [
        (top.removeprefix(root) or "/", dirs, rest) for top, dirs, rest in expected
    ]
    for top, dirs, names in os.walk(folder):
        for name in (*dirs, *names):
            real = Path(top, name)
            inside = str(real).removeprefix(root)
            facts, found = real.lstat(), files.lstat(inside)
            for what in ("st_mode", "st_uid", "st_gid", "st_mtime"):
                if what == "st_mtime":
                    assert int(found.st_mtime) == int(facts.st_mtime), inside
                else:
                    assert getattr(found, what) == getattr(facts, what), (what, inside)
            if stat.S_ISLNK(facts.st_mode):
                assert files.readlink(inside) == str(real.readlink())
            elif stat.S_ISREG(facts.st_mode):
                assert (found.st_nlink, found.st_size) == (1, facts.st_size)
                assert files.read_bytes(inside) == real.read_bytes()


def test_the_words_are_those_of_os(files: sv.Files) -> None:
    entries = {entry.name: entry for entry in files.scandir("/home")}
    assert sorted(entries) == ["letters", "photo", "script"]
    assert entries["letters"].is_dir()
    assert entries["photo"].is_file()
    assert (entries["photo"].path, os.fspath(entries["photo"])) == ("/home/photo", "/home/photo")
    assert entries["photo"].stat().st_size == 256 * 800
    assert entries["photo"].inode() == files.stat("home/photo").st_ino
    assert repr(entries["photo"]) == "<FileEntry 'photo'>"
    assert {entry.name for entry in files.scandir("/") if entry.is_symlink()} == {
        "circle",
        "far",
        "latest",
        "out",
    }
    assert stat.filemode(files.stat("home/script").st_mode) == "-rwsr-x---"
    for path in ("latest", "/far/to Ann", "far/../letters/to Ann", PurePosixPath("/latest")):
        assert files.read_text(path).startswith("Dear Ann")
    assert files.isdir("far")
    assert files.isfile("latest")
    assert not files.exists("circle")
    # It leads to a file of this disk, which there is not, and never to one of this machine.
    assert not files.exists("out")
    assert not files.exists("nothing/at/all")
    with files.open("home/photo") as file:
        assert (file.name, file.mode, file.readable(), file.writable()) == (
            "home/photo",
            "rb",
            True,
            False,
        )
        file.seek(-3, io.SEEK_END)
        assert file.read(100) == b"\xfd\xfe\xff"
        assert file.read(100) == b""
        with pytest.raises(io.UnsupportedOperation, match="read only"):
            file.write(b"x")
    pruned = []
    for top, dirs, _ in files.walk("/"):
        pruned.append(top)
        dirs[:] = [name for name in dirs if name == "home"]
    assert pruned == ["/", "/home"]


@pytest.mark.parametrize(
    ("ask", "error", "number"),
    [
        (lambda f: f.read_bytes("nothing"), sv.NoSuchFile, errno.ENOENT),
        (lambda f: f.listdir("nothing/more"), sv.NoSuchFile, errno.ENOENT),
        (lambda f: f.listdir("empty"), sv.NotADirectory, errno.ENOTDIR),
        (lambda f: f.stat("empty/more"), sv.NotADirectory, errno.ENOTDIR),
        (lambda f: f.open("home"), sv.IsADirectory, errno.EISDIR),
        (lambda f: f.readlink("empty"), sv.BadFile, errno.EINVAL),
        (lambda f: f.read_bytes("circle"), sv.BadFile, errno.ELOOP),
        (lambda f: list(f.scandir("nothing")), sv.NoSuchFile, errno.ENOENT),
        (lambda f: list(f.walk("nothing")), sv.NoSuchFile, errno.ENOENT),
    ],
)
def test_what_cannot_be_had_is_an_os_error_too(
    files: sv.Files, ask: Callable[[sv.Files], object], error: type[sv.Error], number: int
) -> None:
    with pytest.raises(error) as caught:
        ask(files)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == number
    assert caught.value.filename


class Failing:
    """An image that can be read, until it cannot."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.fails = False

    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        if self.fails:
            raise OSError(errno.EIO, "no answer")
        buffer[:] = self.data[offset : offset + len(buffer)]

    def write_at(self, offset: int, data: memoryview, /) -> None:
        self.data[offset : offset + len(data)] = data

    def barrier(self) -> None:
        pass


def test_what_cannot_be_read_is_not_missing(image: Path, folder: Path) -> None:
    """`exists` took every OSError for the answer that there is no such file."""
    ext4.make(image, folder)
    origin = Failing(image.read_bytes())
    with sv.Volume.create_on(origin, sv.Memory(1 << 20)) as vol:
        files = vol.create_shadow_copy().files()
        assert files.exists("home")
        origin.fails = True
        with pytest.raises(sv.MediumError, match="no answer"):
            files.exists("home")
        origin.fails = False


def test_a_partition_is_found_by_its_offset(tmp_path: Path, folder: Path, image: Path) -> None:
    ext4.make(tmp_path / "partition", folder)
    offset = 1 << 20
    with sv.Volume.create(image, size=offset + ext4.SIZE) as vol:
        vol.write(510, b"\x55\xaa")
        vol.write(offset, (tmp_path / "partition").read_bytes())
        copy = vol.create_shadow_copy()
        with pytest.raises(sv.NotAFileSystem, match="partition table; give the offset"):
            copy.files()
        assert "home" in copy.files(offset=offset).listdir()
        for wrong in (offset + 512, vol.size):
            with pytest.raises(sv.NotAFileSystem):
                copy.files(offset=wrong)
        for wrong in (-1, vol.size + 1, 1 << 70):
            with pytest.raises(sv.OutOfRange):
                copy.files(offset=wrong)


def test_a_feature_that_is_not_read_is_named(image: Path, folder: Path) -> None:
    ext4.make(image, folder, "-O", "meta_bg,^resize_inode")
    with (
        sv.Volume.create(image) as vol,
        pytest.raises(sv.UnsupportedFileSystem, match="meta block groups"),
    ):
        vol.create_shadow_copy().files()


def test_damage_is_told(disk: sv.Volume) -> None:
    """Bits are turned in every part of it; the right answer or an error, and always an end."""
    whole = disk.create_shadow_copy().files()
    known = {path: whole.lstat(path) for path in _paths(whole)}
    draw = random.Random(20090)
    outcomes = {"told": 0, "harmless": 0}
    for _ in range(60):
        at = draw.randrange(96) * 1024 + draw.randrange(1024)
        old = disk.read(at, 1)
        disk.write(at, bytes([old[0] ^ 1 << draw.randrange(8)]))
        with_damage = disk.create_shadow_copy()
        disk.write(at, old)
        try:
            files = with_damage.files()
            seen = {path: files.lstat(path) for path in _paths(files)}
        except (sv.FileSystemDamaged, sv.UnsupportedFileSystem, sv.NotAFileSystem):
            outcomes["told"] += 1
        else:
            assert seen == known, at
            outcomes["harmless"] += 1
        disk.delete_shadow_copy(with_damage.id)
    assert all(outcomes.values()), outcomes


def test_a_directory_in_itself_has_an_end(image: Path, folder: Path) -> None:
    ext4.make(image, folder, "-O", "^metadata_csum")
    ext4.need("debugfs")
    ext4.call("debugfs", "-w", "-R", "link home home/letters/back", image)
    ext4.call("debugfs", "-w", "-R", "link latest home/letters/fine", image)
    with sv.Volume.create(image) as vol:
        files = vol.create_shadow_copy().files()
        with pytest.raises(sv.FileSystemDamaged, match=r"back.* lies in itself"):
            list(files.walk("/"))
        errors: list[sv.Error] = []
        tops = [top for top, _, _ in files.walk("/", onerror=errors.append)]
        assert len(errors) == 1
        assert "/home/letters" in tops


def _paths(files: sv.Files) -> Iterator[str]:
    for top, dirs, names in files.walk("/"):
        for name in (*dirs, *names):
            path = f"{top.rstrip('/')}/{name}"
            if files.lstat(path).st_size and stat.S_ISREG(files.lstat(path).st_mode):
                files.read_bytes(path)
            yield path
