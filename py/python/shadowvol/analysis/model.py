r"""What a reader of a shadow copy meets beside a writer, as formulas.

The volume has N chunks, all of which the copy shares with it when it is taken. A writer then
overwrites one chunk after the other, each time any of the N with the same chance. A chunk escapes
n writes with the chance ``(1 - 1/N)**n``, which is close to ``exp(-n/N)``. From that follows all
else.

*From slots.* A write preserves what it overwrites the first time. After n writes the share of the
copy's chunks that come from slots is what did not escape::

    p(n) = 1 - (1 - 1/N)**n

*Redirected.* A read of m chunks looks up which of them have slots, as far as the node has heard
(R1). It reads (R2), and looks into the journal (R3): what was preserved since the node's last look
is redirected to its slots. Say that n writes came between the copy and that last look, and j
between it and this one. A chunk is redirected if it escaped the n and did not escape the j, the
chance of which is::

    q(n, j) = (1 - 1/N)**n * (1 - (1 - 1/N)**j)

and the read is redirected if any of its chunks is: ``1 - (1 - q)**m``. By the clock, at a rate of
w writes a second and a time t after the copy, ``n = w * t`` and ``j = w * tau``, where tau is the
time from one look to the next; a node that reads without a pause looks at the end of each read, so
that it is the time of a read. For a short tau the share is about::

    m * w * tau / N * exp(-w * t / N)

It grows with the request, the rate and the time between looks, and it fades while the copy's chunks
get preserved. A read is redirected once at most: what has a slot at R3 keeps it as long as the copy
lives. Nothing is tried again because of writes, so a writer cannot starve a reader, however fast it
is.

*Time.* A read is one operation for each run of chunks from the origin, and one for each chunk from
a slot, since chunks that were overwritten at random lie anywhere. When the share p is in slots::

    operations(p, m) = m * p + (1 - p) * (1 + (m - 1) * p)

The second term counts the runs: a chunk begins one if it is in the origin, and is the first or has
one from a slot before it. If the time goes with the operations, two measurements give all others: a
copy that was not overwritten at all (1 operation), and one that was wholly (m of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]


def escaped(writes: ArrayLike, chunks: int) -> Numbers:
    """The chance that a chunk is not among so many writes to any of the volume's ``chunks``."""
    count: Numbers = np.asarray(writes, np.float64)
    chance: Numbers = np.exp(count * np.log1p(-1 / chunks))
    return chance


def from_slots(writes: ArrayLike, chunks: int) -> Numbers:
    """The share of a copy's chunks that come from slots, so many writes after it was taken."""
    return 1 - escaped(writes, chunks)


def redirected(before: ArrayLike, during: ArrayLike, *, request: int, chunks: int) -> Numbers:
    """The chance that a read of ``request`` chunks is redirected.

    So many writes came between the copy and the node's last look into the journal, and so many
    between that and the look that confirms the read.
    """
    chance = escaped(before, chunks) * from_slots(during, chunks)
    return 1 - (1 - chance) ** request


def operations(share: ArrayLike, request: int) -> Numbers:
    """How many operations read ``request`` chunks, when that share of them is in slots."""
    part: Numbers = np.asarray(share, np.float64)
    return request * part + (1 - part) * (1 + (request - 1) * part)


def read_time(share: ArrayLike, request: int, *, untouched: float, overwritten: float) -> Numbers:
    """How long a read of ``request`` chunks takes when that share of them is in slots.

    ``untouched`` is the time when none is, ``overwritten`` when all are, in any unit.
    """
    # One chunk is one operation wherever it lies, and yet a slot takes its own time.
    part: Numbers = np.asarray(share, np.float64)
    dearer = part if request == 1 else (operations(part, request) - 1) / (request - 1)
    return untouched + (overwritten - untouched) * dearer
