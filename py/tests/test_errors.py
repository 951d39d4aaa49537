"""The story: everything that can be wrong with what is opened.

Each kind of bad input gets its own clear error, and nothing is lost by trying: the media are as
they were, and the right ones still open. Damage is told from "no news": whatever byte is flipped or
cut off, a reader gets the right bytes or an error, never wrong bytes and never a crash.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest

import shadowvol as sv
from sectors import difference, fill

SIZE = 256 * 1024


@pytest.fixture
def closed(image: Path) -> dict[int, bytes]:
    """A closed volume in ``image`` with a few copies, and what they hold."""
    contents = {}
    with sv.Volume.create(image, size=SIZE) as vol:
        for version in (1, 2, 3):
            vol.write(version * 8192, fill(version * 8192, 64 * 1024, version))
            contents[vol.create_shadow_copy().id] = vol.read(0, SIZE)
        vol.write(0, fill(0, SIZE, version=4))
    return contents


def area(image: Path) -> Path:
    """The diff area of an image."""
    return image.with_name(image.name + ".diff")


def verify(image: Path, contents: dict[int, bytes]) -> None:
    """Everything is as it was."""
    with sv.Volume.open(image) as vol:
        assert not difference(vol.read(0, SIZE), fill(0, SIZE, version=4))
    with sv.Passive.open(image) as node:
        for copy_id, data in contents.items():
            assert not difference(node.shadow_copy(copy_id).read(0, SIZE), data)


def refused(image: Path, kind: type[sv.Error] | tuple[type[sv.Error], ...]) -> sv.Error:
    """The error of opening, which both roles must get."""
    with pytest.raises(kind):
        sv.Passive.open(image)
    with pytest.raises(kind) as error:
        sv.Volume.open(image)
    assert str(error.value)
    return error.value


def test_a_missing_image(image: Path) -> None:
    error = refused(image, sv.MissingMedium)
    assert isinstance(error, FileNotFoundError)
    assert str(image) in str(error)
    with pytest.raises(sv.MissingMedium):
        sv.Volume.create(image)


def test_a_missing_diff_area(image: Path) -> None:
    image.write_bytes(bytes(SIZE))
    error = refused(image, sv.MissingMedium)
    assert str(area(image)) in str(error)


def test_a_missing_origin(image: Path, closed: dict[int, bytes]) -> None:
    away = image.rename(image.with_name("away"))
    refused(image, sv.MissingMedium)
    away.rename(image)
    verify(image, closed)


def test_creating_twice_changes_nothing(image: Path, closed: dict[int, bytes]) -> None:
    with pytest.raises(sv.MediumExists) as error:
        sv.Volume.create(image)
    assert isinstance(error.value, FileExistsError)
    verify(image, closed)


def test_creating_with_another_size_changes_nothing(image: Path) -> None:
    image.write_bytes(b"precious" * 512)
    with pytest.raises(sv.OriginSize):
        sv.Volume.create(image, size=SIZE)
    assert image.read_bytes() == b"precious" * 512
    assert not area(image).exists()


@pytest.mark.parametrize("chunk_size", [0, 1, 512, 2048, 5000, 4095, 2 << 20, 1 << 40])
def test_bad_chunk_sizes(image: Path, chunk_size: int) -> None:
    with pytest.raises(sv.BadChunkSize) as error:
        sv.Volume.create(image, size=SIZE, chunk_size=chunk_size)
    assert isinstance(error.value, ValueError)
    assert not area(image).exists()
    assert not image.exists()


def test_words_that_are_no_choice(image: Path) -> None:
    for wrong in ("durability", "on_full", "caching"):
        with pytest.raises(ValueError, match="sometimes"):
            sv.Volume.create(image, size=SIZE, **{wrong: "sometimes"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sometimes"):
        sv.Volume.open(image, external_write="sometimes")  # type: ignore[arg-type]


def test_a_label_that_is_too_long(volume: sv.Volume) -> None:
    with pytest.raises(sv.LabelTooLong) as error:
        volume.create_shadow_copy("é" * 100_000)
    assert error.value.limit is not None
    longest = "é" * (error.value.limit // 2)
    assert volume.create_shadow_copy(longest).label == longest
    assert [copy.id for copy in volume.shadow_copies()] == [1]


@pytest.mark.parametrize("junk", [b"", b"\0" * 65536, b"hello", os.urandom(65536), b"\xff" * 4096])
def test_a_file_that_is_no_diff_area(image: Path, closed: dict[int, bytes], junk: bytes) -> None:
    real = area(image).rename(image.with_name("real"))
    area(image).write_bytes(junk)
    refused(image, (sv.NotADiffArea, sv.Corrupt))
    with pytest.raises((sv.NotADiffArea, sv.Corrupt)):
        sv.check(image)
    assert area(image).read_bytes() == junk
    real.replace(area(image))
    verify(image, closed)


def test_an_origin_of_another_size(image: Path, closed: dict[int, bytes]) -> None:
    for size in (SIZE + 512, SIZE - 512, 0):
        saved = Path(shutil.copy(image, image.with_name("saved")))
        os.truncate(image, size)
        error = refused(image, sv.OriginSize)
        assert isinstance(error, sv.OriginSize)
        assert (error.recorded, error.found) == (SIZE, size)
        saved.replace(image)
    with sv.Volume.open(image, external_write="trust"):
        pass
    verify(image, closed)


def test_the_diff_area_of_another_volume(image: Path, closed: dict[int, bytes]) -> None:
    other = image.with_name("other.img")
    with sv.Volume.create(other, size=SIZE) as vol:
        vol.write(0, fill(0, SIZE, version=9, writer=9))
        vol.create_shadow_copy()
    mixed = image.with_name("mixed.img")
    shutil.copy(image, mixed)
    shutil.copy(area(other), area(mixed))
    with pytest.raises((sv.OtherOrigin, sv.ExternalWrite)):
        sv.Volume.open(mixed)
    verify(image, closed)


def test_an_origin_changed_behind_the_engines_back(image: Path, closed: dict[int, bytes]) -> None:
    saved = image.read_bytes()
    with image.open("r+b") as file:
        file.seek(4096)
        file.write(b"changed")
    os.utime(image, ns=(1, 1))  # however the clock stands
    with pytest.raises(sv.ExternalWrite):
        sv.Volume.open(image)
    with pytest.raises(sv.ExternalWrite):
        sv.Volume.open(image)  # refusing does not make it right
    image.write_bytes(saved)
    with sv.Volume.open(image, external_write="trust") as vol:
        assert [copy.id for copy in vol.shadow_copies()] == list(closed)
    verify(image, closed)
    with image.open("r+b") as file:
        file.write(b"changed once more")
    os.utime(image, ns=(2, 2))
    with sv.Volume.open(image, external_write="drop") as vol:
        assert vol.shadow_copies() == []
        (event,) = vol.events()
        assert (event.kind, event.reason) == ("copies-dropped", "external-write")
        assert event.copies == list(closed)
        assert vol.create_shadow_copy().id == 4


def test_a_second_active(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        vol.write(0, b"mine")
        with pytest.raises(sv.RoleTaken):
            sv.Volume.open(image)
        with pytest.raises(sv.RoleTaken):
            sv.Volume.open(f"{image.parent}/./{image.name}")
        vol.write(4, b"still")
        vol.create_shadow_copy()
        assert vol.read(0, 9) == b"minestill"
    with sv.Volume.open(image) as vol:
        assert vol.read(0, 9) == b"minestill"


def test_a_second_active_by_another_name(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE):
        link = image.with_name("link.img")
        link.symlink_to(image)
        with pytest.raises(sv.RoleTaken):
            sv.Volume.open(link, diff=area(image))


def test_a_directory_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(sv.MediumError, match="neither a regular file nor a block device"):
        sv.Volume.create(tmp_path)


def test_copy_to_where_nothing_can_be(volume: sv.Volume, image: Path) -> None:
    copy = volume.create_shadow_copy()
    with pytest.raises(sv.MediumError) as error:
        copy.copy_to(image.parent / "no" / "such" / "folder.img")
    assert error.value.errno == errno.ENOENT
    for own in (image, area(image)):
        with pytest.raises(sv.BadTarget, match="own image or diff area"):
            copy.copy_to(own)
    # As long as a name may be, and longer with what is added while it is being written.
    copy.copy_to(image.parent / ("n" * 255))
    names = {path.name for path in image.parent.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        copy.copy_to(image.parent / "out", progress=_cancel)
    assert {path.name for path in image.parent.iterdir()} == names


def _cancel(done: int, total: int) -> None:
    raise KeyboardInterrupt(done, total)


def test_copy_to_replaces_and_is_sparse(volume: sv.Volume, image: Path) -> None:
    volume.write(8192, fill(8192, 4096, version=1))
    copy = volume.create_shadow_copy()
    out = image.with_name("out")
    out.write_bytes(b"old")
    done: list[tuple[int, int]] = []
    written = copy.copy_to(out, progress=lambda now, total: done.append((now, total)))
    assert not difference(out.read_bytes(), copy.read(0, copy.size))
    assert 4096 <= written < volume.size
    assert out.stat().st_blocks * 512 < volume.size
    assert done == sorted(done)
    assert done[-1] == (volume.size, volume.size)
    assert copy.copy_to(out, sparse=False) == volume.size
    assert not difference(out.read_bytes(), copy.read(0, copy.size))


def _outcome(image: Path, contents: dict[int, bytes]) -> str:
    """What a passive node makes of damaged media; wrong bytes fail the test."""
    try:
        with sv.Passive.open(image) as node:
            alive = {copy.id: copy for copy in node.shadow_copies()}
            for copy_id, data in contents.items():
                copy = alive.get(copy_id)
                if copy is None:
                    return "a copy is missing"
                try:
                    found = copy.read(0, SIZE)
                except sv.Corrupt:
                    return "corrupt"
                wrong = difference(found, data)
                assert not wrong, f"copy {copy_id} shows wrong bytes: {wrong}"
    except sv.Error as error:
        return type(error).__name__
    return "right"


def test_flipped_bits_are_never_served(image: Path, closed: dict[int, bytes]) -> None:
    whole = area(image).read_bytes()
    chance = random.Random(20261)
    used = [at for at in range(0, len(whole), 64) if any(whole[at : at + 64])]
    outcomes = []
    for _ in range(300):
        at = chance.choice(used) + chance.randrange(64)
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        area(image).write_bytes(damaged)
        outcome = _outcome(image, closed)
        assert outcome != "a copy is missing", f"a bit at {at} makes a copy vanish without a word"
        outcomes.append(outcome)
    assert "corrupt" in outcomes or "Corrupt" in outcomes
    area(image).write_bytes(whole)
    verify(image, closed)


def test_a_truncated_diff_area_is_never_served(image: Path, closed: dict[int, bytes]) -> None:
    whole = area(image).read_bytes()
    end = len(whole.rstrip(b"\0"))
    for length in sorted({0, 1, 511, 4095, 4096, end // 4, end // 2, end - 4096, end - 1}):
        area(image).write_bytes(whole[:length])
        outcome = _outcome(image, closed)
        assert outcome != "a copy is missing", length
        assert outcome != "right" or length > end // 2, length
    area(image).write_bytes(whole)
    verify(image, closed)


def test_check_says_what_is_affected(image: Path, closed: dict[int, bytes]) -> None:
    report = sv.check(image)
    assert report.ok
    assert not report.findings
    assert report.copies == list(closed)
    assert report.records > 0
    assert report.chunks > 0
    assert report.bytes == report.chunks * 4096
    whole = area(image).read_bytes()
    # Old bytes of copy 3: its sectors of version 3 are in a slot.
    at = whole.index(fill(3 * 8192, 512, version=3))
    damaged = bytearray(whole)
    damaged[at + 100] ^= 1
    area(image).write_bytes(damaged)
    calls: list[tuple[int, int]] = []
    report = sv.check(image, progress=lambda done, total: calls.append((done, total)))
    assert not report.ok
    (finding,) = report.findings
    assert finding.what
    assert at - 4096 < finding.at <= at + 512
    assert finding.copies == [3]
    assert finding.extents == [sv.Extent(3 * 8192, 4096)]
    assert calls
    # What is not affected can still be read.
    with sv.Passive.open(image) as node:
        with pytest.raises(sv.Corrupt) as error:
            node.shadow_copy(3).read(0, SIZE)
        assert "check" in str(error.value)
        assert node.shadow_copy(3).read(SIZE // 2, 4096) == closed[3][SIZE // 2 :][:4096]
        for copy_id in (1, 2):
            assert node.shadow_copy(copy_id).read(0, SIZE) == closed[copy_id]
