"""The story: whose a copy is, until when it stays, and who goes first."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import shadowvol as sv
from shadowvol.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 1 << 20
HOUR = timedelta(hours=1)


def ids(copies: list[sv.ShadowCopy]) -> list[int]:
    return [copy.id for copy in copies]


def test_a_plain_copy_is_persistent(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol, vol.create_shadow_copy() as copy:
        assert not copy.auto_release
        assert not copy.unfinished
        assert not copy.recovered
        assert (copy.consistency, copy.expires, copy.retained_until) == ("crash", None, None)
        assert copy.set_id is None
    with sv.Passive.open(image) as node:
        assert node.newest().id == copy.id


def test_a_copy_goes_at_the_end_of_its_block(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        with vol.create_shadow_copy(auto_release=True) as copy:
            assert copy.auto_release
            assert copy.read(0, 1) == b"\0"
        with pytest.raises(sv.Gone):
            copy.read(0, 1)
        with pytest.raises(KeyError), vol.create_shadow_copy(auto_release=True) as copy:
            raise KeyError
        assert vol.shadow_copies() == []
        with vol.create_shadow_copy(auto_release=True) as copy:
            vol.delete_shadow_copy(copy.id)


def test_a_copy_goes_with_its_volume(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        vol.create_shadow_copy("mine", auto_release=True)
        kept = vol.create_shadow_copy("kept")
    with sv.Volume.open(image) as vol:
        assert ids(vol.shadow_copies()) == [kept.id]


def test_a_copy_may_outlive_its_volume_but_not_its_process(image: Path) -> None:
    vol = sv.Volume.create(image, size=SIZE)
    copy = vol.create_shadow_copy("mine", auto_release=True)
    vol.close(release=False)
    with sv.Passive.open(image) as node:
        assert node.newest().id == copy.id
    with sv.Volume.open(image) as vol:
        assert vol.gc() == []
        assert ids(vol.shadow_copies()) == [copy.id]
    with sv.Passive.open(image) as node:
        assert node.shadow_copies() == []


def test_a_copy_that_was_to_expire_can_be_kept_for_ever(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        copy = vol.create_shadow_copy(expires=HOUR)
        never = datetime.max.replace(tzinfo=UTC)
        assert vol.describe_shadow_copy(copy.id, expires=never).expires is None


DIE = """
import os, sys
import shadowvol as sv
vol = sv.Volume.open(sys.argv[1])
vol.create_shadow_copy("lost", auto_release=True)
vol.create_shadow_copy("kept")
os._exit(1)
"""


def test_what_a_dead_process_leaves_is_collected(image: Path) -> None:
    sv.Volume.create(image, size=SIZE).close()
    subprocess.run([sys.executable, "-c", DIE, str(image)], check=False, timeout=60)
    with sv.Volume.open(image) as vol:
        assert [copy.label for copy in vol.shadow_copies()] == ["lost", "kept"]
        old = vol.create_shadow_copy("old", expires=datetime(2020, 1, 1, tzinfo=UTC))
        young = vol.create_shadow_copy("young", expires=HOUR)
        assert [copy.label for copy in vol.gc()] == ["lost", "old"]
        assert old.expires == datetime(2020, 1, 1, tzinfo=UTC)
        assert young.expires is not None
        assert timedelta(0) < young.expires - datetime.now(UTC) <= HOUR
        assert [copy.label for copy in vol.shadow_copies()] == ["kept", "young"]
        assert vol.gc() == []


def test_a_retained_copy_stays(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        copy = vol.create_shadow_copy("tax", retain_until=HOUR)
        with pytest.raises(sv.Retained, match="before its day") as refused:
            vol.delete_shadow_copy(copy.id)
        assert refused.value.copy == copy.id
        assert copy.retained_until is not None
        with pytest.raises(sv.RetentionShortened):
            vol.describe_shadow_copy(copy.id, retain_until=timedelta(minutes=1))
        longer = vol.describe_shadow_copy(copy.id, retain_until=2 * HOUR, label="audit")
        assert longer.retained_until is not None
        assert longer.retained_until > copy.retained_until
        assert (longer.label, longer.created) == ("audit", copy.created)
    with sv.Passive.open(image) as node:
        assert node.newest().retained_until == longer.retained_until


def test_a_copy_can_be_given_away_and_kept(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        copy = vol.create_shadow_copy(auto_release=True)
        assert not vol.describe_shadow_copy(copy.id, auto_release=False).auto_release
    with sv.Passive.open(image) as node:
        assert node.newest().id == copy.id


def test_rotation_keeps_the_newest_of_a_label(image: Path) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        nightly = [vol.create_shadow_copy("nightly").id for _ in range(5)]
        weekly = vol.create_shadow_copy("weekly").id
        assert ids(vol.rotate("nightly", 2)) == nightly[:3]
        assert ids(vol.shadow_copies()) == [*nightly[3:], weekly]
        assert vol.rotate("nightly", 2) == []


@pytest.mark.parametrize("day", ["tomorrow", 5, datetime(2030, 1, 1)])  # noqa: DTZ001
def test_a_day_needs_a_time_zone(image: Path, day: object) -> None:
    with sv.Volume.create(image, size=SIZE) as vol:
        with pytest.raises(TypeError, match="time zone"):
            vol.create_shadow_copy(expires=day)  # type: ignore[arg-type]
        assert vol.shadow_copies() == []


def run(*args: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == status, result.output
    return result.stdout if status == 0 else result.stderr


def test_the_command_line_rotates(image: Path) -> None:
    run("init", image, "--size", "1M")
    for _ in range(2):
        run("snapshot", image, "--label", "nightly", "--keep", 2)
    told = run("snapshot", image, "--label", "nightly", "--keep", 2)
    assert told.splitlines() == [f"deleted {image}@1", f"{image}@3"]
    report = json.loads(run("snapshot", image, "--label", "nightly", "--keep", 2, "--json"))
    assert (report["id"], report["deleted"]) == (4, [2])


def test_the_command_line_collects(image: Path) -> None:
    run("init", image, "--size", "1M")
    assert run("gc", image) == "nothing to collect\n"
    run("snapshot", image, "--expires", "0s")
    run("snapshot", image, "--retain", "7d", "--expires", "0s")
    assert "retained until" in run("list", image)
    assert "retained" in run("delete", f"{image}@2", status=1)
    assert run("gc", image) == f"deleted {image}@1\n"
    assert json.loads(run("gc", image, "--json")) == [{"image": str(image), "deleted": []}]
    (left,) = json.loads(run("list", image, "--json"))
    assert left["retained_until"] > left["created"]
    assert "no length of time" in run("snapshot", image, "--retain", "soon", status=2)
