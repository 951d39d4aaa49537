"""The story: many Python threads use one volume, and the interpreter lock is not in their way.

Each writer owns a part of the volume and numbers its writes. A shadow copy taken meanwhile may hold
any number of each writer's writes, but for each one all before some point and none after it: a
write lies wholly before or wholly after the instant, and every reader sees the same for ever.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import SECTOR, describe, fill

if TYPE_CHECKING:
    from pathlib import Path

WRITERS = 6
PART = 64 * 1024
ROUNDS = 30


@pytest.mark.parametrize("chunk_size", [4096, 131_072])
def test_copies_taken_amid_writers(image: Path, chunk_size: int) -> None:
    size = WRITERS * PART
    stop = threading.Event()
    with (
        sv.Volume.create(image, size=size, chunk_size=chunk_size, durability="coherent") as vol,
        sv.Passive.open(image) as node,
        ThreadPoolExecutor(WRITERS + 2) as pool,
    ):

        def write(writer: int) -> int:
            version = 0
            while not stop.is_set():
                version += 1
                vol.write(writer * PART, fill(writer * PART, PART, version, writer))
            return version

        def check(copy_id: int) -> None:
            found = node.shadow_copy(copy_id).read(0, size)
            assert found == vol.shadow_copy(copy_id).read(0, size)
            for writer in range(WRITERS):
                part = found[writer * PART : (writer + 1) * PART]
                version = int.from_bytes(part[16:24], "little")
                expected = fill(writer * PART, PART, version, writer) if any(part) else bytes(PART)
                assert part == expected, [
                    describe(part[at : at + SECTOR]) for at in range(0, PART, SECTOR)
                ]

        writers = [pool.submit(write, writer) for writer in range(WRITERS)]
        try:
            checks = []
            for _ in range(ROUNDS):
                time.sleep(0.01)
                copy_id = vol.create_shadow_copy().id
                checks.append(pool.submit(check, copy_id))
            for future in checks:
                future.result(60)
        finally:
            stop.set()
        assert all(future.result(60) > 0 for future in writers)


class Gate:
    """A medium whose reads wait until another Python thread lets them go on."""

    def __init__(self, size: int) -> None:
        self._memory = sv.Memory(size)
        self.open = threading.Event()
        self.open.set()
        self.waiting = threading.Event()

    def size(self) -> int:
        return self._memory.size()

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        self.waiting.set()
        assert self.open.wait(20)
        self._memory.read_at(offset, buffer)

    def write_at(self, offset: int, data: memoryview, /) -> None:
        self._memory.write_at(offset, data)

    def barrier(self) -> None:
        self._memory.barrier()


def test_other_threads_run_while_one_waits() -> None:
    gate = Gate(65536)
    with sv.Volume.create_on(gate, sv.Memory()) as vol:
        gate.open.clear()
        gate.waiting.clear()
        with ThreadPoolExecutor(2) as pool:
            slow = pool.submit(vol.read, 0, 10)
            assert gate.waiting.wait(20)
            # One reader hangs in its medium; this thread still runs, and may ask the volume things.
            assert not slow.done()
            assert vol.shadow_copies() == []
            assert vol.stats().epoch >= 1
            gate.open.set()
            assert slow.result(20) == bytes(10)


def test_closing_while_others_work(volume: sv.Volume) -> None:
    """Requests under way end well, later ones raise ``Closed``, and nothing hangs."""
    begun = threading.Barrier(5)

    def work(number: int) -> int:
        begun.wait()
        count = 0
        try:
            while True:
                volume.write(number * 4096, bytes([number]) * 4096)
                assert volume.read(number * 4096, 4096) == bytes([number]) * 4096
                count += 1
        except sv.Closed:
            return count

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work, number) for number in range(4)]
        begun.wait()
        time.sleep(0.1)
        volume.close()
        assert all(future.result(20) >= 0 for future in futures)
