"""The command that shows a volume and its shadow copies as files: mount."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

import shadowvol as sv
from shadowvol.cli import options, output
from shadowvol.cli.command import run
from shadowvol.cli.signals import ending_by_interrupt

if TYPE_CHECKING:
    from shadowvol._types import OnExternalWrite


@click.command()
@options.image
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--passive", is_flag=True, help="Show the shadow copies only: others may have the volume open."
)
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run a command, and unmount when it ends; the exit status is the command's.",
)
@click.option(
    "--allow-other",
    is_flag=True,
    help="Let other users in, as far as the permissions of IMAGE let them.",
)
@options.external_write
@options.diff
@options.as_json
def mount(
    *,
    image: Path,
    folder: Path,
    passive: bool,
    command: str | None,
    allow_other: bool,
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Show IMAGE and its shadow copies as files in the empty folder DIR (Linux).

    DIR/volume is the live volume, for losetup, mkfs, virtual machines; it is left out with
    --passive. DIR/copies/3.img is shadow copy 3, there as long as the copy is.

    It runs until Ctrl-C, or until somebody unmounts DIR. With --exec it runs as long as the
    command, which finds DIR in SHADOWVOL_MOUNT and the live volume in SHADOWVOL_VOLUME. Taking
    copies meanwhile is for a program that mounts by itself: Volume.mount, in Python.
    """
    node: sv.Volume | sv.Passive
    if passive:
        node = sv.Passive.open(image, diff=diff)
    else:
        node = sv.Volume.open(image, diff=diff, external_write=external_write)
    status = 0
    with ending_by_interrupt(), node:
        with node.mount(folder, allow_other=allow_other) as mounted:
            if command is None:
                _serve(mounted, as_json=as_json)
            else:
                status = run(command, _environment(mounted))
        if isinstance(node, sv.Volume):
            output.tell(node.events())
    sys.exit(status)


def _serve(mounted: sv.Mount, *, as_json: bool) -> None:
    """Wait until it is unmounted, by others or for being asked to; being asked twice is enough."""
    try:
        if as_json:
            output.emit(_report(mounted))
        else:
            click.echo(f"mounted on {mounted.dir}; Ctrl-C unmounts it")
        sys.stdout.flush()
        mounted.wait()
    except KeyboardInterrupt:
        try:
            mounted.unmount()
        except sv.MountBusy as busy:
            click.echo(f"{busy}\nIt stays until then; Ctrl-C leaves it nevertheless.", err=True)
            with suppress(KeyboardInterrupt):
                mounted.wait()


def _report(mounted: sv.Mount) -> dict[str, object]:
    return {
        "dir": str(mounted.dir),
        "volume": str(mounted.volume) if mounted.volume else None,
        "copies": str(mounted.dir / "copies"),
    }


def _environment(mounted: sv.Mount) -> dict[str, str]:
    env = {"SHADOWVOL_MOUNT": str(mounted.dir)}
    if mounted.volume:
        env["SHADOWVOL_VOLUME"] = str(mounted.volume)
    return env
