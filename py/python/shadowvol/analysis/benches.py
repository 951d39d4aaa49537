"""What the benches of the repository have saved, if they have run.

``make bench`` leaves its rows and latencies in ``target/bench-results``; ``benches/README.md``
says what is in them. Nothing here fails for want of them: then there are no rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowvol.analysis.bench_matrix import draw_matrix
from shadowvol.analysis.latencies import Latencies, read_log
from shadowvol.analysis.latency_plots import draw_lines
from shadowvol.analysis.style import BLACK, BLUE, GREY, ORANGE, SERIES, caption, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLACE = Path("target", "bench-results")


@dataclass(frozen=True)
class Results:
    """The results of one bench."""

    name: str
    rows: tuple[dict[str, Any], ...]
    """As the bench has written them; none if it has not run."""
    folder: Path | None

    @property
    def source(self) -> str:
        """Where the numbers come from, for the caption of a plot."""
        if not self.rows:
            return f"no results: {_maker(self.name)} makes them"
        return f"from the bench {self.name} of {self.rows[0]['date']}"

    def latencies(self) -> dict[str, Latencies]:
        """The latencies by the tags of the rows, of ours and, with ``.base``, of the bases."""
        if self.folder is None:
            return {}
        log = self.folder / f"{self.name}.hlog"
        return read_log(log) if log.is_file() else {}

    def draw_latencies(self, work: str) -> Figure | str:
        """The latencies of a kind of work, as the rows call it; or the sentence of ``draw``."""
        logged = self.latencies()
        rows = [row for row in self.rows if row["work"] == work and row["tag"] in logged]
        if not rows:
            return self.source if not self.rows else f"nothing is logged of {work!r}"
        place = rows[0]["place"]
        lines = {
            row["what"]: logged[row["tag"]]
            for row in [row for row in rows if row["place"] == place][: len(SERIES)]
        }
        return draw_lines(lines, f"Latencies of the work “{work}” on {place}", self.source)

    def draw(self) -> Figure | str:
        """The ratios of all rows; a sentence that says how to get them if there are none."""
        rows = [row for row in self.rows if row["ratio"] is not None]
        return _draw(rows, self) if rows else self.source

    def draw_matrix(self, place: str) -> Figure | str:
        """The ratios on a place, a row for each work and a column for each base; or a sentence."""
        rows = [row for row in self.rows if row["place"] == place and row["ratio"] is not None]
        if not rows:
            return self.source if not self.rows else f"nothing was measured on {place!r}"
        title = f"The bench “{self.name}” on {place}: above 1 we are faster"
        return draw_matrix(rows, title, self.source)


def bench_results(name: str, start: Path | None = None) -> Results:
    """The results of a bench, from the checkout around ``start`` or the working directory."""
    here = (start or Path.cwd()).resolve()
    for folder in (one / _PLACE for one in (here, *here.parents)):
        file = folder / f"{name}.jsonl"
        if file.is_file():
            lines = file.read_text("utf-8").splitlines()
            return Results(name, tuple(json.loads(line) for line in lines if line), folder)
    return Results(name, (), None)


def _draw(rows: list[dict[str, Any]], results: Results) -> Figure:
    places = list(dict.fromkeys(row["place"] for row in rows))
    names = list(dict.fromkeys(_name(row) for row in rows))
    figure = new_figure(9.5, 0.3 * len(names) + 1.6)
    axes: Axes = figure.subplots()
    for place, colour, marker in zip(places, (BLUE, ORANGE, GREY), "osv", strict=False):
        some = [row for row in rows if row["place"] == place]
        at = [len(names) - names.index(_name(row)) for row in some]
        ratios = [row["ratio"] for row in some]
        spread = (
            [row["ratio"] - row["least"] for row in some],
            [row["greatest"] - row["ratio"] for row in some],
        )
        axes.errorbar(
            ratios, at, xerr=spread, fmt=marker, color=colour, capsize=2, label=f"on {place}"
        )
    axes.axvline(1, color=BLACK, linewidth=1)
    axes.set_yticks(range(len(names), 0, -1), names, fontsize="small")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:,.4g}")
    axes.set_xlabel("speed to that of the base, above 1 is faster; bars: least and greatest round")
    axes.set_ylim(0, len(names) + 1)
    axes.set_title(f"The bench “{results.name}”")
    axes.legend()
    caption(figure, results.source)
    return figure


def _name(row: dict[str, Any]) -> str:
    return f"{row['what']}  (to {row['base']})"


def _maker(name: str) -> str:
    return "make bench-peers" if name == "peers" else f"make bench BENCH_ARGS='--bench {name}'"
