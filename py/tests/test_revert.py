"""The story: someone takes the volume back to a copy while it is in use.

It is the copy from the first moment. The rest can be interrupted, by an exception, by closing, or
by the end of the process, and goes on when asked again; until then the image file alone is not the
volume, and whoever looks at it is told so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import shadowvol as sv
from sectors import difference, fill
from shadowvol.cli import main

if TYPE_CHECKING:
    from pathlib import Path

#: More than is brought to the image at once.
SIZE = 9 << 20


class Stop(Exception):
    """What the user's function raises."""


def stop(_done: int, _total: int) -> None:
    raise Stop


@pytest.fixture
def contents(image: Path) -> list[bytes]:
    """An image with three shadow copies, and what they hold; its first mebibyte never changed."""
    contents = []
    with sv.Volume.create(image, size=SIZE) as vol:
        for version in (1, 2, 3):
            start = 0 if version == 1 else 1 << 20
            vol.write(start, fill(start, SIZE - start, version))
            contents.append(vol.read(0, SIZE))
            vol.create_shadow_copy(str(version))
    return contents


def under_way(vol: sv.Volume) -> int | None:
    """What the type checker cannot foresee."""
    return vol.reverting


def command(*args: object) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_can_be_interrupted_and_goes_on(image: Path, contents: list[bytes]) -> None:
    with sv.Volume.open(image) as vol:
        with pytest.raises(Stop):
            vol.revert(1, progress=stop)
        assert under_way(vol) == 1
        assert not difference(vol.read(0, SIZE), contents[0])
        vol.write(2 << 20, fill(2 << 20, 4096, version=9))
    expected = bytearray(contents[0])
    expected[2 << 20 : (2 << 20) + 4096] = fill(2 << 20, 4096, version=9)
    assert image.read_bytes() != expected

    with sv.Volume.open(image) as vol:
        assert under_way(vol) == 1
        assert not difference(vol.read(0, SIZE), bytes(expected))
        calls: list[tuple[int, int]] = []
        vol.revert(1, progress=lambda done, total: calls.append((done, total)))
        assert calls == sorted(calls)
        assert calls[-1][0] == calls[-1][1] < SIZE
        assert under_way(vol) is None
        assert not difference(vol.read(0, SIZE), bytes(expected))
        for copy, content in zip(vol.shadow_copies(), contents, strict=True):
            assert not difference(copy.read(0, SIZE), content)
    assert image.read_bytes() == expected


def test_what_cannot_be_meanwhile_says_why(image: Path, contents: list[bytes]) -> None:
    with sv.Volume.open(image) as vol:
        with pytest.raises(Stop):
            vol.revert(2, progress=stop)
        for attempt in (
            vol.create_shadow_copy,
            lambda: vol.revert(1),
            lambda: vol.delete_shadow_copy(2),
        ):
            with pytest.raises(sv.Reverting, match="revert again to the same copy") as refused:
                attempt()
            assert refused.value.copy == 2
        vol.revert(2, drop_newer=True)
        assert [copy.id for copy in vol.shadow_copies()] == [1, 2]
        assert not difference(vol.read(0, SIZE), contents[1])
        assert vol.create_shadow_copy().id == 4


def test_the_end_of_the_process_loses_nothing(image: Path, contents: list[bytes]) -> None:
    code = """
import os, sys, shadowvol as sv
vol = sv.Volume.open(sys.argv[1])
vol.revert(1, progress=lambda done, total: os._exit(7))
"""
    ended = subprocess.run([sys.executable, "-c", code, str(image)], check=False)
    assert ended.returncode == 7
    with sv.Passive.open(image) as node:
        assert node.reverting == 1
    with sv.Volume.open(image) as vol:
        assert under_way(vol) == 1
        assert not difference(vol.read(0, SIZE), contents[0])


def test_the_command_line_tells_and_goes_on(image: Path, contents: list[bytes]) -> None:
    assert "no copy" in command("info", image)
    with sv.Volume.open(image) as vol, pytest.raises(Stop):
        vol.revert(1, progress=stop)
    assert json.loads(command("info", image, "--json"))["reverting"] == 1
    assert "not the volume" in command("info", image)
    assert json.loads(command("check", image, "--json"))["reverting"] == 1
    assert f"shadowvol revert {image}@1" in command("check", image)
    assert "as it was" in command("revert", f"{image}@1", "--drop-newer")
    assert image.read_bytes() == contents[0]
    listed = json.loads(command("list", image, "--json"))
    assert [copy["id"] for copy in listed] == [1]
    assert sv.check(image).reverting is None
