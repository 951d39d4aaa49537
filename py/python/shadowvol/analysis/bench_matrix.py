"""Ratios as a table in colours: what was measured down, what it is compared with across."""

from __future__ import annotations

from math import log2, nan
from typing import TYPE_CHECKING, Any

from matplotlib.colors import LinearSegmentedColormap

from shadowvol.analysis.style import BLACK, BLUE, GREY, ORANGE, caption, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = LinearSegmentedColormap.from_list("ahead", [ORANGE, "#ffffff", BLUE])
_FULL = 4.0
"""Doublings of the ratio at which a colour is full."""


def draw_matrix(rows: list[dict[str, Any]], title: str, source: str) -> Figure:
    """Draw the rows of a bench; one that was measured in every round alike is in bold."""
    works = list(dict.fromkeys(row["what"] for row in rows))
    bases = list(dict.fromkeys(row["base"] for row in rows))
    figure = new_figure(4.2 + 0.62 * len(bases), 2.4 + 0.27 * len(works))
    axes: Axes = figure.subplots()
    doublings = [[nan] * len(bases) for _ in works]
    for row in rows:
        down, across = works.index(row["what"]), bases.index(row["base"])
        doubling = log2(row["ratio"])
        doublings[down][across] = doubling
        weight = "normal" if row["ahead"] == "even" else "bold"
        colour = "#ffffff" if doubling > _FULL / 2 else BLACK
        ratio = f"{row['ratio']:,.{2 if doubling < _FULL else 0}f}"
        axes.text(
            across, down, ratio, color=colour, weight=weight, ha="center", va="center", fontsize=7
        )
    axes.grid(visible=False)
    axes.set_facecolor(GREY + "22")
    axes.imshow(doublings, cmap=_COLOURS, vmin=-_FULL, vmax=_FULL, aspect="auto")
    axes.set_xticks(range(len(bases)), bases, rotation=60, ha="left", fontsize="small")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(works)), works, fontsize="small")
    axes.set_xlabel("colours: blue where we are faster, orange where the base is")
    axes.set_ylabel("what was done")
    axes.set_title(title)
    caption(figure, f"bold: the same was ahead in every round; {source}")
    return figure
