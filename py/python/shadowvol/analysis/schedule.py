"""A schedule as a picture: time goes down, each node has a lane, and the media lie between them.

An arrow to a medium is a write, one from it is a read; what it carries are the values of the
volume's units, halves of chunks. Pieces of one operation that land one after the other are one row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matplotlib.patches import FancyArrowPatch, Rectangle

from shadowvol.analysis.style import BLUE, GREEN, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol.analysis.proof import Event, Place, Story

_PART = re.compile(r",? part (\d+) of (\d+)")
_BYTE = re.compile(r" \(byte \d+ of the [a-z ]+\)")
_ROW = 0.34
_LANE = 0.55
_ORIGIN, _DIFF = 1.0, 1.9
_PASSIVE = 2.9
_MARGIN = 3.1


@dataclass(frozen=True)
class Row:
    """One line of a picture: an event, or several that are the pieces of one."""

    node: str
    step: str
    text: str
    place: Place | None
    events: int = 1


def rows(events: Iterable[Event]) -> list[Row]:
    """What is drawn: pieces of one operation that follow each other are put together."""
    out: list[Row] = []
    parts: list[str] = []
    for event in events:
        part = _PART.search(event.text)
        text = _PART.sub("", _BYTE.sub("", event.text))
        last = out[-1] if out else None
        follows = last is not None and part is not None and int(part[1]) > 1 and parts != []
        if last is not None and follows and (last.node, last.step) == (event.node, event.step):
            parts.append(event.text)
            place = _together(last.place, event.place)
            out[-1] = replace(last, text=_of_parts(text, parts), place=place, events=len(parts))
            continue
        parts = [event.text] if part else []
        out.append(Row(event.node, event.step, _of_parts(text, parts), event.place))
    return out


def draw_schedule(story: Story, title: str) -> Figure:
    """A picture of a story; what it has beyond ``story.alike`` is on a green ground."""
    first = rows(story.events[: story.alike])
    drawn = first + rows(story.events[story.alike :])
    left, right = _lanes(drawn)
    figure = new_figure(11, 1.5 + _ROW * len(drawn))
    axes: Axes = figure.subplots()
    axes.set_axis_off()
    leftmost, rightmost = min(left.values(), default=0), max(right.values(), default=_DIFF)
    axes.set_xlim(leftmost - _MARGIN, rightmost + _MARGIN)
    axes.set_ylim(len(drawn) + 1, -2)
    axes.set_title(title, pad=12)
    _draw_lanes(axes, left | right, len(drawn))
    if 0 < story.alike < len(story.events):
        _draw_ground(axes, len(first), len(drawn))
    for nth, row in enumerate(drawn):
        _draw_row(axes, nth, row, left, right)
    _draw_end(axes, story, len(drawn) + 0.6)
    return figure


def _of_parts(text: str, parts: Sequence[str]) -> str:
    """The text of a row, with what it does not have of an operation."""
    if not parts:
        return text
    found = _PART.search(parts[-1])
    count = int(found[2]) if found else len(parts)
    return text if len(parts) == count else f"{text} ({len(parts)} of {count} parts)"


def _together(one: Place | None, other: Place | None) -> Place | None:
    if one is None or other is None:
        return one or other
    return replace(one, bytes=one.bytes + other.bytes, units=one.units + other.units)


def _lanes(drawn: list[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Where the nodes are: the actives left of the media, the passives right of them."""
    names = sorted({row.node for row in drawn if row.node})
    actives = [name for name in names if name.startswith("active")]
    passives = [name for name in names if not name.startswith("active")]
    left = {name: -_LANE * nth for nth, name in enumerate(reversed(actives))}
    right = {name: _PASSIVE + _LANE * nth for nth, name in enumerate(passives)}
    return left, right


def _draw_lanes(axes: Axes, nodes: dict[str, float], count: int) -> None:
    media = {"origin": _ORIGIN, "diff area": _DIFF}
    for name, x in (nodes | media).items():
        is_medium = name in media
        style = "-" if is_medium else ":"
        axes.plot([x, x], [-0.75, count - 0.3], style, color=GREY, linewidth=5 if is_medium else 1)
        weight = "bold" if is_medium else "normal"
        label = name.replace(" ", "\n", 1)
        axes.text(x, -0.95, label, ha="center", va="bottom", fontsize=9, weight=weight)


def _draw_ground(axes: Axes, first: int, count: int) -> None:
    """Behind what happens only because the rule is kept."""
    low, high = axes.get_xlim()
    ground = Rectangle((low, first - 0.5), high - low, count - first, color=GREEN, alpha=0.1, lw=0)
    axes.add_patch(ground)
    axes.text(low + 0.05, first - 0.42, "with the rule", va="top", fontsize=9, color="#00664B")


def _draw_row(
    axes: Axes, y: int, row: Row, left: dict[str, float], right: dict[str, float]
) -> None:
    if not row.node:
        low, high = axes.get_xlim()
        axes.plot([low, high], [y, y], color=RED, linewidth=1.5)
        box = {"facecolor": "white", "edgecolor": RED}
        axes.text((low + high) / 2, y, row.text, ha="center", va="center", fontsize=9, bbox=box)
        return
    is_left = row.node in left
    x = left[row.node] if is_left else right[row.node]
    if row.place is not None:
        _draw_arrow(axes, y, x, row.place)
    colour = ORANGE if is_left else BLUE
    box = {"boxstyle": "round,pad=0.25", "facecolor": colour, "edgecolor": "none"}
    ink = "black" if is_left else "white"
    axes.text(
        x, y, row.step, ha="center", va="center", fontsize=8, color=ink, weight="bold", bbox=box
    )
    if is_left:
        axes.text(min(left.values()) - 0.38, y, row.text, ha="right", va="center", fontsize=8.5)
    else:
        axes.text(max(right.values()) + 0.38, y, row.text, ha="left", va="center", fontsize=8.5)


def _draw_arrow(axes: Axes, y: int, x: float, place: Place) -> None:
    medium = _ORIGIN if place.origin else _DIFF
    near = x + (0.24 if medium > x else -0.24)
    far = medium + (-0.06 if medium > x else 0.06)
    ends = ((near, y), (far, y)) if place.writes else ((far, y), (near, y))
    axes.add_patch(
        FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=11, color="black", lw=1, zorder=3)
    )
    if place.units:
        values = " ".join("?" if unit.value is None else str(unit.value) for unit in place.units)
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": GREY, "lw": 0.6}
        middle = medium + (-0.42 if medium > x else 0.42)
        look: dict[str, Any] = {"ha": "center", "va": "center", "weight": "bold", "fontsize": 8}
        axes.text(middle, y, values, bbox=box, zorder=4, **look)


def _draw_end(axes: Axes, story: Story, y: float) -> None:
    if story.damage is not None:
        text, colour = f"✗  {story.damage}", RED
    elif story.found is not None:
        values = " ".join("?" if value is None else str(value) for value in story.found)
        text, colour = f"✓  the read returns {values}", GREEN
    else:
        text, colour = "✓  the read raises an error, and returns no bytes", GREEN
    low, high = axes.get_xlim()
    axes.text((low + high) / 2, y, text, ha="center", va="center", color=colour, weight="bold")
