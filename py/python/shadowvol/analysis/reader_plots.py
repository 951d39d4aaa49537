"""Plots of readers beside a writer: what was found as points, what the model says as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowvol.analysis import model
from shadowvol.analysis.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    caption,
    in_percent,
    line_of,
    new_figure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol.analysis.counted import Counted
    from shadowvol.analysis.readers import Beside, ReadTimes

_BINS = 12


def draw_counted(counted: Sequence[Counted]) -> Figure:
    """With writes for a clock: the share from slots, and the share of reads that are redirected."""
    figure = new_figure(10.5, 4.4)
    left, right = figure.subplots(1, 2)
    _draw_slots(left, counted[0])
    for nth, one in enumerate(counted):
        _draw_redirected(right, one, nth)
    right.set_title("Reads that the re-check sends to slots", fontsize="medium")
    right.set_ylabel("share of reads")
    right.legend(title="points: counted; lines: model", title_fontsize="small")
    for axes in (left, right):
        axes.set_xlabel("writes since the copy, for each chunk of the volume")
        axes.set_ylim(bottom=0)
        in_percent(axes.yaxis)
    figure.suptitle("A reader beside a writer, with writes for a clock")
    chunks, during = counted[0].chunks, counted[0].during
    reads = sum(sum(one.reads.values()) for one in counted)
    caption(
        figure,
        f"{reads:,} reads of the real engine in memory, {chunks:,} chunks, {during} random writes"
        " within each read; bars: two standard errors",
    )
    return figure


def draw_read_times(times: ReadTimes) -> Figure:
    """The time of a read, by the share of the copy that is in slots."""
    figure = new_figure(8, 4.2)
    axes: Axes = figure.subplots()
    shares = np.linspace(0, 1, 101)
    lines = times.predicted(shares)
    axes.plot(shares, lines, color=BLACK, label="model, from the first and the last point")
    axes.plot(times.shares, times.times, "o", color=BLUE, label="measured, median")
    axes.set_title(f"Reading {times.request} chunks of 4 KiB that were overwritten at random")
    axes.set_xlabel("share of the copy's chunks in slots")
    axes.set_ylabel("time of a read, in plain reads of the origin")
    axes.set_ylim(bottom=0)
    in_percent(axes.xaxis)
    axes.legend(loc="lower right")
    caption(figure, "measured in this notebook, from Python; nobody writes meanwhile")
    return figure


def draw_beside(measured: Sequence[Beside], times: ReadTimes) -> Figure:
    """By the clock: throughput and redirects against the rate of writes."""
    # A machine that is asked for too much may come to less.
    measured = sorted(measured, key=lambda one: one.rate)
    figure = new_figure(10.5, 4.6)
    left, right = figure.subplots(1, 2)
    _draw_throughput(left, measured, times)
    ours = [one for one in measured if not one.other and one.rate]
    rates = [one.rate for one in ours]
    right.plot(rates, [one.redirected_share for one in ours], "o-", color=BLUE, label="measured")
    right.plot(rates, [one.predicted_share for one in ours], "--", color=BLACK, label="model")
    right.set_title("Reads that the re-check sends to slots", fontsize="medium")
    right.set_ylabel("share of reads")
    in_percent(right.yaxis)
    for axes in (left, right):
        axes.set_xlabel("writes a second that the machine really made")
        axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:,.0f}")
        axes.tick_params(axis="x", labelrotation=20)
        axes.set_ylim(bottom=0)
        axes.legend()
    figure.suptitle("A reader beside a writer in another process, by the clock")
    one = measured[0]
    caption(
        figure,
        f"measured in this notebook; reads of {one.request} chunks of 4 KiB, {one.chunks:,} chunks,"
        " a new copy for each point and round; grey: what two processes cost each other anyway",
    )
    return figure


def _draw_slots(axes: Axes, counted: Counted) -> None:
    writes = np.array(sorted(counted.reads))
    share = [counted.preserved[n] / counted.reads[n] / counted.chunks for n in writes]
    lines = np.linspace(0, writes[-1], 200)
    axes.plot(lines / counted.chunks, model.from_slots(lines, counted.chunks), color=BLACK)
    some = slice(None, None, max(1, len(writes) // 16))
    axes.plot(writes[some] / counted.chunks, share[some], "o", color=BLUE)
    axes.set_title("Chunks of the copy that come from slots", fontsize="medium")
    axes.set_ylabel("share of chunks")
    text = "line: model; points: counted"
    axes.annotate(text, (0.97, 0.05), xycoords="axes fraction", ha="right")


def _draw_redirected(axes: Axes, counted: Counted, nth: int) -> None:
    writes = np.array(sorted(counted.reads))
    reads = np.array([counted.reads[n] for n in writes], float)
    redirected = np.array([counted.redirected[n] for n in writes], float)
    look = line_of(nth)
    lines = np.linspace(0, writes[-1], 200)
    chance = model.redirected(lines, counted.during, request=counted.request, chunks=counted.chunks)
    axes.plot(lines / counted.chunks, chance, color=look["color"])
    groups = np.array_split(np.arange(len(writes)), _BINS)
    at = [np.average(writes[some], weights=reads[some]) / counted.chunks for some in groups]
    share = np.array([redirected[some].sum() / reads[some].sum() for some in groups])
    count = np.array([reads[some].sum() for some in groups])
    error = 2 * np.sqrt(share * (1 - share) / count)
    label = f"reads of {counted.request} chunk{'s' * (counted.request > 1)}"
    axes.errorbar(at, share, error, linestyle="none", label=label, capsize=2, **look)


def _draw_throughput(axes: Axes, measured: Sequence[Beside], times: ReadTimes) -> None:
    for other, label, colour, marker in (
        (True, "the writer writes to another volume", GREY, "s"),
        (False, "it writes to the volume whose copy is read", ORANGE, "o"),
    ):
        some = [one for one in measured if one.other == other]
        rates, speeds = [one.rate for one in some], [one.speed for one in some]
        axes.plot(rates, speeds, color=colour, marker=marker, label=label)
    ours = [one for one in measured if not one.other]
    says = [one.predicted_speed(times) for one in ours]
    axes.plot([one.rate for one in ours], says, "--", color=BLACK, label="the same by the model")
    axes.set_title("Throughput of the median read", fontsize="medium")
    axes.set_ylabel("to that of plain reads of the origin in turn")
