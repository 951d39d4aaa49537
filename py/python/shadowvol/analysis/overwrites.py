"""What it costs to overwrite a volume that has a shadow copy: measured here, in seconds.

Three things are timed on the same offsets, in turn: the first overwrite of what a copy needs, an
overwrite of what is preserved by then, and a write to a plain file. They take turns a slice of the
work at a time, so that a noisy machine is noisy for all. All is timed from Python, whose call is a
good part of a plain write; the benches of the repository time the engine alone.
"""

from __future__ import annotations

import gc
import os
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from shadowvol._shadowvol import Volume
from shadowvol.analysis.latencies import Latencies
from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Times = tuple[list[int], list[int], list[int]]

Pattern = Literal["sequential", "random", "sparse"]
"""In order; every place once, at random; one request in every 64 KiB."""

PATTERNS: tuple[Pattern, ...] = ("sequential", "random", "sparse")
CHUNK_SIZES = (4096, 16384, 65536, 262144)
REQUEST = 4096
"""Bytes of a write."""
_SIZE = 16 << 20
_MOST = 1024
_SLICES = 16
_STRIDE = 65536
_SEED = 1


@dataclass(frozen=True)
class Overwrites:
    """What writes of one pattern cost with one chunk size."""

    pattern: Pattern
    chunk_size: int
    first: Latencies
    """The first overwrite of each place after a copy was taken."""
    again: Latencies
    """An overwrite of what is preserved by then."""
    plain: Latencies
    """The same to a plain file."""
    ratio: float
    """The time of all first overwrites to that of all plain writes, each slice of the work in the
    median of its rounds."""
    written_bytes: int
    """Bytes that the first overwrites wrote."""
    preserved_bytes: int
    """Old bytes that they moved to the diff area for that."""

    @property
    def moved(self) -> float:
        """Old bytes that are moved for each byte of a first overwrite."""
        return self.preserved_bytes / self.written_bytes


def measure_overwrites(
    folder: Path | None = None,
    *,
    chunk_sizes: Sequence[int] = CHUNK_SIZES,
    patterns: Sequence[Pattern] = PATTERNS,
    size: int = _SIZE,
    rounds: int = 5,
) -> list[Overwrites]:
    """Measure writes of 4 KiB on a volume of ``size`` bytes, which is made in ``folder``.

    Each round takes a new copy. Without a folder a temporary one is made, in memory where this
    machine has a place for that.
    """
    with workplace(folder) as place:
        return [
            _measure(place, pattern, chunk_size, size, rounds)
            for pattern in patterns
            for chunk_size in chunk_sizes
        ]


@contextmanager
def workplace(folder: Path | None = None) -> Iterator[Path]:
    """A folder for a moment: in ``folder``, or else in memory if it can be."""
    memory = Path("/dev/shm")  # noqa: S108 - whatever is made there has a name of its own
    place = folder or (memory if os.access(memory, os.W_OK) else None)
    with TemporaryDirectory(prefix="shadowvol-", dir=place) as made:
        yield Path(made)


def summarise_overwrites(measured: Sequence[Overwrites]) -> dict[str, list[object]]:
    """The columns of a table: microseconds, and the old bytes moved for each byte written."""
    microseconds: dict[str, list[object]] = {
        f"{name}, p{percent:g} µs": [
            getattr(one, name).percentile(percent) / 1e3 for one in measured
        ]
        for name in ("first", "again", "plain")
        for percent in (50, 99)
    }
    return {
        "pattern": [one.pattern for one in measured],
        "chunk": [size_text(one.chunk_size) for one in measured],
        **microseconds,
        "moved": [one.moved for one in measured],
    }


def offsets(pattern: Pattern, size: int, *, most: int = _MOST, seed: int = _SEED) -> list[int]:
    """Where ``pattern`` writes in a volume of so many bytes, ``most`` times if it has so many."""
    step = _STRIDE if pattern == "sparse" else REQUEST
    every = list(range(0, size, step))
    if pattern == "random":
        random.Random(seed).shuffle(every)  # noqa: S311 - places, not secrets
    return every[:most]


def _measure(place: Path, pattern: Pattern, chunk_size: int, size: int, rounds: int) -> Overwrites:
    image, plain = place / "volume.img", place / "plain.img"
    noise = random.Random(_SEED).randbytes(1 << 20)  # noqa: S311 - bytes that are not zeros
    for path in (image, plain):
        path.write_bytes((noise * (size // len(noise) + 1))[:size])
    places = offsets(pattern, size)
    data = noise[:REQUEST]
    all_rounds: list[list[Times]] = []
    preserved = 0
    file = os.open(plain, os.O_RDWR)
    try:
        with Volume.create(image, chunk_size=chunk_size, durability="coherent") as vol:
            for nth in range(rounds + 1):
                before = vol.stats().preserved_bytes
                vol.create_shadow_copy()
                times = _round(places, data, vol.write, lambda at, it: os.pwrite(file, it, at))
                # The first round warms up.
                all_rounds += [times] * (nth > 0)
                preserved = vol.stats().preserved_bytes - before
                for copy in vol.shadow_copies():
                    vol.delete_shadow_copy(copy.id)
    finally:
        os.close(file)
        image.with_name("volume.img.diff").unlink(missing_ok=True)
    slices = chain(*all_rounds)
    first, again, base = (Latencies.of(list(chain(*ways))) for ways in zip(*slices, strict=True))
    ratio = _typical(all_rounds, 0) / _typical(all_rounds, 2)
    written = len(places) * REQUEST
    return Overwrites(pattern, chunk_size, first, again, base, ratio, written, preserved)


def _typical(all_rounds: list[list[Times]], way: int) -> float:
    """How long all of the work takes in one of the ways, if nobody interferes."""
    return sum(
        float(median([sum(times[way]) for times in same_slices]))
        for same_slices in zip(*all_rounds, strict=True)
    )


def _round(
    places: list[int],
    data: bytes,
    write: Callable[[int, bytes], object],
    plain: Callable[[int, bytes], object],
) -> list[Times]:
    """All places once in each of the three ways; nothing else of Python's runs meanwhile."""
    slices: list[Times] = []
    gc.collect()
    gc.disable()
    try:
        count = min(_SLICES, len(places))
        for nth in range(count):
            some = places[len(places) * nth // count : len(places) * (nth + 1) // count]
            # A chunk that reaches into the next slice was preserved by this one: it counts as a
            # first overwrite all the same, as it would for who writes in this order.
            first, base = _time(some, data, write), _time(some, data, plain)
            slices.append((first, _time(some, data, write), base))
    finally:
        gc.enable()
    return slices


def _time(places: list[int], data: bytes, write: Callable[[int, bytes], object]) -> list[int]:
    clock = time.perf_counter_ns
    times = []
    for at in places:
        begun = clock()
        write(at, data)
        times.append(clock() - begun)
    return times
