"""The story: data comes in and goes out through whatever holds bytes.

Requests use a caller's buffer in place. That is only right for memory that is contiguous, and for
reading into it, writable; everything else is refused before anything happens. An exporter is free
again when the request is over.
"""

from __future__ import annotations

import array
import ctypes
import mmap
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Buffer

LENGTH = 4096
DATA = fill(0, LENGTH, version=1)


def _mmap() -> mmap.mmap:
    return mmap.mmap(-1, LENGTH)


def _middle() -> memoryview:
    return memoryview(bytearray(3 * LENGTH))[LENGTH : 2 * LENGTH]


def _grid() -> memoryview:
    return memoryview(bytearray(LENGTH)).cast("B", (64, LENGTH // 64))


def _ctypes() -> Buffer:
    return (ctypes.c_uint32 * (LENGTH // 4))()


WRITABLE: dict[str, Callable[[], Buffer]] = {
    "bytearray": lambda: bytearray(LENGTH),
    "memoryview": lambda: memoryview(bytearray(LENGTH)),
    "part of a memoryview": _middle,
    "two dimensions": _grid,
    "array of numbers": lambda: array.array("Q", bytes(LENGTH)),
    "mmap": _mmap,
    "ctypes": _ctypes,
}


@pytest.mark.parametrize("make", WRITABLE.values(), ids=WRITABLE.keys())
def test_reads_into_anything_writable(
    volume: sv.Volume, image: Path, make: Callable[[], Buffer]
) -> None:
    volume.write(0, DATA)
    copy = volume.create_shadow_copy()
    volume.write(0, bytes(LENGTH))
    with sv.Passive.open(image) as node:
        for party in (copy, node.newest()):
            buffer = make()
            assert party.readinto(0, buffer) == LENGTH
            assert bytes(memoryview(buffer).cast("B")) == DATA
    buffer = make()
    assert volume.readinto(0, buffer) == LENGTH
    assert bytes(memoryview(buffer).cast("B")) == bytes(LENGTH)


@pytest.mark.parametrize("make", WRITABLE.values(), ids=WRITABLE.keys())
def test_writes_from_anything(volume: sv.Volume, make: Callable[[], Buffer]) -> None:
    buffer = make()
    memoryview(buffer).cast("B")[:] = DATA
    for data in (buffer, memoryview(buffer).toreadonly(), bytes(memoryview(buffer).cast("B"))):
        volume.write(LENGTH, bytes(LENGTH))
        assert volume.write(LENGTH, data) == LENGTH
        assert volume.read(LENGTH, LENGTH) == DATA


def test_reading_into_read_only_memory_is_refused(volume: sv.Volume) -> None:
    copy = volume.create_shadow_copy()
    frozen = bytes(LENGTH)
    buffers: tuple[Buffer, ...] = (frozen, memoryview(bytearray(LENGTH)).toreadonly())
    for buffer in buffers:
        for party in (volume, copy):
            with pytest.raises((TypeError, BufferError, ValueError)):
                party.readinto(0, buffer)
    assert frozen == bytes(LENGTH)


def test_memory_with_gaps_is_refused(volume: sv.Volume) -> None:
    gaps = memoryview(bytearray(2 * LENGTH))[::2]
    copy = volume.create_shadow_copy()
    attempts: tuple[Callable[[], int], ...] = (
        lambda: volume.write(0, gaps),
        lambda: volume.readinto(0, gaps),
        lambda: copy.readinto(0, gaps),
    )
    for attempt in attempts:
        with pytest.raises((TypeError, BufferError, ValueError)):
            attempt()
    assert volume.changes(copy.id) == []


def test_what_is_no_buffer_is_a_type_error(volume: sv.Volume) -> None:
    wrong: tuple[object, ...] = ("text", 5, None, [1, 2], object())
    for value in wrong:
        with pytest.raises(TypeError):
            volume.write(0, value)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            volume.readinto(0, value)  # type: ignore[arg-type]


def test_a_buffer_is_free_again_after_the_request(volume: sv.Volume) -> None:
    buffer = bytearray(LENGTH)
    volume.write(0, buffer)
    volume.readinto(0, buffer)
    volume.create_shadow_copy().readinto(0, buffer)
    with pytest.raises(sv.OutOfRange):
        volume.readinto(volume.size, buffer)
    buffer.extend(b"resized: nobody holds it")  # raises BufferError while it is exported
