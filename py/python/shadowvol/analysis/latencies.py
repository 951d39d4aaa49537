"""How long requests took: values with counts, from a measurement or from a log of the benches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

_HIGHEST = 10**11
_DIGITS = 3


@dataclass(frozen=True)
class Latencies:
    """How often requests took how long."""

    nanoseconds: NDArray[np.int64]
    """Each time once, ascending."""
    counts: NDArray[np.int64]
    """How many requests took it."""

    @classmethod
    def of(cls, nanoseconds: ArrayLike) -> Latencies:
        """Of single measurements."""
        values, counts = np.unique(np.asarray(nanoseconds, np.int64), return_counts=True)
        if values.size == 0:
            raise ValueError("there are latencies only where there were requests")
        return cls(values, counts.astype(np.int64))

    @classmethod
    def join(cls, parts: Iterable[Latencies]) -> Latencies:
        """Of all that was measured in several parts."""
        return cls.of(np.concatenate([np.repeat(one.nanoseconds, one.counts) for one in parts]))

    @property
    def count(self) -> int:
        """How many requests there were."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Nanoseconds that a request took on average."""
        return float(np.average(self.nanoseconds, weights=self.counts))

    def percentile(self, percent: float) -> float:
        """Nanoseconds that so many percent of the requests did not exceed."""
        rank = np.ceil(percent / 100 * self.count)
        at = int(np.searchsorted(np.cumsum(self.counts), max(rank, 1)))
        return float(self.nanoseconds[at])


def read_log(path: Path) -> dict[str, Latencies]:
    """The latencies of an HdrHistogram interval log in nanoseconds, by tag."""
    from hdrh.histogram import HdrHistogram  # noqa: PLC0415 - it is optional
    from hdrh.log import HistogramLogReader  # noqa: PLC0415 - it is optional

    reader = HistogramLogReader(str(path), HdrHistogram(1, _HIGHEST, _DIGITS))
    found: dict[str, Any] = {}
    try:
        while (interval := reader.get_next_interval_histogram()) is not None:
            tag = interval.get_tag() or ""
            found.setdefault(tag, HdrHistogram(1, _HIGHEST, _DIGITS)).add(interval)
    finally:
        reader.close()
    return {tag: _of(histogram) for tag, histogram in found.items() if histogram.total_count}


def _of(histogram: Any) -> Latencies:  # noqa: ANN401 - it has no types
    steps = [
        (step.value_iterated_to, step.count_at_value_iterated_to)
        for step in histogram.get_recorded_iterator()
    ]
    values, counts = zip(*steps, strict=True)
    return Latencies(np.array(values, np.int64), np.array(counts, np.int64))
