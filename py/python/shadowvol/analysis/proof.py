"""What the explorer of the protocol has visited, and the stories it tells, as data.

The data comes with the package. It is what ``make stories`` writes, and a test of the core
explores every world and compares, so it says what this version of the protocol does. The explorer
itself is not in the extension module: that is compiled without it, so that in what ships no rule
can be broken. ``core/docs/proof.md`` tells what is explored, and what is proven.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Unit:
    """Half a chunk of a simulated volume, when it is read or written."""

    number: int
    value: int | None
    """What it holds; None if it is torn."""


@dataclass(frozen=True)
class Place:
    """Bytes of a medium that are read or written at one moment."""

    origin: bool
    """Of the origin; else of the diff area."""
    writes: bool
    """Whether they are written."""
    at: int
    bytes: int
    units: tuple[Unit, ...]
    """The volume's units among them; in the journal and the superblocks there are none."""


@dataclass(frozen=True)
class Event:
    """Something that happens in a world."""

    node: str
    """``active 0``, ``passive 1``, or ``active 0.1`` for one of several threads; empty for a power
    cut."""
    step: str
    """``W1`` to ``W4`` or ``R1`` to ``R4``; else the request, or the mishap."""
    text: str
    place: Place | None


@dataclass(frozen=True)
class Story:
    """A schedule: what happens, in order, and what it comes to."""

    events: tuple[Event, ...]
    damage: str | None
    """The promise that is broken; None if none is."""
    found: tuple[int | None, ...] | None = None
    """What the last read has found, where nothing is broken; None if it was refused."""
    alike: int = 0
    """So many events are those of the story of which this one is the good end."""


@dataclass(frozen=True)
class Visited:
    """How much the explorer has seen of a world."""

    states: int
    """Different states."""
    steps: int
    """Things that happened, each once in each state."""
    ends: int
    """States in which everybody is at the end."""
    crashes: int
    """Power cuts and deaths that were tried."""
    depth: int
    """How many things happen at most before a state that is new."""


@dataclass(frozen=True)
class World:
    """A world, all of whose states were visited, and none of which breaks a promise."""

    name: str
    story: str
    actives: int
    passives: int
    copies: int
    chunks: int
    visited: Visited


@dataclass(frozen=True)
class BrokenRule:
    """What happens without one of the rules."""

    rule: str
    world: str
    visited: Visited
    """How much was seen until the damage was found."""
    story: Story
    """The shortest story that does damage."""
    kept: Story | None
    """The same schedule with the rule, if it is a read that goes wrong without."""


@dataclass(frozen=True)
class SetWorld:
    """A world of shadow copy sets, with all rules or without one."""

    name: str
    states: int
    steps: int
    damage: tuple[str, ...] | None
    """The shortest story that breaks a promise, the promise last; None if there is none."""


@dataclass(frozen=True)
class Proof:
    """All of it."""

    worlds: tuple[World, ...]
    rules: tuple[BrokenRule, ...]
    sets: tuple[SetWorld, ...]

    def without(self, rule: str) -> BrokenRule:
        """What happens without the rule of this name."""
        found = next((broken for broken in self.rules if broken.rule == rule), None)
        if found is None:
            names = ", ".join(broken.rule for broken in self.rules)
            raise ValueError(f"there is no rule {rule!r}: choose one of {names}")
        return found

    def world(self, name: str) -> World:
        """The world of this name."""
        found = next((world for world in self.worlds if world.name == name), None)
        if found is None:
            names = ", ".join(world.name for world in self.worlds)
            raise ValueError(f"there is no world {name!r}: choose one of {names}")
        return found


@cache
def proof() -> Proof:
    """What was proven of this version of the protocol."""
    text = (files("shadowvol.analysis") / "proof.json").read_text("utf-8")
    data = json.loads(text)
    return Proof(
        worlds=tuple(_world(item) for item in data["worlds"]),
        rules=tuple(_rule(item) for item in data["rules"]),
        sets=tuple(_set(item) for item in data["sets"]),
    )


def summarise_rules(proof: Proof) -> dict[str, list[object]]:
    """The columns of a table: what the shortest story without each rule does."""
    rules = sorted(proof.rules, key=lambda broken: len(broken.story.events))
    return {
        "without": [broken.rule for broken in rules],
        "in the world": [broken.world for broken in rules],
        "states": [broken.visited.states for broken in rules],
        "events": [len(broken.story.events) for broken in rules],
        "damage": [broken.story.damage for broken in rules],
    }


def summarise_sets(proof: Proof) -> dict[str, list[object]]:
    """The columns of a table: the worlds of shadow copy sets, and what breaks without a rule."""
    return {
        "world, or rule that is missing": [one.name for one in proof.sets],
        "states": [one.states for one in proof.sets],
        "promise that is broken": [one.damage[-1] if one.damage else "none" for one in proof.sets],
    }


def _world(item: dict[str, Any]) -> World:
    names = ("story", "actives", "passives", "copies", "chunks")
    rest = {name: item[name] for name in names}
    return World(name=item["world"], visited=_visited(item["report"]), **rest)


def _rule(item: dict[str, Any]) -> BrokenRule:
    story, kept = item["report"]["damage"], item["kept"]
    return BrokenRule(
        rule=item["rule"],
        world=item["world"],
        visited=_visited(item["report"]),
        story=Story(_events(story["events"]), story["damage"]),
        kept=None
        if kept is None
        else Story(
            _events(kept["events"]),
            damage=None,
            found=None if kept["found"] is None else tuple(kept["found"]),
            alike=kept["alike"],
        ),
    )


def _set(item: dict[str, Any]) -> SetWorld:
    report = item["report"]
    story = report["damage"]
    damage = None if story is None else (*story["events"], story["damage"])
    return SetWorld(item["name"].removeprefix("set: "), report["states"], report["steps"], damage)


def _visited(report: dict[str, Any]) -> Visited:
    names = ("states", "steps", "ends", "crashes", "depth")
    return Visited(**{name: report[name] for name in names})


def _events(items: list[dict[str, Any]]) -> tuple[Event, ...]:
    return tuple(
        Event(item["node"], item["step"], item["text"], _place(item["place"])) for item in items
    )


def _place(item: dict[str, Any] | None) -> Place | None:
    if item is None:
        return None
    units = tuple(Unit(unit["unit"], unit["value"]) for unit in item["units"])
    return Place(item["origin"], item["writes"], item["at"], item["bytes"], units)
