"""Passive reads beside a writer in another process, by the clock.

Any two processes on one machine slow each other down. So each rate is measured twice: the writer
writes to the volume whose copy is read, and then, at the same rate, to another one. What the second
lacks is what the protocol costs; what both have is the machine. For the same reason a plain read of
the origin comes after each read of the copy, and times are given in its. All that is read of the
copy is compared with what it must be.
"""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shadowvol._shadowvol import Passive, ShadowCopy, Volume
from shadowvol.analysis import model
from shadowvol.analysis.overwrites import workplace
from shadowvol.analysis.writer import CHUNK, WriterProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

RATES = (0.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 40_000.0)
SHARES = tuple(nth / 10 for nth in range(11))
_SIZE = 16 << 20
_REQUEST = 256


@dataclass(frozen=True)
class Beside:
    """Reads of a copy, beside a writer of its volume or of another one."""

    asked: float
    """Writes a second that were asked for; the machine may not reach them."""
    other: bool
    """Whether the writer wrote to another volume."""
    chunks: int
    """Of the volume."""
    request: int
    """Chunks of a read."""
    rate: float
    """Writes a second that really came."""
    redirected: int
    restarts: int
    wrong: int
    """Reads that returned anything but the copy's bytes."""
    seconds: NDArray[np.float64]
    """How long each read took."""
    plain: NDArray[np.float64]
    """How long a plain read of the origin took right after each."""
    before: NDArray[np.int64]
    """How many writes to the volume came between the copy and the last look before each read."""
    during: NDArray[np.int64]
    """How many came between that look and the end of the read."""

    @property
    def redirected_share(self) -> float:
        """The share of the reads that were redirected."""
        return self.redirected / len(self.seconds)

    @property
    def predicted_share(self) -> float:
        """What the model says of that share, given when writes came and when reads began and ended.

        The node looks at the end of each read; that is taken to be when the read returns.
        """
        chances = model.redirected(
            self.before, self.during, request=self.request, chunks=self.chunks
        )
        return float(chances.mean())

    @property
    def speed(self) -> float:
        """Throughput of the median read, to that of the median plain one."""
        return float(np.median(self.plain) / np.median(self.seconds))

    def predicted_speed(self, times: ReadTimes) -> float:
        """What the model says of that, given when writes came and how long plain reads took.

        What slots cost is added to a plain read, and not multiplied with it: a busy machine makes
        the bytes slower, and hardly the operations.
        """
        shares = model.from_slots(self.before, self.chunks)
        dearer = float(np.median(times.predicted(shares))) - times.times[0]
        plain = float(np.median(self.plain))
        return plain / (plain + dearer * times.plain)


@dataclass(frozen=True)
class ReadTimes:
    """How long reads took of a copy that was overwritten more and more."""

    request: int
    """Chunks of a read."""
    shares: tuple[float, ...]
    """Shares of the copy's chunks in slots."""
    times: tuple[float, ...]
    """The median time of a read for each of them, to that of plain reads of the origin in turn."""
    plain: float
    """The median time of these, in seconds."""

    def predicted(self, shares: ArrayLike) -> NDArray[np.float64]:
        """What the model says, given the times of the first share and the last: 0 and 1."""
        first, last = self.times[0], self.times[-1]
        return model.read_time(shares, self.request, untouched=first, overwritten=last)


