"""How all plots look: colours that everybody can tell apart, units that people read.

The colours are those of Okabe and Ito. A colour has one meaning in all notebooks, and never carries
it alone: lines differ in their markers, bars in their places, events in their labels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axis import Axis

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
RED = "#D55E00"
PINK = "#CC79A7"
GREY = "#8C8C8C"

SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, RED, BLACK, YELLOW)
"""The colours of lines that have no meaning of their own, in order."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""What else tells these lines apart."""

_MICROSECOND = 1e3
_MILLISECOND = 1e6
_SECOND = 1e9


def use_style() -> None:
    """Let everything that is drawn from now on look alike, as all notebooks do."""
    mpl.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.labelsize": "medium",
            "axes.prop_cycle": cycler(color=list(SERIES)),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "large",
            "figure.dpi": 110,
            "font.size": 10,
            "grid.alpha": 0.3,
            "legend.fontsize": "small",
            "legend.frameon": False,
            "lines.linewidth": 1.6,
            "lines.markersize": 5,
            "savefig.bbox": "tight",
        }
    )


def new_figure(width: float = 9, height: float = 4.5) -> Figure:
    """An empty figure of so many inches that belongs to nobody else."""
    return Figure(figsize=(width, height), layout="constrained")


def caption(figure: Figure, text: str) -> None:
    """Say below a figure where its numbers come from."""
    figure.supxlabel(text, fontsize="small", color="#444444", x=0.01, ha="left")


def in_bytes(axis: Axis) -> None:
    """Label an axis of bytes with KiB, MiB and so on, where these are round numbers."""

    def label(count: float, _: int | None) -> str:
        unit = _unit(axis.get_view_interval()[1])
        return f"{count / unit:g} {size_text(unit).split()[1]}"

    axis.set_major_locator(_RoundBytes())
    axis.set_major_formatter(FuncFormatter(label))


def in_time(axis: Axis) -> None:
    """Label an axis of nanoseconds with µs, ms and so on."""
    axis.set_major_formatter(FuncFormatter(lambda count, _: time_text(count)))


def in_percent(axis: Axis) -> None:
    """Label an axis of shares with percents."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))


def time_text(nanoseconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, length in (("s", _SECOND), ("ms", _MILLISECOND), ("µs", _MICROSECOND)):
        if nanoseconds >= length:
            return f"{nanoseconds / length:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def line_of(nth: int) -> dict[str, Any]:
    """The colour and the marker of the nth line of a plot."""
    return {"color": SERIES[nth % len(SERIES)], "marker": MARKERS[nth % len(MARKERS)]}


class _RoundBytes(MaxNLocator):
    """Places at round numbers of a unit of bytes."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Those of the largest unit that fits."""
        unit = _unit(vmax)
        return [place * unit for place in super().tick_values(vmin / unit, vmax / unit)]


def _unit(most: float) -> int:
    """The largest unit of bytes that is not more than that."""
    return 1 << 10 * int(math.log(max(most, 1), 1024))
