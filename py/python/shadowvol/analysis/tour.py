"""What the first notebook needs beside the package: another process, and a map of changes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import ListedColormap

from shadowvol.analysis.style import BLUE, caption, in_bytes, new_figure
from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol._shadowvol import Volume


class FailedElsewhereError(Exception):
    """What was run in another process ended with an error, which this tells."""


def elsewhere(code: str, folder: Path) -> str:
    """Run Python code in a process of its own, in ``folder``; returns what it prints."""
    done = subprocess.run(  # noqa: S603 - the caller's own words
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FailedElsewhereError(done.stderr.strip())
    return done.stdout


def draw_changes(volume: Volume) -> Figure:
    """A map of the volume: for each copy, what was overwritten until the next one or until now."""
    copies = volume.shadow_copies()
    if not copies:
        raise ValueError("the volume has no shadow copy: take one first")
    ends = [copy.id for copy in copies[1:]]
    chunk = volume.chunk_size
    chart = np.zeros((len(copies), -(-volume.size // chunk)))
    labels = []
    for nth, (copy, until) in enumerate(zip(copies, [*ends, None], strict=True)):
        extents = volume.changes(copy.id, until)
        for offset, length in extents:
            first = offset // chunk
            chart[nth, first : first - (-length // chunk)] = 1
        changed = sum(extent.length for extent in extents)
        name = f"copy {copy.id}" + (f" “{copy.label}”" if copy.label else "")
        labels.append(f"{name}\nto {f'copy {until}' if until else 'now'}: {size_text(changed)}")
    figure = new_figure(9.5, 1.1 + 0.55 * len(copies))
    axes: Axes = figure.subplots()
    colours = ListedColormap(["#E8E8E8", BLUE])
    place = (0.0, float(volume.size), len(copies) - 0.5, -0.5)
    axes.imshow(
        chart, colours, aspect="auto", interpolation="nearest", extent=place, vmin=0, vmax=1
    )
    axes.set_yticks(range(len(copies)), labels, fontsize="small")
    axes.grid(visible=False)
    axes.hlines(np.arange(len(copies) - 1) + 0.5, 0, volume.size, color="white", linewidth=3)
    axes.set_xlabel("place in the volume")
    axes.set_title(f"What was overwritten from copy to copy, in chunks of {size_text(chunk)}")
    in_bytes(axes.xaxis)
    caption(figure, "dark: may differ; light: is the same")
    return figure
