"""``shadowvol backup``: shadow copies are taken, backed up by a passive node, and deleted."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click

import shadowvol as sv
from shadowvol._types import BackupKind, OnExternalWrite
from shadowvol.cli import options, output
from shadowvol.cli.errors import message_of
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import size_text
from shadowvol.cli.target import Target, parse_source

LABEL = "shadowvol backup"
"""What the shadow copies are called that this command takes, and may delete."""


@dataclass
class _Job:
    """A shadow copy that is backed up."""

    image: Path
    diff: Path | None
    id: int
    own: bool
    """Whether this command took it."""


@click.command()
@click.argument("sources", metavar="IMAGE[@ID]...", type=parse_source, nargs=-1, required=True)
@click.argument("folder", metavar="REPOSITORY", type=click.Path(path_type=Path))
@click.option(
    "--type",
    "kind",
    type=click.Choice(get_args(BackupKind)),
    default="full",
    show_default=True,
    help="Read all; all, and leave the others' history alone; what changed since the last full or "
    "incremental backup; what changed since the last full one.",
)
@click.option("--init", is_flag=True, help="Make the repository if there is none.")
@click.option("--name", help="What the volume is called, if not by the name of its image.")
@click.option(
    "--keep-full",
    is_flag=True,
    help="After an incremental backup, also keep the shadow copy of the last full one, which a "
    "differential backup would need.",
)
@options.external_write
@options.diff
@options.as_json
def backup(
    *,
    sources: tuple[Target | Path, ...],
    folder: Path,
    kind: BackupKind,
    init: bool,
    name: str | None,
    keep_full: bool,
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Back up images into the folder REPOSITORY.

    A shadow copy of each IMAGE is taken, and read by a passive node, so that the image is free
    meanwhile. Then it is deleted, unless the next incremental backup builds on it. IMAGE@ID is a
    shadow copy that is there already: it stays, and the image may be in use by another process.

    Every backup can be restored by itself. If an incremental or differential one has lost what it
    builds on, a full one is made, and says so.
    """
    if len(sources) > 1 and (name is not None or diff is not None):
        raise click.UsageError("--name and --diff are for one image")
    repository = _open(folder, init=init)
    made: list[tuple[_Job, sv.Backup]] = []
    left: list[str] = []
    with _copies(sources, diff, external_write, left) as jobs:
        set_id = uuid.uuid4().hex if len(jobs) > 1 else None
        for job in jobs:
            result = _back_up(repository, job, kind, name, set_id, quiet=as_json)
            made.append((job, result))
        for job, result in made:
            _retire(repository, job, result, kind, keep_full=keep_full, left=left)
    if as_json:
        output.emit({"backups": [backup_json(result) for _, result in made], "not_deleted": left})
        return
    for job, result in made:
        click.echo(
            f"{job.image}: {result.kind} backup {result.id}, {size_text(result.read)} read, "
            f"{size_text(result.stored)} stored"
        )
        if result.full_because:
            click.echo(f"Warning: a full backup was made: {result.full_because}", err=True)


def backup_json(made: sv.Backup) -> dict[str, object]:
    """A backup for programs."""
    return {
        "id": made.id,
        "kind": made.kind,
        "name": made.name,
        "volume": made.volume_id,
        "size": made.size,
        "copy": made.copy,
        "copy_created": output.time_json(made.copy_created),
        "created": output.time_json(made.created),
        "base": made.base,
        "full_because": made.full_because,
        "set": made.set,
        "consistency": made.consistency,
        "participants": made.participants,
        "read": made.read,
        "new": made.new,
        "stored": made.stored,
    }


def _open(folder: Path, *, init: bool) -> sv.Repository:
    try:
        return sv.Repository.open(folder)
    except sv.NotARepository as error:
        if init:
            return sv.Repository.create(folder)
        raise click.ClickException(f"{error}, or give --init") from error


@contextmanager
def _copies(
    sources: tuple[Target | Path, ...],
    diff: Path | None,
    external_write: OnExternalWrite,
    left: list[str],
) -> Iterator[list[_Job]]:
    """The shadow copies to back up. Those that were taken for it go if it fails."""
    jobs: list[_Job] = []
    try:
        for source in sources:
            job = _take(source, diff, external_write)
            jobs.append(job)
        yield jobs
    except BaseException:
        for job in jobs:
            if job.own:
                _delete(job, [job.id], left)
        raise


def _take(source: Target | Path, diff: Path | None, external_write: OnExternalWrite) -> _Job:
    if isinstance(source, Target):
        with sv.Passive.open(source.image, diff=diff) as node:
            return _Job(source.image, diff, source.of(node).id, own=False)
    with sv.Volume.open(source, diff=diff, external_write=external_write) as volume:
        return _Job(source, diff, volume.create_shadow_copy(LABEL).id, own=True)


def _back_up(
    repository: sv.Repository,
    job: _Job,
    kind: BackupKind,
    name: str | None,
    set_id: str | None,
    *,
    quiet: bool,
) -> sv.Backup:
    with (
        sv.Passive.open(job.image, diff=job.diff) as node,
        Meter(f"Backing up {job.image}@{job.id}", quiet=quiet) as meter,
    ):
        return repository.backup(
            node.shadow_copy(job.id), kind=kind, name=name, set=set_id, progress=meter
        )


def _retire(
    repository: sv.Repository,
    job: _Job,
    made: sv.Backup,
    kind: BackupKind,
    *,
    keep_full: bool,
    left: list[str],
) -> None:
    """Delete this command's copies of a volume but those that the next backup needs."""
    if not job.own:
        return
    with sv.Passive.open(job.image, diff=job.diff) as node:
        copies = {copy.id: copy for copy in node.shadow_copies()}
        newest = copies[job.id]
        needed = {repository.needed(newest, "incremental")}
        if keep_full or kind == "differential":
            needed.add(repository.needed(newest, "differential"))
    ours = {
        other.copy
        for other in repository.backups()
        if other.volume_id == made.volume_id
        and other.label == LABEL
        and other.copy in copies
        and copies[other.copy].created == other.copy_created
    }
    _delete(job, sorted(ours - needed), left)


def _delete(job: _Job, ids: list[int], left: list[str]) -> None:
    if not ids:
        return
    try:
        with sv.Volume.open(job.image, diff=job.diff) as volume:
            for copy_id in ids:
                volume.delete_shadow_copy(copy_id)
    except (sv.Error, OSError) as error:
        names = [f"{job.image}@{copy_id}" for copy_id in ids]
        left += names
        click.echo(f"Warning: not deleted: {', '.join(names)}: {message_of(error)}", err=True)
