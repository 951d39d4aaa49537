"""The story: other processes read shadow copies while this one writes, copies, deletes, compacts.

The writer notes the whole volume at each instant in a plain file. The watchers read random parts of
random copies through nodes of their own, and compare. They never talk to the writer; a copy that is
deleted under them is gone, and everything else is equal byte for byte.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from child import watch
from sectors import fill

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = float(os.environ.get("SHADOWVOL_WATCH_SECONDS", "4"))
SIZE = 1 << 20
WATCHERS = 3
KEPT = 5


@pytest.mark.parametrize("chunk_size", [4096, 65536])
@pytest.mark.timeout(SECONDS + 60)
def test_watchers_are_never_shown_a_wrong_byte(tmp_path: Path, chunk_size: int) -> None:
    image, truths = tmp_path / "disk.img", tmp_path / "truths"
    truths.mkdir()
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with sv.Volume.create(image, size=SIZE, chunk_size=chunk_size, durability="coherent") as vol:
        pipes, processes = [], []
        for seed in range(WATCHERS):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=watch, args=(image, truths, seed, stop, theirs))
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        try:
            _write(vol, truths, seed=chunk_size)
        finally:
            stop.set()
        results = [pipe.recv() for pipe in pipes]
        for process in processes:
            process.join(20)
            assert process.exitcode == 0
    for compared, _gone, _redirected, wrong in results:
        assert not wrong
        assert compared > 0


def _write(vol: sv.Volume, truths: Path, seed: int) -> None:
    chance = random.Random(seed)
    truth = bytearray(SIZE)
    end = time.monotonic() + SECONDS
    version = 0
    alive: list[int] = []
    while time.monotonic() < end:
        for _ in range(chance.randrange(60)):
            version += 1
            length = chance.choice([512, 4096, 4096, 20_480, 262_144])
            offset = chance.randrange(0, SIZE - length + 1, 512)
            if chance.random() < 0.1:
                vol.discard(offset, length)
                truth[offset : offset + length] = bytes(length)
            else:
                data = fill(offset, length, version)
                vol.write(offset, data)
                truth[offset : offset + length] = data
        copy_id = vol.create_shadow_copy().id
        part = truths / f"{copy_id}.part"
        part.write_bytes(truth)
        part.rename(truths / str(copy_id))
        alive.append(copy_id)
        if len(alive) > KEPT:
            victim = alive.pop(chance.randrange(KEPT))
            vol.delete_shadow_copy(victim)
            (truths / str(victim)).unlink()
        if chance.random() < 0.1:
            vol.compact()