def measure_read_times(
    folder: Path | None = None,
    *,
    request: int = _REQUEST,
    shares: Sequence[float] = SHARES,
    size: int = 2 * _SIZE,
    reads: int = 200,
    seed: int = 1,
) -> ReadTimes:
    """Time reads of ``request`` chunks, while nobody writes, at shares from 0 to 1."""
    if list(shares) != sorted(shares) or (shares[0], shares[-1]) != (0, 1):
        raise ValueError("shares begin with 0, end with 1, and ascend")
    chance = random.Random(seed)  # noqa: S311 - places, not secrets
    order = list(range(size // CHUNK))
    chance.shuffle(order)
    times, plain = [], []
    with (
        workplace(folder) as place,
        Volume.create(place / "volume.img", size=size, durability="coherent") as vol,
        (place / "volume.img").open("rb", buffering=0) as origin,
    ):
        vol.write(0, b"\x01" * size)
        copy = vol.create_shadow_copy()
        with Passive.open(place / "volume.img") as node:
            done = 0
            for share in shares:
                until = round(share * len(order))
                for chunk in order[done:until]:
                    vol.write(chunk * CHUNK, b"\x02" * CHUNK)
                done = until
                seen = node.shadow_copy(copy.id)
                found = _read(seen, origin, request, chance, b"\x01", reads=reads)
                if found.wrong:
                    raise AssertionError(f"{found.wrong} reads did not return the copy's bytes")
                plain.append(float(np.median(found.plain)))
                times.append(float(np.median(found.seconds)) / plain[-1])
    return ReadTimes(request, tuple(shares), tuple(times), float(np.median(plain)))


def measure_beside(
    folder: Path | None = None,
    *,
    rates: Sequence[float] = RATES,
    request: int = _REQUEST,
    size: int = _SIZE,
    seconds: float = 0.4,
    rounds: int = 2,
) -> list[Beside]:
    """Read ``request`` chunks at a time beside a writer at each of the rates, twice as told above.

    The rounds go one after the other, each with a new copy for every rate, and are added up.
    """
    chance = random.Random(1)  # noqa: S311 - places, not secrets
    found: dict[tuple[float, bool], list[Beside]] = {}
    with (
        workplace(folder) as place,
        WriterProcess(place, size) as writer,
        Passive.open(place / "read.img") as node,
        (place / "read.img").open("rb", buffering=0) as origin,
    ):
        reader = _Reader(node, origin, writer, chance, request, seconds)
        for nth in range(rounds):
            for rate in rates:
                # Who comes first changes, so that nobody has the warmer machine.
                for other in (False, True) if nth % 2 else (True, False):
                    found.setdefault((rate, other), []).append(reader.read(rate, other=other))
    return [_sum(parts) for parts in found.values()]


def summarise_beside(measured: Sequence[Beside]) -> dict[str, list[object]]:
    """The columns of a table, of the reads whose volume was written to."""
    ours = [one for one in measured if not one.other]
    return {
        "writes a second": [round(one.rate) for one in ours],
        "reads": [len(one.seconds) for one in ours],
        "redirected": [one.redirected for one in ours],
        "model says": [one.predicted_share * len(one.seconds) for one in ours],
        "begun again": [one.restarts for one in ours],
        "wrong": [one.wrong for one in ours],
    }


@dataclass(frozen=True)
class _Reader:
    """Who reads, and whom it asks to write."""

    node: Passive
    origin: FileIO
    writer: WriterProcess
    chance: random.Random
    request: int
    seconds: float

    def read(self, rate: float, *, other: bool) -> Beside:
        """Read a new copy while the writer writes."""
        version = self.chance.randrange(1, 250)
        copy = self.writer.begin(rate, self.seconds, version, other=other)
        seen = self.node.shadow_copy(copy)
        looked, before = time.perf_counter(), self.node.stats()
        value = bytes([version])
        found = _read(seen, self.origin, self.request, self.chance, value, seconds=self.seconds)
        after = self.node.stats()
        times = self.writer.end()
        looks = np.searchsorted(times[:0] if other else times, np.append(looked, found.ends))
        return Beside(
            asked=rate,
            other=other,
            chunks=seen.size // CHUNK,
            request=self.request,
            rate=len(times) / self.seconds,
            redirected=after.redirected - before.redirected,
            restarts=after.restarts - before.restarts,
            wrong=found.wrong,
            seconds=found.seconds,
            plain=found.plain,
            before=looks[:-1],
            during=np.diff(looks),
        )


def _read(
    seen: ShadowCopy,
    origin: FileIO,
    request: int,
    chance: random.Random,
    value: bytes,
    *,
    reads: int | None = None,
    seconds: float = math.inf,
) -> _Reads:
    """Read anywhere, so often or for so long, and after each read anywhere in the origin."""
    clock = time.perf_counter
    buffer = bytearray(request * CHUNK)
    truth = value * len(buffer)
    last = seen.size // CHUNK - request
    rest = bytearray(len(buffer))
    times: list[tuple[float, float, float]] = []
    wrong = 0
    until = clock() + seconds
    while len(times) != reads and (not times or clock() < until):
        at = chance.randint(0, last) * CHUNK
        begun = clock()
        seen.readinto(at, buffer)
        ended = clock()
        origin.seek(chance.randint(0, last) * CHUNK)
        origin.readinto(rest)
        times.append((begun, ended, clock()))
        wrong += buffer != truth
    begins, ends, plain = np.array(times).T
    return _Reads(ends - begins, plain - ends, ends, wrong)


@dataclass(frozen=True)
class _Reads:
    """What reads took, in seconds, and when they ended."""

    seconds: NDArray[np.float64]
    plain: NDArray[np.float64]
    ends: NDArray[np.float64]
    wrong: int


def _sum(parts: list[Beside]) -> Beside:
    return replace(
        parts[0],
        rate=sum(one.rate for one in parts) / len(parts),
        redirected=sum(one.redirected for one in parts),
        restarts=sum(one.restarts for one in parts),
        wrong=sum(one.wrong for one in parts),
        seconds=np.concatenate([one.seconds for one in parts]),
        plain=np.concatenate([one.plain for one in parts]),
        before=np.concatenate([one.before for one in parts]),
        during=np.concatenate([one.during for one in parts]),
    )
