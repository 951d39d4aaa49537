"""Commands that make a volume, and change what is in it: init, revert."""

from pathlib import Path
from typing import get_args

import click

import shadowvol as sv
from shadowvol._types import Durability, OnExternalWrite, OnFull
from shadowvol.cli import options, output
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import parse_size, size_text
from shadowvol.cli.target import Target


@click.command()
@options.image
@click.option(
    "--size",
    type=parse_size,
    metavar="SIZE",
    help="Make a new sparse image of this size if there is none.",
)
@click.option(
    "--chunk-size",
    type=parse_size,
    metavar="SIZE",
    default="4K",
    show_default=True,
    help="The unit of preservation.",
)
@click.option(
    "--limit",
    type=parse_size,
    metavar="SIZE",
    help="The most the diff area may take; all there is if not given.",
)
@click.option(
    "--on-full",
    type=click.Choice(get_args(OnFull)),
    default="fail",
    show_default=True,
    help="When the diff area is full: fail writes, or let the oldest shadow copies go.",
)
@click.option(
    "--durability",
    type=click.Choice(get_args(Durability)),
    default="durable",
    show_default=True,
    help="What flushed writes and shadow copies survive: power loss, or the end of the process.",
)
@options.diff
@options.as_json
def init(
    *,
    image: Path,
    size: int | None,
    chunk_size: int,
    limit: int | None,
    on_full: OnFull,
    durability: Durability,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Make a diff area for IMAGE, whose bytes stay as they are."""
    try:
        volume = sv.Volume.create(
            image,
            diff=diff,
            size=size,
            chunk_size=chunk_size,
            limit=limit,
            on_full=on_full,
            durability=durability,
        )
    except sv.MissingMedium as error:
        if size is None and not image.exists():
            raise click.ClickException(f"{image} does not exist: --size makes it") from error
        raise
    except sv.BadChunkSize as error:
        raise click.BadParameter(str(error), param_hint="--chunk-size") from error
    area = str(diff) if diff else sv.diff_path(image)
    with volume:
        made = {
            "image": str(image),
            "diff": area,
            "size": volume.size,
            "chunk_size": volume.chunk_size,
        }
    if as_json:
        output.emit(made)
    else:
        click.echo(f"{image}: {size_text(volume.size)}, diff area {area}")


@click.command()
@options.target
@click.option("--drop-newer", is_flag=True, help="Delete the shadow copies that are newer first.")
@options.external_write
@options.diff
@options.as_json
def revert(
    *,
    target: Target,
    drop_newer: bool,
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Revert the image to a shadow copy, or go on with that.

    All other shadow copies stay. What is in the image now is lost unless a shadow copy of it was
    taken. If it is interrupted, the volume is the copy all the same, but the image file alone is
    not: do it again, and it goes on where it was.
    """
    with sv.Volume.open(target.image, diff=diff, external_write=external_write) as volume:
        chosen = target.of(volume).id
        with Meter(f"Reverting to {target.image}@{chosen}", quiet=as_json) as meter:
            volume.revert(chosen, drop_newer=drop_newer, progress=meter)
        events = volume.events()
    if as_json:
        output.emit({"image": str(target.image), "reverted": chosen})
    else:
        click.echo(f"{target.image} is as it was in {target.image}@{chosen}")
    output.tell(events)
