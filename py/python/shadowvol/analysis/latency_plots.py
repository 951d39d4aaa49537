"""Plots of latencies: how often a request takes how long, and what depends on the chunk size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from shadowvol.analysis.style import (
    BLUE,
    GREY,
    ORANGE,
    caption,
    in_time,
    line_of,
    new_figure,
)
from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol.analysis.latencies import Latencies
    from shadowvol.analysis.overwrites import Overwrites

_PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99)
_BINS_A_DECADE = 20
_OURS = "measured in this notebook, from Python"


def draw_histograms(measured: Sequence[Overwrites], chunk_size: int = 4096) -> Figure:
    """How often a write takes how long, for each pattern: first, again, and to a plain file."""
    chosen = [one for one in measured if one.chunk_size == chunk_size]
    if not chosen:
        raise ValueError(f"nothing was measured with chunks of {chunk_size} bytes")
    figure = new_figure(9.5, 2.2 * len(chosen) + 0.6)
    grid = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)
    sides = (("first overwrite", "first", ORANGE), ("overwrite again", "again", BLUE))
    for axes, one in zip(grid[:, 0], chosen, strict=True):
        for label, name, colour in (*sides, ("plain file", "plain", GREY)):
            latencies: Latencies = getattr(one, name)
            _draw_histogram(axes, latencies, f"{label}, median marked", colour)
        axes.set_title(f"{one.pattern} writes of 4 KiB", fontsize="medium")
        axes.set_ylabel("share of requests")
        axes.set_ylim(bottom=0)
    grid[0, 0].legend(loc="upper right")
    grid[-1, 0].set_xscale("log")
    in_time(grid[-1, 0].xaxis)
    grid[-1, 0].set_xlabel("latency of one write")
    figure.suptitle(f"What a write costs beside a shadow copy, chunks of {size_text(chunk_size)}")
    caption(figure, f"{_OURS}; coherent mode, files in memory where there is a place for them")
    return figure


def draw_percentiles(measured: Sequence[Overwrites]) -> Figure:
    """The first overwrite's latency up to the rarest, for each pattern and chunk size."""
    patterns = list(dict.fromkeys(one.pattern for one in measured))
    figure = new_figure(10.5, 4.6)
    grid = figure.subplots(1, len(patterns), sharey=True, squeeze=False)
    for axes, pattern in zip(grid[0], patterns, strict=True):
        lines = {
            f"chunks of {size_text(one.chunk_size)}": one.first
            for one in measured
            if one.pattern == pattern
        }
        lines["plain file"] = next(one.plain for one in measured if one.pattern == pattern)
        _draw_percentiles(axes, lines)
        axes.set_title(f"{pattern} writes of 4 KiB", fontsize="medium")
    grid[0, 0].set_ylabel("latency that so many requests do not exceed")
    grid[0, -1].legend(loc="upper left")
    figure.suptitle("First overwrites: the latency of the slow ones")
    caption(figure, _OURS)
    return figure


def draw_lines(lines: Mapping[str, Latencies], title: str, source: str) -> Figure:
    """The percentiles of any latencies, as the log of a bench has them."""
    figure = new_figure(10.5, 4.6)
    axes: Axes = figure.subplots()
    _draw_percentiles(axes, lines)
    axes.set_title(title)
    axes.set_ylabel("latency that so many requests do not exceed")
    figure.legend(loc="outside right upper")
    caption(figure, source)
    return figure


def draw_moved(measured: Sequence[Overwrites]) -> Figure:
    """Mean times beside what explains them: the old bytes that are moved."""
    figure = new_figure(10.5, 4.2)
    left, right = figure.subplots(1, 2)
    for nth, pattern in enumerate(dict.fromkeys(one.pattern for one in measured)):
        some = [one for one in measured if one.pattern == pattern]
        at = range(len(some))
        left.plot(at, [one.moved for one in some], label=pattern, **line_of(nth))
        right.plot(at, [one.ratio for one in some], label=pattern, **line_of(nth))
    sizes = [size_text(size) for size in dict.fromkeys(one.chunk_size for one in measured)]
    for axes in (left, right):
        axes.set_xticks(range(len(sizes)), sizes)
        axes.set_xlabel("chunk size")
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        axes.legend()
    left.set_title("Old bytes moved", fontsize="medium")
    left.set_ylabel("old bytes moved for each byte written")
    right.set_title("Time of all first overwrites", fontsize="medium")
    right.set_ylabel("times that of the same plain writes")
    figure.suptitle("Why large chunks are dear for small scattered writes: they move more")
    caption(figure, f"{_OURS}; the bytes are counted, the times are those of this machine")
    return figure


def _draw_histogram(axes: Axes, latencies: Latencies, label: str, colour: str) -> None:
    low = np.floor(np.log10(latencies.percentile(0.1)))
    high = np.ceil(np.log10(latencies.percentile(99.9)))
    edges = np.logspace(low, high, int((high - low) * _BINS_A_DECADE) + 1)
    heights, _ = np.histogram(latencies.nanoseconds, edges, weights=latencies.counts)
    shares = heights / latencies.count
    axes.stairs(shares, edges, fill=True, color=colour, alpha=0.35)
    axes.stairs(shares, edges, color=colour, label=label, linewidth=1.4)
    axes.axvline(latencies.percentile(50), color=colour, linestyle="--", linewidth=1)


def _draw_percentiles(axes: Axes, lines: Mapping[str, Latencies]) -> None:
    """The axis is that of a HdrHistogram's plot: each nine takes the same room."""
    most = max(latencies.count for latencies in lines.values())
    shown = [percent for percent in _PERCENTILES if most * (1 - percent / 100) >= 1]
    percents = 100 - np.logspace(2, np.log10(100 - shown[-1]), 120)
    for nth, (label, latencies) in enumerate(lines.items()):
        look = {"color": GREY, "linestyle": "--"} if label == "plain file" else line_of(nth)
        values = [latencies.percentile(percent) for percent in percents]
        axes.plot(1 / (1 - percents / 100), values, label=label, markevery=24, **look)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator([1 / (1 - percent / 100) for percent in shown]))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{percent:g}" for percent in shown]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("percent of requests")
    in_time(axes.yaxis)
