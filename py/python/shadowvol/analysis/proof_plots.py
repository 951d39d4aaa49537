"""Plots of what the explorer has visited, and of how little it takes to do damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from shadowvol.analysis.schedule import rows
from shadowvol.analysis.style import BLUE, GREEN, GREY, ORANGE, PINK, RED, caption, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shadowvol.analysis.proof import Proof, World

_SOURCE = "from the explorer of this version; make proof visits it all again"
_KINDS = (
    ("readers, writers, space", BLUE),
    ("another holder of the role", RED),
    ("copies being amended", GREEN),
    ("a revert under way", PINK),
    ("power cuts, deaths, failures", ORANGE),
)
_TAKERS = (
    ("the power fails in it", ORANGE, "^"),
    ("a passive reads in it", BLUE, "o"),
    ("active nodes alone", GREY, "s"),
)


def draw_worlds(proof: Proof) -> Figure:
    """The states of every world, all of which were visited."""
    groups = {
        kind: sorted(
            (world for world in proof.worlds if _kind(world) == kind),
            key=lambda world: world.visited.states,
        )
        for kind, _ in _KINDS
    }
    worlds = [world for group in groups.values() for world in group]
    figure = new_figure(9.5, 0.185 * (len(worlds) + len(groups)) + 1.2)
    axes: Axes = figure.subplots()
    most = max(world.visited.states for world in worlds)
    at: list[float] = []
    y = 0.0
    for kind, colour in _KINDS:
        for world in groups[kind]:
            states = world.visited.states
            axes.barh(y, states, color=colour, height=0.72)
            axes.text(states * 1.06, y, f"{states:,}", va="center", fontsize=7)
            at.append(y)
            y += 1
        axes.text(most * 4.5, y, kind, va="center", ha="right", fontsize=9, weight="bold")
        axes.axhline(y - 0.45, color=GREY, linewidth=0.6)
        y += 0.8
    axes.set_yticks(at, [world.name for world in worlds], fontsize=7.5)
    axes.set_ylim(-0.8, y)
    axes.set_xscale("log")
    axes.set_xlim(right=most * 5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("different states, all of them visited")
    total = sum(world.visited.states for world in worlds)
    axes.set_title(f"{len(worlds)} worlds, {total:,} states, and in none is a promise broken")
    caption(figure, _SOURCE)
    return figure


def draw_growth(proof: Proof) -> Figure:
    """How many things can happen in each state, and what crashes add."""
    figure = new_figure(8.5, 4.4)
    axes: Axes = figure.subplots()
    for crashes, label, colour, marker in (
        (False, "nobody crashes", BLUE, "o"),
        (True, "power cuts or deaths at any moment", ORANGE, "^"),
    ):
        some = [world.visited for world in proof.worlds if bool(world.visited.crashes) == crashes]
        depth, states = [one.depth for one in some], [one.states for one in some]
        axes.plot(depth, states, marker, color=colour, alpha=0.8, label=label)
    for name in ("overwrite", "create", "cut-passive", "role"):
        one = proof.world(name).visited
        axes.annotate(
            name, (one.depth, one.states), (6, -4), textcoords="offset points", fontsize="small"
        )
    axes.set_yscale("log")
    axes.set_xlabel("things that happen, at most, before a state that is new")
    axes.set_ylabel("different states")
    axes.set_title("How deep the worlds are, and how wide")
    axes.legend(loc="lower right")
    caption(figure, _SOURCE)
    return figure


def draw_rules(proof: Proof) -> Figure:
    """How many events the shortest damaging story has without each of the rules."""
    rules = sorted(proof.rules, key=lambda rule: len(rule.story.events), reverse=True)
    figure = new_figure(10.5, 0.27 * len(rules) + 1.4)
    axes: Axes = figure.subplots()
    for nth, rule in enumerate(rules):
        events = len(rule.story.events)
        nodes = {event.node.split(" ")[0] for event in rule.story.events}
        _, colour, marker = _TAKERS[0 if "" in nodes else 1 if "passive" in nodes else 2]
        axes.plot([0, events], [nth, nth], color=colour, linewidth=2)
        axes.plot(events, nth, marker, color=colour)
        axes.text(events + 1, nth, _short(rule.story.damage or ""), va="center", fontsize=7.5)
    axes.set_yticks(range(len(rules)), [rule.rule for rule in rules], fontsize=8)
    axes.set_xlim(0, 100)
    axes.set_xticks(range(0, 60, 10))
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("events of the shortest story that does damage, and what the damage is")
    axes.set_title("Take one rule away, and so little is enough")
    handles = [
        Line2D([], [], color=colour, marker=marker, label=label)
        for label, colour, marker in _TAKERS
    ]
    axes.legend(handles=handles, loc="upper right")
    caption(figure, f"{_SOURCE}; the volume began as 1 1 1 1, and -1 is what was not read")
    return figure


def draw_steps(proof: Proof) -> Figure:
    """Which steps the damaging stories are made of."""
    steps = ("W1", "W2", "W3", "W4", "R1", "R2", "R3", "R4", "create", "delete", "revert", "role")
    rules = sorted(proof.rules, key=lambda rule: len(rule.story.events))
    table = [[0] * len(steps) for _ in rules]
    for line, rule in zip(table, rules, strict=True):
        for row in rows(rule.story.events):
            if row.step in steps:
                line[steps.index(row.step)] += 1
    figure = new_figure(8.5, 0.24 * len(rules) + 1.6)
    axes: Axes = figure.subplots()
    axes.imshow(table, cmap="Blues", aspect="auto", vmax=2 * max(max(line) for line in table))
    for y, line in enumerate(table):
        for x, count in enumerate(line):
            if count:
                axes.text(x, y, str(count), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(steps)), steps)
    axes.set_yticks(range(len(rules)), [rule.rule for rule in rules], fontsize=8)
    axes.grid(visible=False)
    axes.set_xlabel("step of the protocol, or request")
    axes.set_title("Where it happens: the operations of each step in the shortest stories")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    caption(figure, _SOURCE)
    return figure


def _kind(world: World) -> str:
    if world.visited.crashes or world.name.startswith("failure"):
        return "power cuts, deaths, failures"
    for word, kind in (
        ("revert", "a revert under way"),
        ("amend", "copies being amended"),
        ("role", "another holder of the role"),
    ):
        if word in world.name:
            return kind
    return "readers, writers, space"


def _short(text: str, most: int = 76) -> str:
    # The oracle's longer sentences go on with what else it would have taken.
    text = text if len(text) <= most else text.split(";", maxsplit=1)[0]
    return text if len(text) <= most else text[: most - 1] + "…"
