"""The story: the diff area runs full.

The policy says what happens then: the write fails and nothing was changed, or the oldest shadow
copies are let go and it is said which. Before that there is a warning. In no case does a copy that
is still there show a wrong byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import difference, fill

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024


def test_a_full_diff_area_fails_the_write(image: Path) -> None:
    limit = 4 << 20
    with sv.Volume.create(image, size=16 << 20, limit=limit, durability="coherent") as vol:
        first = fill(0, vol.size, version=1)
        vol.write(0, first)
        copy = vol.create_shadow_copy()
        step = 256 * KIB
        written = 0
        full: sv.DiffAreaFull | None = None
        while full is None:
            try:
                vol.write(written, fill(written, step, version=2))
                written += step
            except sv.DiffAreaFull as error:
                full = error
        assert 0 < written < vol.size
        assert full.limit is not None
        assert full.limit <= limit
        # The failed write changed nothing, and the copy is whole.
        assert not difference(vol.read(0, written), fill(0, written, version=2))
        assert not difference(vol.read(written, step), first[written : written + step], written)
        assert not difference(copy.read(0, vol.size), first)
        assert any(event.kind == "low-space" for event in vol.events())
        assert vol.stats().space.low
        # What needs no room still works, and so does everything once there is room.
        vol.write(0, fill(0, step, version=3))
        vol.delete_shadow_copy(copy.id)
        vol.write(written, fill(written, step, version=2))


def test_a_full_diff_area_drops_the_oldest_copies(image: Path) -> None:
    seen: list[sv.Event] = []
    with sv.Volume.create(
        image,
        size=1 << 20,
        limit=4 << 20,
        on_full="drop-oldest",
        durability="coherent",
        on_event=seen.append,
    ) as vol:
        truth: dict[int, bytes] = {}
        for version in range(1, 16):
            data = fill(0, vol.size, version)
            vol.write(0, data)
            truth[vol.create_shadow_copy().id] = data
        dropped = [event for event in vol.events() if event.kind == "copies-dropped"]
        gone = [copy_id for event in dropped for copy_id in event.copies]
        left = [copy.id for copy in vol.shadow_copies()]
        assert gone
        assert gone + left == list(truth)
        assert all(event.reason == "diff-area-full" and event.message for event in dropped)
        assert vol.events() == []
        for copy_id in left:
            assert not difference(vol.shadow_copy(copy_id).read(0, vol.size), truth[copy_id])
        with pytest.raises(sv.Gone):
            vol.shadow_copy(gone[0])
    # The volume's thread has told them all, in their order, before it ended.
    assert [copy_id for event in seen for copy_id in event.copies] == gone


def test_limit_and_policy_can_be_changed_when_opening(image: Path) -> None:
    with sv.Volume.create(image, size=1 << 20, limit=8 << 20) as vol:
        assert vol.on_full == "fail"
    with sv.Volume.open(image, limit=16 << 20, on_full="drop-oldest") as vol:
        assert vol.on_full == "drop-oldest"
        assert vol.stats().space.limit == 16 << 20
    with sv.Volume.open(image, limit=0) as vol:
        assert vol.on_full == "drop-oldest"
        assert vol.stats().space.limit is None
