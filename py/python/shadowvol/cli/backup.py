"""``shadowvol backup``: a set is taken, backed up by passive nodes, and deleted."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click

import shadowvol as sv
from shadowvol._opening import open_all, open_patiently
from shadowvol._types import BackupKind, OnExternalWrite
from shadowvol.cli import options, output, participants
from shadowvol.cli.errors import message_of
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import size_text
from shadowvol.cli.target import Target, parse_source
from shadowvol.participants import Participant

LABEL = "shadowvol backup"
"""What the shadow copies are called that this command takes, and may delete."""
ORPHANED_AFTER = timedelta(days=30)
"""When ``gc`` may delete the copies of a backup that never came to its end, on any host."""
PATIENCE = 10.0
"""Seconds for which an image is waited for that the next backup has open, to tidy up."""
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class _Job:
    """A shadow copy that is backed up."""

    image: Path
    diff: Path | None
    id: int
    own: bool
    """Whether this command took it."""


@dataclass
class _Taken:
    """The shadow copies that are backed up together."""

    jobs: list[_Job]
    set_id: str | None = None
    consistency: str | None = None
    participants: list[str] = field(default_factory=list)


@click.command()
@click.argument("sources", metavar="IMAGE[@ID]...", type=parse_source, nargs=-1)
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
@participants.options
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
    sqlite: tuple[str, ...],
    postgresql: tuple[str, ...],
    filesystem: tuple[str, ...],
    pre: str | None,
    post: str | None,
    wait: float,
    external_write: OnExternalWrite,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Back up images into the folder REPOSITORY.

    Shadow copies of all IMAGEs are taken at one instant, and read by passive nodes, so that the
    images are free meanwhile. Then they are deleted, unless the next incremental backup builds on
    them. IMAGE@ID is a shadow copy that is there already: it stays, and the image may be in use by
    another process.

    Every backup can be restored by itself. If an incremental or differential one has lost what it
    builds on, a full one is made, and says so.
    """
    if not sources:
        raise click.UsageError(f"which images go into {folder}? Name them first, the folder last")
    options.refuse_twice(sources)
    if len(sources) > 1 and (name is not None or diff is not None):
        raise click.UsageError("--name and --diff are for one image")
    repository = _open(folder, init=init)
    made: list[tuple[_Job, sv.Backup]] = []
    left: list[str] = []
    taking_part = participants.invited(
        sqlite=sqlite, postgresql=postgresql, filesystem=filesystem, pre=pre, post=post
    )
    with _copies(
        sources, taking_part, left, wait=wait, diff=diff, external_write=external_write
    ) as taken:
        for job in taken.jobs:
            result = _back_up(repository, job, taken, kind, name, quiet=as_json)
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
        raise click.ClickException(f"{error}; --init makes one") from error


@contextmanager
def _copies(
    sources: tuple[Target | Path, ...],
    taking_part: list[Participant],
    left: list[str],
    *,
    wait: float,
    diff: Path | None,
    external_write: OnExternalWrite,
) -> Iterator[_Taken]:
    """The shadow copies to back up. Those that were taken for it go if it fails."""
    there = [_find(source, diff) for source in sources if isinstance(source, Target)]
    images = [source for source in sources if isinstance(source, Path)]
    if not images:
        if taking_part:
            raise click.UsageError("there is nothing to take part in: every copy is there already")
        yield _Taken(there)
        return
    backup_set, taken = _take(
        images, taking_part, wait=wait, diff=diff, external_write=external_write
    )
    try:
        yield _Taken(taken.jobs + there, taken.set_id, taken.consistency, taken.participants)
        backup_set.complete()
    except BaseException:
        backup_set.abort()
        for job in taken.jobs:
            _delete(job, [job.id], left)
        raise


def _find(source: Target, diff: Path | None) -> _Job:
    with sv.Passive.open(source.image, diff=diff) as node:
        return _Job(source.image, diff, source.of(node).id, own=False)


def _take(
    images: list[Path],
    taking_part: list[Participant],
    *,
    wait: float,
    diff: Path | None,
    external_write: OnExternalWrite,
) -> tuple[sv.BackupSet, _Taken]:
    """Take a set, and close the volumes again."""
    with ExitStack() as stack:
        volumes = open_all(images, stack, wait=wait, diff=diff, external_write=external_write)
        backup_set = sv.BackupSet(
            volumes,
            participants=taking_part,
            label=LABEL,
            auto_release=True,
            expires=ORPHANED_AFTER,
            wait=wait,
        )
        backup_set.prepare()
        copies = backup_set.create()
        jobs = [_Job(image, diff, copies[str(image)].id, own=True) for image in images]
        report = copies.report
        for volume in volumes.values():
            # They are let go when they have been read, or by `gc` if this process dies.
            volume.close(release=False)
        return backup_set, _Taken(jobs, copies.id, report.outcome, report.took_part)


def _back_up(
    repository: sv.Repository,
    job: _Job,
    taken: _Taken,
    kind: BackupKind,
    name: str | None,
    *,
    quiet: bool,
) -> sv.Backup:
    with (
        sv.Passive.open(job.image, diff=job.diff) as node,
        Meter(f"Backing up {job.image}@{job.id}", quiet=quiet) as meter,
    ):
        # Of a copy that was there before, it knows itself what is known.
        copy = node.shadow_copy(job.id)
        return repository.backup(
            copy,
            kind=kind,
            name=name,
            set=taken.set_id if job.own else copy.set_id,
            consistency=taken.consistency if job.own else f"{copy.consistency}-consistent",
            participants=taken.participants if job.own else [],
            progress=meter,
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
        newest = copies.get(job.id)
        if newest is None:
            # The next backup was quicker, and needs it no more.
            return
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
    keep = job.id if job.id in needed else None
    _delete(job, sorted(ours - needed), left, keep=keep)


def _delete(job: _Job, ids: list[int], left: list[str], *, keep: int | None = None) -> None:
    """Delete copies, and let one outlive this process that the next backup needs."""
    try:
        with open_patiently(job.image, wait=PATIENCE, diff=job.diff) as volume:
            if keep is not None:
                volume.describe_shadow_copy(keep, auto_release=False, expires=FOR_EVER)
            there = {copy.id for copy in volume.shadow_copies()}
            for copy_id in ids:
                if copy_id in there:
                    volume.delete_shadow_copy(copy_id)
    except (sv.Error, OSError) as error:
        names = [f"{job.image}@{copy_id}" for copy_id in ids]
        left += names
        why = message_of(error)
        if names:
            click.echo(f"Warning: not deleted: {', '.join(names)}: {why}", err=True)
        if keep is not None:
            lost = f"{job.image}@{keep} is not kept, and so the next backup will be a full one"
            click.echo(f"Warning: {lost}: {why}", err=True)
