"""What the tests share: an image in an empty directory, and a volume on it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 1 << 20


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Where an image may be made."""
    return tmp_path / "disk.img"


@pytest.fixture
def volume(image: Path) -> Iterator[sv.Volume]:
    """A new volume of a mebibyte, open."""
    with sv.Volume.create(image, size=SIZE, durability="coherent") as vol:
        yield vol


@pytest.fixture
def shadowvol(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a real process, in the test's directory."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from shadowvol.cli import main; main()", *args],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run
