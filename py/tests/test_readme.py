"""The story: someone pastes the examples of the README and of the package into a shell.

They run in order, in an empty directory, as they stand there.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import shadowvol as sv

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README.read_text("utf-8"))


def test_the_python_examples(tmp_path: Path) -> None:
    examples = blocks("python")
    assert len(examples) >= 2
    for example in examples:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", example],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, example + done.stderr


def test_the_command_line_examples(tmp_path: Path) -> None:
    # What the examples in Python have left.
    trace = tmp_path / "disk.trace"
    with sv.Volume.create(tmp_path / "x", size=1 << 20) as volume, volume.record(trace):
        volume.write(0, b"work")
    lines = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(lines) >= 8
    for line in lines:
        program, *args = line.split()
        assert program == "shadowvol"
        done = subprocess.run(
            [sys.executable, "-c", "from shadowvol.cli import main; main()", *args],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, line + "\n" + done.stderr


def test_the_package_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(sv)
    assert result.attempted >= 5
    assert result.failed == 0
