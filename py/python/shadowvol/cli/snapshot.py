"""Commands that take shadow copies and let them go: snapshot, delete, gc."""

from datetime import timedelta
from pathlib import Path

import click

import shadowvol as sv
from shadowvol._types import OnExternalWrite
from shadowvol.cli import options, output
from shadowvol.cli.duration import parse_duration
from shadowvol.cli.target import Target, parse_target


@click.command()
@options.image
@click.option("--label", default="", help="What to call it.")
@click.option(
    "--expires",
    type=parse_duration,
    metavar="TIME",
    help="Let `gc` delete it after this time: 90s, 30m, 12h, 7d, 4w.",
)
@click.option(
    "--retain",
    type=parse_duration,
    metavar="TIME",
    help="Let nobody delete it before this time, nor drop it for want of space.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Delete the oldest copies with this label first, so that N are left with the new one.",
)
@options.external_write
@options.diff
@options.as_json
def snapshot(
    *,
    image: Path,
    label: str,
    expires: timedelta | None,
    retain: timedelta | None,
    keep: int | None,
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Take a shadow copy of IMAGE as it is now."""
    with sv.Volume.open(image, diff=diff, external_write=external_write) as volume:
        gone = volume.rotate(label, keep - 1) if keep else []
        taken = volume.create_shadow_copy(label, expires=expires, retain_until=retain)
        events = volume.events()
        if as_json:
            output.emit(output.copy_json(taken) | {"deleted": [copy.id for copy in gone]})
        else:
            _tell_gone(image, gone)
            click.echo(f"{image}@{taken.id}")
    output.tell(events)


@click.command()
@click.argument("targets", metavar="IMAGE@ID...", type=parse_target, nargs=-1, required=True)
@options.external_write
@options.diff
@options.as_json
def delete(
    *,
    targets: tuple[Target, ...],
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Delete shadow copies of one image."""
    image = _one_image(targets)
    deleted: list[int] = []
    with sv.Volume.open(image, diff=diff, external_write=external_write) as volume:
        # All names are looked up first: @newest is the newest of now, and a wrong name stops all.
        for copy_id in dict.fromkeys(target.of(volume).id for target in targets):
            volume.delete_shadow_copy(copy_id)
            deleted.append(copy_id)
    if as_json:
        output.emit({"image": str(image), "deleted": deleted})
    else:
        for copy_id in deleted:
            click.echo(f"deleted {image}@{copy_id}")


@click.command()
@click.argument(
    "images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@options.external_write
@options.as_json
def gc(*, images: tuple[Path, ...], external_write: OnExternalWrite, as_json: bool) -> None:
    """Delete the shadow copies that nobody is left to delete.

    These are copies that go with a process, or were still in the making, whose process on this
    machine has ended; and copies that have expired. Retained ones stay.
    """
    collected: dict[str, list[int]] = {}
    for image in images:
        with sv.Volume.open(image, external_write=external_write) as volume:
            gone = volume.gc()
            events = volume.events()
        collected[str(image)] = [copy.id for copy in gone]
        if not as_json:
            _tell_gone(image, gone)
        output.tell(events)
    if as_json:
        output.emit([{"image": image, "deleted": gone} for image, gone in collected.items()])
    elif not any(collected.values()):
        click.echo("nothing to collect")


def _tell_gone(image: Path, gone: list[sv.ShadowCopy]) -> None:
    for copy in gone:
        click.echo(f"deleted {image}@{copy.id}")


def _one_image(targets: tuple[Target, ...]) -> Path:
    images = {target.image for target in targets}
    if len(images) > 1:
        raise click.UsageError("the shadow copies must be of one image")
    return images.pop()
