"""The story: someone uses the names of the documentation for the first time.

A volume is made, written, copied, read back through the active node and through a passive one,
reverted, closed and opened again. Each test is one thing a user would try, with the plain case and
its edges: no bytes, unaligned bytes, the last byte, a size that is no multiple of a chunk.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import difference, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shadowvol._types import Durability, StrPath

KIB = 1024


def test_adopts_an_image_as_it_is(image: Path) -> None:
    before = fill(0, 64 * KIB, version=1)
    image.write_bytes(before)
    with sv.Volume.create(image) as vol:
        assert vol.size == len(before)
        assert vol.read(0, vol.size) == before
    assert image.read_bytes() == before
    assert os.fspath(image) + ".diff" == sv.diff_path(image)
    assert os.path.exists(sv.diff_path(image))  # noqa: PTH110 - it is a str


def test_makes_a_sparse_image_of_a_size(image: Path) -> None:
    with sv.Volume.create(image, size=1 << 30) as vol:
        assert vol.size == 1 << 30
        assert vol.read((1 << 30) - 10, 10) == bytes(10)
    assert image.stat().st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_takes_any_path(image: Path, kind: Callable[[Path], StrPath]) -> None:
    with sv.Volume.create(kind(image), size=8 * KIB, diff=kind(image.with_name("area"))) as vol:
        vol.create_shadow_copy()
    assert image.with_name("area").exists()
    with sv.Passive.open(kind(image), diff=kind(image.with_name("area"))) as node:
        assert node.newest().id == 1


def test_a_copy_stays_when_the_volume_changes(volume: sv.Volume, image: Path) -> None:
    first = fill(0, volume.size, version=1)
    volume.write(0, first)
    copy = volume.create_shadow_copy("nightly")
    second = fill(0, volume.size, version=2)
    assert volume.write(0, second) == volume.size
    assert not difference(volume.read(0, volume.size), second)
    assert not difference(copy.read(0, volume.size), first)
    with sv.Passive.open(image) as node:
        assert not difference(node.shadow_copy(copy.id).read(0, node.size), first)


def test_what_a_copy_says_about_itself(volume: sv.Volume) -> None:
    before = datetime.now(UTC)
    copy = volume.create_shadow_copy(label="näch[t]lich 🌒")
    assert copy.id == 1
    assert copy.label == "näch[t]lich 🌒"
    assert copy.created.tzinfo is not None
    assert copy.created.utcoffset() == timedelta(0)
    slack = timedelta(seconds=1)
    assert before - slack <= copy.created <= datetime.now(UTC) + slack
    assert copy.size == volume.size
    assert volume.create_shadow_copy().label == ""
    assert "1" in repr(copy)


def test_copies_are_listed_oldest_first_and_never_renumbered(
    volume: sv.Volume, image: Path
) -> None:
    for _ in range(5):
        volume.create_shadow_copy()
    volume.delete_shadow_copy(2)
    volume.delete_shadow_copy(5)
    assert volume.create_shadow_copy().id == 6
    with sv.Passive.open(image) as node:
        for party in (volume, node):
            assert [copy.id for copy in party.shadow_copies()] == [1, 3, 4, 6]
            assert party.newest().id == 6
            assert party.shadow_copy(3).id == 3
            with pytest.raises(sv.Gone) as gone:
                party.shadow_copy(2)
            assert gone.value.copy == 2
            with pytest.raises(sv.NoSuchCopy) as missing:
                party.shadow_copy(7)
            assert missing.value.copy == 7


def test_a_volume_without_copies_has_no_newest(volume: sv.Volume, image: Path) -> None:
    with pytest.raises(sv.NoSuchCopy):
        volume.newest()
    with sv.Passive.open(image) as node:
        assert node.shadow_copies() == []
        with pytest.raises(sv.NoSuchCopy):
            node.newest()


def test_a_deleted_copy_is_gone_wherever_it_is_held(volume: sv.Volume, image: Path) -> None:
    mine = volume.create_shadow_copy()
    with sv.Passive.open(image) as node:
        theirs = node.newest()
        volume.write(0, b"x")
        assert theirs.read(0, 1) == b"\0"
        volume.delete_shadow_copy(mine.id)
        for copy in (mine, theirs):
            with pytest.raises(sv.Gone) as gone:
                copy.read(0, 1)
            assert gone.value.copy == mine.id
    with pytest.raises(sv.Gone):
        volume.delete_shadow_copy(mine.id)
    with pytest.raises(sv.NoSuchCopy):
        volume.delete_shadow_copy(99)


@pytest.mark.parametrize("size", [512, 4096, 4097, 12345, 65536, 100_000])
@pytest.mark.parametrize("chunk_size", [4096, 16384, 65536])
def test_any_size_and_any_chunk(image: Path, size: int, chunk_size: int) -> None:
    truth = bytearray(os.urandom(size))
    image.write_bytes(truth)
    with sv.Volume.create(image, chunk_size=chunk_size, durability="coherent") as vol:
        assert (vol.size, vol.chunk_size) == (size, chunk_size)
        copies = []
        for offset, length in ((0, 1), (size - 1, 1), (size // 3, size // 2), (0, size), (7, 0)):
            copies.append((vol.create_shadow_copy(), bytes(truth)))
            data = os.urandom(length)
            assert vol.write(offset, data) == length
            truth[offset : offset + length] = data
        assert vol.read(0, size) == truth
        with sv.Passive.open(image) as node:
            for copy, expected in copies:
                assert copy.read(0, size) == expected
                assert node.shadow_copy(copy.id).read(0, size) == expected
                assert node.shadow_copy(copy.id).read(size - 1, 1) == expected[-1:]
    assert image.read_bytes() == truth


def test_requests_of_no_bytes_do_nothing(volume: sv.Volume) -> None:
    copy = volume.create_shadow_copy()
    for offset in (0, 5, volume.size):
        assert volume.read(offset, 0) == b""
        assert volume.write(offset, b"") == 0
        assert volume.readinto(offset, bytearray()) == 0
        volume.discard(offset, 0)
        assert copy.read(offset, 0) == b""
    assert volume.changes(copy.id) == []


def test_requests_past_the_end_do_nothing_either(volume: sv.Volume) -> None:
    copy = volume.create_shadow_copy()
    end = volume.size
    for offset, length in ((end, 1), (end - 1, 2), (0, end + 1), (1 << 62, 1), (2**64 - 1, 2)):
        for attempt in (
            lambda o=offset, n=length: volume.read(o, n),
            lambda o=offset, n=length: copy.read(o, n),
            lambda o=offset, n=length: volume.discard(o, n),
        ):
            with pytest.raises(sv.OutOfRange) as error:
                attempt()
            assert isinstance(error.value, ValueError)
            assert error.value.size == end
    with pytest.raises(sv.OutOfRange):
        volume.write(end - 1, b"xx")
    with pytest.raises(sv.OutOfRange):
        volume.readinto(end - 1, bytearray(2))
    assert volume.changes(copy.id) == []
    for negative in (-1, -(1 << 70)):
        with pytest.raises(sv.OutOfRange):
            volume.read(negative, 1)


@pytest.mark.parametrize("number", [-1, 1 << 64, -(1 << 70)])
@pytest.mark.parametrize("argument", ["size", "chunk_size", "limit"])
def test_sizes_that_nothing_can_have(argument: str, number: int, image: Path) -> None:
    with pytest.raises(sv.OutOfRange, match=str(number)):
        sv.Volume.create(image, **{"size": 1 << 20, argument: number})  # type: ignore[arg-type]
    assert list(image.parent.iterdir()) == []


def test_discard_reads_as_zeros_and_copies_keep_what_was_there(volume: sv.Volume) -> None:
    before = fill(0, volume.size, version=1)
    volume.write(0, before)
    copy = volume.create_shadow_copy()
    volume.discard(5000, 100_000)
    assert volume.read(5000, 100_000) == bytes(100_000)
    assert volume.read(0, 5000) == before[:5000]
    assert volume.read(105_000, 5000) == before[105_000:110_000]
    assert not difference(copy.read(0, copy.size), before)


def test_revert_keeps_every_copy(volume: sv.Volume) -> None:
    contents = []
    for version in (1, 2, 3):
        data = fill(0, volume.size, version)
        volume.write(0, data)
        contents.append((volume.create_shadow_copy().id, data))
    calls: list[tuple[int, int]] = []
    volume.revert(2, progress=lambda done, total: calls.append((done, total)))
    assert not difference(volume.read(0, volume.size), contents[1][1])
    for copy_id, data in contents:
        assert not difference(volume.shadow_copy(copy_id).read(0, volume.size), data)
    assert all(0 <= done <= total for done, total in calls)
    with pytest.raises(sv.NoSuchCopy):
        volume.revert(9)


def test_changes_are_the_chunks_between_two_copies(volume: sv.Volume, image: Path) -> None:
    first = volume.create_shadow_copy().id
    volume.write(4096 * 3 + 1, b"x")
    volume.write(4096 * 4, b"y")
    second = volume.create_shadow_copy().id
    volume.write(volume.size - 1, b"z")
    assert volume.changes(first, second) == [sv.Extent(4096 * 3, 8192)]
    assert volume.changes(second) == [sv.Extent(volume.size - 4096, 4096)]
    both = [sv.Extent(4096 * 3, 8192), sv.Extent(volume.size - 4096, 4096)]
    assert volume.changes(first) == both
    assert volume.changes(first, first) == []
    with sv.Passive.open(image) as node:
        assert node.changes(first, second) == node.changes(second, first)
        offset, length = node.changes(first, second)[0]
        assert (offset, length) == (4096 * 3, 8192)
        with pytest.raises(sv.NoSuchCopy):
            node.changes(first, 9)
    volume.delete_shadow_copy(first)
    with pytest.raises(sv.Gone):
        volume.changes(first, second)


def test_changes_end_with_the_volume(image: Path) -> None:
    with sv.Volume.create(image, size=10_000, durability="coherent") as vol:
        copy = vol.create_shadow_copy()
        vol.write(9_999, b"x")
        assert vol.changes(copy.id) == [sv.Extent(8192, 10_000 - 8192)]
        assert vol.changes(copy.id)[0].end == 10_000


@pytest.mark.parametrize("durability", ["durable", "coherent"])
def test_everything_is_there_after_opening_again(image: Path, durability: Durability) -> None:
    with sv.Volume.create(image, size=256 * KIB, durability=durability) as vol:
        assert vol.durability == durability
        vol.write(0, b"one")
        vol.create_shadow_copy("a")
        vol.write(0, b"two")
        vol.create_shadow_copy("b")
        vol.write(0, b"three")
    for _ in range(2):
        with sv.Volume.open(image) as vol:
            assert vol.durability == durability
            assert [(copy.id, copy.label) for copy in vol.shadow_copies()] == [(1, "a"), (2, "b")]
            assert [copy.read(0, 3) for copy in vol.shadow_copies()] == [b"one", b"two"]
            assert vol.read(0, 5) == b"three"


def test_compacting_changes_nothing_that_can_be_read(volume: sv.Volume, image: Path) -> None:
    contents = {}
    with sv.Passive.open(image) as node:
        for version in range(1, 40):
            data = fill(0, 32 * KIB, version)
            volume.write(version % 7 * 4096, data)
            contents[volume.create_shadow_copy().id] = volume.read(0, volume.size)
            if version % 3:
                copy_id = min(contents)
                volume.delete_shadow_copy(copy_id)
                del contents[copy_id]
            if version % 5 == 0:
                volume.compact()
            for party in (volume, node):
                assert [copy.id for copy in party.shadow_copies()] == sorted(contents)
                for copy_id, data in contents.items():
                    found = party.shadow_copy(copy_id).read(0, volume.size)
                    assert not difference(found, data)
    assert volume.stats().compactions >= 7


def test_closing(image: Path) -> None:
    vol = sv.Volume.create(image, size=64 * KIB)
    copy = vol.create_shadow_copy()
    closed = [vol.closed]
    vol.close()
    vol.close()
    assert [*closed, vol.closed] == [False, True]
    for attempt in (
        lambda: vol.read(0, 1),
        lambda: vol.write(0, b"x"),
        vol.flush,
        vol.create_shadow_copy,
        vol.shadow_copies,
        lambda: copy.read(0, 1),
    ):
        with pytest.raises(sv.Closed):
            attempt()
    node = sv.Passive.open(image)
    newest = node.newest()
    node.close()
    node.close()
    assert node.closed
    with pytest.raises(sv.Closed):
        newest.read(0, 1)
    with pytest.raises(sv.Closed), node:
        node.newest()


def test_a_dropped_volume_gives_up_the_role(image: Path) -> None:
    vol = sv.Volume.create(image, size=64 * KIB)
    vol.write(0, b"kept")
    copy = vol.create_shadow_copy()
    del vol, copy
    with sv.Volume.open(image) as vol:
        assert vol.read(0, 4) == b"kept"


def test_stats_count_what_was_done(volume: sv.Volume, image: Path) -> None:
    volume.write(0, bytes(range(256)) * 16)
    volume.create_shadow_copy()
    volume.write(0, b"x" * 8192)
    volume.read(0, 100)
    stats = volume.stats()
    assert stats.copies == 1
    assert stats.writes == 2
    assert stats.written_bytes == 4096 + 8192
    assert stats.reads == 1
    assert stats.read_bytes == 100
    assert stats.preserved_bytes == 4096  # the second chunk was zeros
    assert stats.zero_bytes == 4096
    assert stats.space.used >= 4096
    assert stats.space.limit is None
    assert not stats.space.low
    assert 0 < stats.space.journal <= stats.space.allocated
    with sv.Passive.open(image) as node:
        node.newest().read(0, 5000)
        seen = node.stats()
        assert (seen.copies, seen.reads, seen.read_bytes, seen.gone) == (1, 1, 5000, 0)
        assert seen.epoch == stats.epoch


def test_ten_thousand_copies(image: Path) -> None:
    with sv.Volume.create(image, size=64 * KIB, durability="coherent") as vol:
        for number in range(10_000):
            vol.write(number % 16 * 4096, number.to_bytes(4, "little"))
            vol.create_shadow_copy()
        with sv.Passive.open(image) as node:
            assert len(node.shadow_copies()) == 10_000
            for copy_id in (1, 2, 17, 5000, 9_999, 10_000):
                number = copy_id - 1
                data = node.shadow_copy(copy_id).read(number % 16 * 4096, 4)
                assert data == number.to_bytes(4, "little")


def test_the_exception_tree() -> None:
    kinds = [getattr(sv, name) for name in sv.__all__]
    errors = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseException)]
    assert len(errors) > 20
    assert all(issubclass(kind, sv.Error) for kind in errors)
    assert all(kind.__module__ == "shadowvol" and kind.__doc__ for kind in errors)
    assert issubclass(sv.MediumError, OSError)
    assert issubclass(sv.MissingMedium, FileNotFoundError)


def test_the_version_is_the_installed_one() -> None:
    assert sv.__version__.count(".") == 2
