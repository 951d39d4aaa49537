"""Plots of plans: how large the diff area must be, and what it costs to keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowvol._plan import PlanRow, span_text
from shadowvol.analysis.style import SKY, caption, in_bytes, line_of, new_figure
from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol._plan import Plan


def draw_needs(plan: Plan, chunk_size: int) -> Figure:
    """The diff area against the time between copies, for each time that they are kept."""
    rows = [row for row in plan.rows if row.chunk_size == chunk_size and row.every is not None]
    figure = new_figure(10.5, 4.6)
    left, right = figure.subplots(1, 2)
    _draw_lines(left, rows, _kept, lambda row: row.every or 0.0, lambda row: row.diff_area)
    left.set_xlabel("seconds between two shadow copies")
    left.set_ylabel("diff area that is enough")
    left.set_title("How large it must be", fontsize="medium")
    in_bytes(left.yaxis)
    _draw_lines(
        right, rows, _kept, lambda row: row.every or 0.0, lambda row: row.amplification or 0.0
    )
    right.set_xlabel("seconds between two shadow copies")
    right.set_ylabel("bytes written to media for each byte of a write")
    right.set_title("What it costs", fontsize="medium")
    left.set_ylim(bottom=0)
    right.set_ylim(bottom=1)
    figure.suptitle(f"How often, and for how long? Chunks of {size_text(chunk_size)}")
    caption(figure, _source(plan))
    return figure


def draw_chunks(plan: Plan) -> Figure:
    """The diff area and the write amplification against the chunk size, for each schedule."""
    figure = new_figure(10.5, 4.6)
    left, right = figure.subplots(1, 2)
    sizes = sorted({row.chunk_size for row in plan.rows})
    for axes, value in (
        (left, lambda row: row.diff_area),
        (right, lambda row: row.amplification or 0.0),
    ):
        _draw_lines(
            axes,
            plan.rows,
            lambda row: row.schedule,
            lambda row: sizes.index(row.chunk_size),
            value,
        )
        axes.set_xticks(range(len(sizes)), [size_text(size) for size in sizes])
        axes.set_xlabel("chunk size")
        axes.set_ylim(bottom=0 if axes is left else 1)
    left.set_title("How large it must be", fontsize="medium")
    left.set_ylabel("diff area that is enough")
    in_bytes(left.yaxis)
    right.set_title("What it costs", fontsize="medium")
    right.set_ylabel("bytes written to media for each byte of a write")
    figure.suptitle("Which chunk size?")
    caption(figure, _source(plan))
    return figure


def draw_change(plan: Plan) -> Figure:
    """What is preserved from each copy to the next, over time: when the work is done."""
    row = min(plan.rows, key=lambda row: (row.chunk_size, row.every or 0.0))
    series = row.to_numpy()
    begins = series["begins"] / 1e9
    figure = new_figure(9.5, 3.6)
    axes: Axes = figure.subplots()
    width = (row.every or 1.0) * 0.95
    axes.bar(begins, series["preserved"], width, align="edge", color=SKY)
    for value, label, style in (
        (row.change_median, "half", "--"),
        (row.change_p95, "95 of 100", ":"),
    ):
        text = f"{label} of the times: {size_text(value)} or less"
        axes.axhline(value, color="black", linewidth=1.2, linestyle=style, label=text)
    axes.legend(loc="upper left")
    axes.margins(y=0.25)
    axes.set_title(f"Old bytes preserved from each copy to the next: {row.schedule}")
    axes.set_xlabel("seconds since the trace's begin")
    axes.set_ylabel(f"in chunks of {size_text(row.chunk_size)}")
    in_bytes(axes.yaxis)
    caption(figure, _source(plan))
    return figure


def _draw_lines(
    axes: Axes,
    rows: Iterable[PlanRow],
    group: Callable[[PlanRow], str],
    x: Callable[[PlanRow], float],
    y: Callable[[PlanRow], float],
) -> None:
    groups: dict[str, list[PlanRow]] = {}
    for row in rows:
        groups.setdefault(group(row), []).append(row)
    for nth, (label, some) in enumerate(groups.items()):
        points = [(x(row), y(row)) for row in sorted(some, key=x)]
        axes.plot(*zip(*points, strict=True), label=label, **line_of(nth))
    axes.legend()


def _kept(row: PlanRow) -> str:
    if row.keep is None:
        return f"{row.keep_copies} copies kept"
    return f"kept for {span_text(row.keep)}"


def _source(plan: Plan) -> str:
    trace = plan.trace
    return (
        f"planned from a trace of {trace.seconds:.1f} s with {trace.writes:,} writes of"
        f" {size_text(trace.written_bytes)} in all"
    )
