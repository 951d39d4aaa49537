"""The command that takes a shadow copy set: set."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

import shadowvol as sv
from shadowvol._opening import open_all
from shadowvol.cli import options, output, participants
from shadowvol.cli.command import run

if TYPE_CHECKING:
    from shadowvol._types import OnExternalWrite


@click.command("set")
@click.argument(
    "images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--label", default="", help="What to call the copies.")
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run a command, and delete the copies when it ends; the exit status is the command's.",
)
@participants.options
@options.external_write
@options.as_json
def take_set(
    *,
    images: tuple[Path, ...],
    label: str,
    command: str | None,
    sqlite: tuple[str, ...],
    postgresql: tuple[str, ...],
    filesystem: tuple[str, ...],
    pre: str | None,
    post: str | None,
    wait: float,
    external_write: OnExternalWrite,
    as_json: bool,
) -> None:
    """Take shadow copies of several images at one instant.

    There is a copy of each in the end, or of none. Applications that take part are at rest at the
    instant.

    With --exec, the copies live exactly as long as the command runs. It finds their names,
    IMAGE@ID, in SHADOWVOL_COPIES, one on a line, and in SHADOWVOL_COPY_1, SHADOWVOL_COPY_2 ...; the
    set's identity in SHADOWVOL_SET, and how consistent it is in SHADOWVOL_CONSISTENCY. Whoever
    tells this one to end tells the command.
    """
    options.refuse_twice(images)
    taking_part = participants.invited(
        sqlite=sqlite, postgresql=postgresql, filesystem=filesystem, pre=pre, post=post
    )
    status = 0
    with ExitStack() as stack:
        volumes = open_all(images, stack, wait=wait, external_write=external_write)
        context = sv.backup_set(
            volumes,
            participants=taking_part,
            label=label,
            auto_release=command is not None,
            wait=wait,
        )
        with context as copies:
            if as_json:
                output.emit(_report(copies))
            elif command is None:
                _tell(copies)
            if command is not None:
                status = run(command, _environment(copies))
        events = [event for volume in volumes.values() for event in volume.events()]
    output.tell(events)
    sys.exit(status)


def _environment(copies: sv.ShadowCopySet) -> dict[str, str]:
    names = _names(copies)
    env = {
        "SHADOWVOL_SET": copies.id,
        "SHADOWVOL_CONSISTENCY": str(copies.report.outcome),
        "SHADOWVOL_COPIES": "\n".join(names),
    }
    return env | {f"SHADOWVOL_COPY_{nth}": name for nth, name in enumerate(names, start=1)}


def _names(copies: sv.ShadowCopySet) -> list[str]:
    return [f"{image}@{copy.id}" for image, copy in copies.items()]


def _tell(copies: sv.ShadowCopySet) -> None:
    for name in _names(copies):
        click.echo(name)
    taking_part = ", ".join(copies.report.took_part)
    click.echo(f"{copies.report.outcome}{': ' + taking_part if taking_part else ''}", err=True)


def _report(copies: sv.ShadowCopySet) -> dict[str, object]:
    return {
        "set": copies.id,
        "outcome": copies.report.outcome,
        "took_part": copies.report.took_part,
        "recovered": copies.report.recovered,
        "copies": [{"image": image, **output.copy_json(copy)} for image, copy in copies.items()],
    }
