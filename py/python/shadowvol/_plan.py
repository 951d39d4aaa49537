"""How large the diff area must be: what the planner finds, for programs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from shadowvol._shadowvol import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    from matplotlib.figure import Figure

    from shadowvol._types import Progress, StrPath, TraceAction, TraceFormat

_INTERVAL = struct.Struct("<QQQ")
_CHUNK_SIZES = tuple(4096 << shift for shift in (0, 2, 4, 6, 8))
_NANOSECONDS = 1e9

T = TypeVar("T")


class PlanInterval(NamedTuple):
    """The time from one shadow copy to the next."""

    begins: float
    """Seconds since the trace's begin."""
    preserved: int
    """Old bytes that are preserved in it, in whole chunks."""
    in_use: int
    """The most old bytes that are kept at once in it, in whole chunks."""


@dataclass(frozen=True)
class TraceFacts:
    """What a trace tells of."""

    events: int
    """Everything that counts: reads do not."""
    writes: int
    written_bytes: int
    discards: int
    discarded_bytes: int
    flushes: int
    copies: int
    """Shadow copies that were taken, or were there at its begin."""
    reverts: int
    """Reverts. What they wrote is in no trace: a plan is too small by that."""
    seconds: float
    """How long it lasts."""
    size: int | None
    """Bytes of the volume, if the trace or the caller has said."""
    end: int
    """The byte behind the last one that was written or discarded."""
    disordered: int
    """Events whose time was before that of the one before; they count as of that."""
    cut_off: bool
    """Whether it breaks off without its end mark."""


@dataclass(frozen=True)
class PlanRow:
    """What one chunk size with one schedule takes."""

    chunk_size: int
    every: float | None
    """Seconds between two shadow copies; None for those that the trace tells of."""
    keep: float | None
    """Seconds for which a copy is kept; None if it is kept by number."""
    keep_copies: int | None
    """How many copies are kept; None if they are kept by time."""
    diff_area: int
    """Bytes that the diff area must be allowed to grow to (``limit``); all is in it."""
    peak_bytes: int
    """The most old bytes that are kept at once, in whole chunks."""
    peak_at: float
    """When that is: seconds since the trace's begin."""
    journal: int
    """Bytes of the journal at its longest."""
    copies: int
    """Copies that were taken."""
    most_copies: int
    """The most copies at once."""
    warm: bool
    """Whether a copy was deleted. If not, the trace is shorter than copies are kept, and a longer
    one may need more."""
    preserved_chunks: int
    preserved_bytes: int
    """Old bytes that were written to slots."""
    record_bytes: int
    """Bytes that were appended to the journal."""
    rewritten_bytes: int
    """Bytes of journals that were written anew, at most."""
    amplification: float | None
    """Bytes written to media, the volume's own among them, for each byte of a write. None if the
    trace has discards alone."""
    change_median: int
    """Old bytes that are preserved between two copies: in half of the intervals no more."""
    change_p95: int
    change_p99: int
    change_most: int
    series: bytes = field(repr=False)
    """The intervals, packed: see ``intervals`` and ``to_numpy``."""

    @property
    def intervals(self) -> list[PlanInterval]:
        """The times between two copies; the last one ends with the trace."""
        numbers = _INTERVAL.iter_unpack(self.series)
        return [PlanInterval(at / _NANOSECONDS, *others) for at, *others in numbers]

    @property
    def schedule(self) -> str:
        """When copies are taken and deleted, in words."""
        if self.every is None:
            return "the trace's own copies"
        if self.keep is None:
            return f"a copy every {span_text(self.every)}, {self.keep_copies} kept"
        return f"a copy every {span_text(self.every)} kept for {span_text(self.keep)}"

    def to_numpy(self) -> np.ndarray:
        """The intervals as a structured array: nanoseconds, and bytes."""
        import numpy as np  # noqa: PLC0415 - it is optional

        names = (("begins", "<u8"), ("preserved", "<u8"), ("in_use", "<u8"))
        return np.frombuffer(self.series, dtype=list(names))


