"""The story: a shadow copy is given to code that knows files only.

Buffered readers, archive and image parsers, hashers and copying loops take a raw file object and
expect the manners of one: short reads at the end, seeking past it, errors after closing.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import difference, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 300_032


@pytest.fixture
def frozen(image: Path) -> Iterator[tuple[sv.ShadowCopy, bytes]]:
    """A shadow copy in a passive node, and what it must hold; the volume has changed since."""
    truth = fill(0, SIZE, version=1)
    image.write_bytes(truth)
    with sv.Volume.create(image, durability="coherent") as vol:
        vol.create_shadow_copy()
        vol.write(0, fill(0, SIZE, version=2))
        with sv.Passive.open(image) as node:
            yield node.newest(), truth


def test_it_is_a_raw_file(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    with copy.open() as file:
        assert isinstance(file, io.RawIOBase)
        assert file.readable()
        assert file.seekable()
        assert not file.writable()
        assert file.mode == "rb"
        assert str(copy.id) in file.name
        assert file.read(10) == truth[:10]
        assert file.tell() == 10
        assert file.read() == truth[10:]
        assert file.read(10) == b""
        assert file.read() == b""


def test_reads_end_at_the_end(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    with copy.open() as file:
        assert file.seek(-5, os.SEEK_END) == SIZE - 5
        buffer = bytearray(b"........")
        assert file.readinto(buffer) == 5
        assert buffer == truth[-5:] + b"..."
        assert file.readinto(buffer) == 0
        assert file.seek(1000, os.SEEK_CUR) == SIZE + 1000
        assert file.readinto(buffer) == 0
        assert file.readall() == b""
        with pytest.raises(ValueError, match="before the first byte"):
            file.seek(-1)
        with pytest.raises(TypeError):
            file.seek(0.5)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="whence"):
            file.seek(0, 7)
        with pytest.raises(io.UnsupportedOperation, match="read only"):
            file.write(b"x")


def test_buffered_reader(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    with io.BufferedReader(copy.open(), buffer_size=1000) as file:
        assert file.read(3) == truth[:3]
        file.seek(123_457)
        assert file.read(77_777) == truth[123_457 : 123_457 + 77_777]
        file.seek(0)
        assert not difference(file.read(), truth)


def test_copyfileobj(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    out = io.BytesIO()
    with copy.open() as file:
        shutil.copyfileobj(file, out, length=7_000)
    assert not difference(out.getvalue(), truth)


def test_file_digest(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    with copy.open() as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(truth).digest()


def test_a_parser_that_takes_file_objects(image: Path) -> None:
    with tarfile.open(image, "w") as archive:
        entry = tarfile.TarInfo("hello.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    with sv.Volume.create(image) as vol:
        copy = vol.create_shadow_copy()
        vol.discard(0, vol.size)
        with io.BufferedReader(copy.open()) as file, tarfile.open(fileobj=file) as archive:
            member = archive.extractfile("hello.txt")
            assert member is not None
            assert member.read() == b"hello"


def test_several_at_once_have_their_own_positions(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    with copy.open() as one, copy.open() as two:
        one.seek(512)
        assert two.read(4) == truth[:4]
        assert one.read(4) == truth[512:516]


def test_closing(frozen: tuple[sv.ShadowCopy, bytes]) -> None:
    copy, truth = frozen
    file = copy.open()
    file.close()
    for attempt in (file.read, file.readall, file.tell, file.seekable, file.readable):
        with pytest.raises(ValueError, match="closed"):
            attempt()
    assert copy.read(0, 3) == truth[:3]


def test_gone_comes_through(volume: sv.Volume, image: Path) -> None:
    volume.create_shadow_copy()
    with (
        sv.Passive.open(image) as node,
        io.BufferedReader(node.newest().open(), buffer_size=4096) as file,
    ):
        file.read(1)
        volume.delete_shadow_copy(1)
        with pytest.raises(sv.Gone):
            file.read()
