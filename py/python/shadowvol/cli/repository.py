"""Commands for a backup repository: backups, restore, verify, prune."""

from functools import partial
from pathlib import Path
from typing import get_args

import click

import shadowvol as sv
from shadowvol._types import ImageFormat
from shadowvol.cli import options, output
from shadowvol.cli.backup import backup_json
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import size_text

_keeping = partial(click.option, type=click.IntRange(0), default=0, metavar="N")
_folder = click.argument("folder", metavar="REPOSITORY", type=click.Path(path_type=Path))


@click.command()
@_folder
@options.as_json
def backups(*, folder: Path, as_json: bool) -> None:
    """List the backups in REPOSITORY, oldest first."""
    found = sv.Repository.open(folder).backups()
    if as_json:
        output.emit([backup_json(backup) for backup in found])
    elif found:
        rows = (
            (
                backup.id,
                output.time_text(backup.copy_created),
                backup.name,
                backup.kind,
                size_text(backup.size),
                size_text(backup.stored),
            )
            for backup in found
        )
        output.table(("id", "taken", "name", "kind", "size", "stored"), rows, right=[4, 5])
    else:
        click.echo(f"{folder} has no backups")


@click.command()
@click.argument("name", metavar="ID")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "folder",
    metavar="REPOSITORY",
    type=click.Path(path_type=Path),
    required=True,
    help="Where the backup is.",
)
@click.option(
    "--format",
    "image_format",
    type=click.Choice(get_args(ImageFormat)),
    default="raw",
    show_default=True,
    help="Of a new file.",
)
@click.option("--force", is_flag=True, help="Replace TARGET if it exists.")
@click.option("--in-place", is_flag=True, help="Overwrite TARGET, which exists, where it is.")
@options.as_json
def restore(
    *,
    name: str,
    target: Path,
    folder: Path,
    image_format: ImageFormat,
    force: bool,
    in_place: bool,
    as_json: bool,
) -> None:
    """Restore the backup ID to the file or block device TARGET.

    ID may be shortened as long as it is the only one that begins so; latest is the last of all. A
    file is there when it is complete, or not at all. Every byte is verified.
    """
    if target.is_file() and not (force or in_place):
        raise click.ClickException(
            f"{target} exists: use --force to replace it, or --in-place to overwrite it"
        )
    if target.is_block_device() and not in_place:
        raise click.ClickException(f"{target} is a device: use --in-place to overwrite it")
    repository = sv.Repository.open(folder)
    chosen = repository.backup_named(name)
    with Meter(f"Restoring {chosen.name}", quiet=as_json) as meter:
        written = repository.restore(
            chosen.id, target, format=image_format, in_place=in_place, progress=meter
        )
    if as_json:
        output.emit({"id": chosen.id, "out": str(target), "size": chosen.size, "written": written})
    else:
        click.echo(
            f"{target}: {chosen.name} of {output.time_text(chosen.copy_created)}, "
            f"{size_text(chosen.size)}, {size_text(written)} written"
        )


@click.command()
@_folder
@click.argument("names", metavar="[ID]...", nargs=-1)
@options.as_json
def verify(*, folder: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Check every byte of REPOSITORY, or of the backups ID.

    It says which backups, and which of their bytes, are lost by damage; the exit status is then 1.
    """
    repository = sv.Repository.open(folder)
    with Meter(f"Verifying {folder}", quiet=as_json) as meter:
        report = repository.verify(list(names) or None, progress=meter)
    if as_json:
        output.emit(
            {
                "repository": str(folder),
                "ok": report.ok,
                "backups": report.backups,
                "packs": report.packs,
                "chunks": report.chunks,
                "bytes": report.bytes,
                "findings": report.findings,
                "harmed": {
                    name: [extent._asdict() for extent in extents]
                    for name, extents in report.harmed.items()
                },
            }
        )
    else:
        _print(folder, report)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _print(folder: Path, report: sv.VerifyReport) -> None:
    click.echo(
        f"{folder}: {output.count_text(len(report.backups), 'backup')}, "
        f"{output.count_text(report.chunks, 'chunk')} "
        f"({size_text(report.bytes)})"
    )
    if report.ok:
        click.echo("everything verifies")
        return
    for finding in report.findings:
        click.echo(finding)
    rows = (
        (name, ", ".join(f"{extent.offset}+{extent.length}" for extent in extents))
        for name, extents in report.harmed.items()
    )
    output.table(("backup that is harmed", "its bytes that are lost"), rows, right=[])
    click.echo(
        "All other backups are whole. Move damaged packs and index files out of the repository: "
        "an index is made anew from the packs, and the next backup stores again what they held."
    )


@click.command()
@_folder
@_keeping("--keep", "last", help="Keep the last N backups.")
@_keeping("--daily", help="Keep the last backup of each of the last N days that have any.")
@_keeping("--weekly", help="The same for weeks.")
@_keeping("--monthly", help="The same for months.")
@click.option("--remove", metavar="ID", multiple=True, help="Remove this backup in any case.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@options.as_json
def prune(
    *,
    folder: Path,
    last: int,
    daily: int,
    weekly: int,
    monthly: int,
    remove: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove backups from REPOSITORY, and what only they need.

    The numbers are for each volume. A backup stays if any of the options keeps it; without any of
    them all stay but those that --remove names, and only the space that nobody needs is freed.
    """
    repository = sv.Repository.open(folder)
    with Meter(f"Pruning {folder}", quiet=as_json) as meter:
        report = repository.prune(
            keep_last=last,
            keep_daily=daily,
            keep_weekly=weekly,
            keep_monthly=monthly,
            remove=remove,
            dry_run=dry_run,
            progress=meter,
        )
    if as_json:
        output.emit(
            {
                "repository": str(folder),
                "dry_run": dry_run,
                "removed": report.removed,
                "kept": report.kept,
                "packs_removed": report.packs_removed,
                "packs_rewritten": report.packs_rewritten,
                "freed": report.freed,
            }
        )
        return
    would = "would be " if dry_run else ""
    for name in report.removed:
        click.echo(f"{would}removed {name}")
    kept = output.count_text(len(report.kept), "backup")
    click.echo(f"{kept} kept; {size_text(report.freed)} {would}freed")