@dataclass(frozen=True)
class Plan:
    """What a trace tells of, and what each chunk size and schedule takes.

    It can be pickled, so that parts of a large plan can be made by other processes.
    """

    trace: TraceFacts
    rows: tuple[PlanRow, ...]

    @classmethod
    def join(cls, plans: Iterable[Plan]) -> Plan:
        """One plan of the rows of several, which must be of one trace."""
        plans = list(plans)
        if len({plan.trace for plan in plans}) != 1:
            raise ValueError("plans can be joined if there are any, and all of one trace")
        return cls(plans[0].trace, tuple(row for plan in plans for row in plan.rows))

    def by_schedule(self) -> Iterator[list[PlanRow]]:
        """The rows of each schedule, the chunk sizes in ascending order."""

        def schedule(row: PlanRow) -> tuple[float, float, int]:
            return (row.every or 0, row.keep or 0, row.keep_copies or 0)

        ordered = sorted(self.rows, key=lambda row: (schedule(row), row.chunk_size))
        for _, rows in groupby(ordered, schedule):
            yield list(rows)

    def to_numpy(self) -> np.ndarray:
        """The rows as a structured array; what is None is NaN, or 0 copies."""
        import numpy as np  # noqa: PLC0415 - it is optional

        names = [one.name for one in fields(PlanRow) if one.name != "series"]
        floats = {"every", "keep", "peak_at", "amplification"}
        kinds = {"warm": "?"} | dict.fromkeys(floats, "f8")
        nothing = dict.fromkeys(floats, float("nan")) | {"keep_copies": 0}
        rows = [
            tuple(
                nothing[name] if value is None else value
                for name, value in zip(names, astuple(row), strict=False)
            )
            for row in self.rows
        ]
        return np.array(rows, dtype=[(name, kinds.get(name, "i8")) for name in names])

    def to_arrow(self) -> Any:  # noqa: ANN401 - pyarrow is optional, and has no types
        """The rows as an Arrow table. It needs pyarrow."""
        import pyarrow as pa  # noqa: PLC0415 - it is optional

        rows = self.to_numpy()
        return pa.table({name: rows[name] for name in rows.dtype.names or ()})

    def plot(self) -> Figure:
        """A picture of the plan. It needs matplotlib: ``pip install 'shadowvol[plan]'``."""
        from shadowvol._plan_plot import figure  # noqa: PLC0415 - it needs matplotlib

        return figure(self)


def plan(
    trace: StrPath,
    *,
    every: timedelta | Sequence[timedelta] | None = None,
    keep: timedelta | int | Sequence[timedelta | int] | None = None,
    chunk_size: int | Sequence[int] = _CHUNK_SIZES,
    format: TraceFormat | None = None,  # noqa: A002 - the right word
    size: int | None = None,
    device: str | None = None,
    action: TraceAction = "queued",
    columns: Mapping[str, str | int] | None = None,
    units: Mapping[str, str | int] | None = None,
    progress: Progress | None = None,
) -> Plan:
    """How large the diff area must be for what a trace tells of.

    The trace is read once, and replayed for each chunk size with a shadow copy at its begin and
    ``every`` so often, each kept for a time, or until there are so many, as ``keep`` says. Without
    ``every`` and ``keep`` the copies are those that the trace tells of. What is counted is what
    :class:`Volume` would do; a trace does not tell which old bytes are zeros, so all are taken for
    others.

    ``trace`` is a file that :meth:`Volume.record` has made, the output of blkparse, a log of fio,
    or a table; it may be compressed by gzip or zstd, and ``-`` is the standard input. ``format``
    is found by the content. ``size`` is that of the volume; ``device`` is the one that is meant, if
    the trace tells of several; ``action`` is which appearance of a request counts in the output of
    blkparse. ``columns`` names the columns of a table, by name or by number from 1: ``time``,
    ``offset``, ``length``, and if it has them ``kind`` and ``device``; without ``kind`` each line
    is a write. ``units`` says in what they count, if not in seconds and bytes:
    ``{"time": "ms", "offset": 512, "length": 512}``.

    >>> import shadowvol as sv
    >>> from datetime import timedelta
    >>> with sv.Volume.create("busy.img", size=1 << 20) as vol, vol.record("busy.trace"):
    ...     vol.write(5000, b"new")
    3
    >>> day = sv.plan("busy.trace", every=timedelta(hours=1), keep=24, chunk_size=4096)
    >>> day.rows[0].peak_bytes
    4096

    Raises ``BadTrace`` when the trace is not as its format has it, or of no use.
    """
    everies = _listed(every)
    keeps: list[timedelta | int] = _listed(keep)
    if bool(everies) != bool(keeps):
        raise ValueError(
            "every and keep belong together: give both or, for the trace's copies, none"
        )
    if any(one <= timedelta(0) for one in everies):
        raise ValueError("every must be longer than nothing")
    if any(one < 1 if isinstance(one, int) else one <= timedelta(0) for one in keeps):
        raise ValueError("keep must be a time, or at least one copy")
    facts, rows = replay(
        trace,
        every=everies,
        keep=keeps,
        chunk_size=_listed(chunk_size),
        format=format,
        size=size,
        device=device,
        action=action,
        columns=None if columns is None else dict(columns),
        units=dict(units or {}),
        progress=progress,
    )
    return Plan(TraceFacts(**facts), tuple(PlanRow(**row) for row in rows))


def span_text(seconds: float) -> str:
    """A length of time, for people."""
    # One day is 24 hours, as people say.
    for name, length, least in (("d", 86400, 172800), ("h", 3600, 7200), ("min", 60, 120)):
        if seconds >= least or (seconds == length and name != "d"):
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.3g} s"


def _listed(value: T | Sequence[T] | None) -> list[T]:
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) else [value]
