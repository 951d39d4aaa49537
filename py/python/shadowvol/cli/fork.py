"""The command that gives a program a writable copy: fork."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

import shadowvol as sv
from shadowvol.cli import options
from shadowvol.cli.command import run
from shadowvol.cli.progress import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowvol.cli.target import Target


@click.command()
@options.target
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    required=True,
    help="Run a command, and discard the fork when it ends; the exit status is the command's.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where the fork lies meanwhile; the system's folder for temporary files if not given.",
)
@options.diff
def fork(*, target: Target, command: str, folder: Path | None, diff: Path | None) -> None:
    """Give a command a writable copy of a shadow copy.

    The command finds the path of a raw image in SHADOWVOL_FORK, and may do with it what it likes:
    it is a sparse file of its own, made for this run, and vanishes at its end. The shadow copy,
    IMAGE and all other forks stay as they are. SHADOWVOL_COPY names the shadow copy, IMAGE@ID.
    """
    with sv.Passive.open(target.image, diff=diff) as node:
        chosen = target.of(node)
        with chosen.fork(folder=folder) as made, _laid_out(made, folder) as image:
            env = {
                "SHADOWVOL_FORK": str(image),
                "SHADOWVOL_COPY": f"{target.image}@{chosen.id}",
            }
            status = run(command, env)
    sys.exit(status)


@contextmanager
def _laid_out(made: sv.Fork, folder: Path | None) -> Iterator[Path]:
    """The path at which programs find a fork, for the time of the block.

    Here it is a copy of its bytes. Where the fork can be mounted, its mount point would do.
    """
    with tempfile.TemporaryDirectory(prefix="shadowvol-fork-", dir=folder) as place:
        image = Path(place) / "disk.img"
        with Meter(f"Forking shadow copy {made.id}", quiet=False) as meter:
            made.copy_to(image, progress=meter)
        yield image
