"""A picture of a plan: what is in use over time, and what each chunk size needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shadowvol._plan import Plan, PlanRow

_MOST_LINES = 8
_UNITS = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def figure(plan: Plan) -> Figure:
    """Both pictures, one above the other."""
    schedules = list(plan.by_schedule())
    out = Figure(figsize=(9, 8), layout="constrained")
    over_time, needed = out.subplots(2, 1)
    _draw_time(over_time, _lines(schedules), plan.trace.seconds)
    _draw_needs(needed, schedules)
    return out


def _lines(schedules: list[list[PlanRow]]) -> list[PlanRow]:
    """All rows of a single schedule, or else the best of each."""
    if len(schedules) == 1:
        return schedules[0][:_MOST_LINES]
    return [min(rows, key=lambda row: row.diff_area) for rows in schedules[:_MOST_LINES]]


def _draw_time(axes: Axes, rows: list[PlanRow], seconds: float) -> None:
    unit, length = next(
        (unit, length)
        for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
        if seconds >= 2 * length or length == 1
    )
    size_unit, size = _unit(max(row.peak_bytes for row in rows))
    for row in rows:
        series = row.to_numpy()
        times = np.append(series["begins"] / 1e9, seconds) / length
        in_use = np.append(series["in_use"], series["in_use"][-1:]) / size
        (line,) = axes.step(
            times[: len(in_use)],
            in_use,
            where="post",
            label=f"chunks of {size_text(row.chunk_size)}, {row.schedule}",
        )
        peak = (row.peak_at / length, row.peak_bytes / size)
        axes.plot(*peak, marker="o", color=line.get_color())
    axes.set_title("Old bytes in use: the most between one copy and the next, and the peak")
    axes.set_xlabel(f"{unit} since the trace's begin")
    axes.set_ylabel(f"old bytes in whole chunks, {size_unit}")
    _dress(axes)


def _draw_needs(axes: Axes, schedules: list[list[PlanRow]]) -> None:
    sizes = sorted({row.chunk_size for rows in schedules for row in rows})
    width = 0.8 / len(schedules)
    unit, size = _unit(max(row.diff_area for rows in schedules for row in rows))
    for nth, rows in enumerate(schedules):
        at = [sizes.index(row.chunk_size) - 0.4 + width * (nth + 0.5) for row in rows]
        needs = [row.diff_area / size for row in rows]
        bars = axes.bar(at, needs, width * 0.95, label=rows[0].schedule)
        factors = [row.amplification for row in rows]
        labels = ["" if factor is None else f"{factor:.3g}x" for factor in factors]
        axes.bar_label(bars, labels, fontsize="small", padding=2)
    axes.set_title(
        "The diff area that is needed (x: bytes written to media for each byte of a write)"
    )
    axes.set_xticks(range(len(sizes)), [size_text(one) for one in sizes])
    axes.set_xlabel("chunk size")
    axes.set_ylabel(f"diff area, {unit}")
    axes.margins(y=0.12)
    _dress(axes)


def _unit(most: int) -> tuple[str, int]:
    """The unit in which so many bytes are a number that can be read, and its bytes."""
    return next((name, size) for name, size in (*_UNITS, ("bytes", 1)) if most >= size or size == 1)


def _dress(axes: Axes) -> None:
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="best", fontsize="small")
