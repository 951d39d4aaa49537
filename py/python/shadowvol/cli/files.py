"""Commands that look into a shadow copy: ls, cat.

The file system inside is read as it lies on the volume; nothing is mounted.
"""

import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import IO, cast

import click

import shadowvol as sv
from shadowvol.cli import options, output
from shadowvol.cli.size import parse_size
from shadowvol.cli.target import Target

_offset = click.option(
    "--offset",
    type=parse_size,
    default="0",
    metavar="SIZE",
    help="Where the file system begins: the first byte of a partition, as 1M.",
)


@click.command()
@options.target
@click.argument("path", default="/")
@click.option("-R", "--recursive", is_flag=True, help="List what is in the directories, too.")
@_offset
@options.diff
@options.as_json
def ls(
    *, target: Target, path: str, recursive: bool, offset: int, diff: Path | None, as_json: bool
) -> None:
    """List the files inside a shadow copy.

    The volume, or the partition that begins at --offset, must have an ext4 file system. PATH is a
    directory or a file in it.
    """
    with sv.Passive.open(target.image, diff=diff) as node:
        files = target.of(node).files(offset=offset)
        found = list(_found(files, path, recursive=recursive))
        if as_json:
            output.emit([_json(files, path, facts) for path, _, facts in found])
            return
        rows = (
            (
                stat.filemode(facts.st_mode),
                str(facts.st_size),
                output.time_text(_modified(facts)),
                _shown(name, files.readlink(path) if stat.S_ISLNK(facts.st_mode) else None),
            )
            for path, name, facts in found
        )
        output.table(("mode", "size", "modified", "name"), rows, right=[1])


@click.command()
@options.target
@click.argument("paths", metavar="PATH...", nargs=-1, type=str, required=True)
@_offset
@options.diff
def cat(*, target: Target, paths: tuple[str, ...], offset: int, diff: Path | None) -> None:
    """Print files that are inside a shadow copy, one behind the other.

    To get back a file that was lost: shadowvol cat disk.img@newest /home/me/letter > letter
    """
    with sv.Passive.open(target.image, diff=diff) as node:
        files = target.of(node).files(offset=offset)
        for path in paths:
            with files.open(path) as file:
                copyfileobj(cast("IO[bytes]", file), sys.stdout.buffer, 1 << 20)


def _found(
    files: sv.Files, path: str, *, recursive: bool
) -> Iterator[tuple[str, str, os.stat_result]]:
    """Each file's path, the name to show, and what is known of it."""
    if not files.isdir(path):
        yield path, path, files.lstat(path)
        return
    tops = (top for top, _, _ in files.walk(path)) if recursive else iter((path,))
    for top in tops:
        for entry in files.scandir(top):
            yield entry.path, entry.path if recursive else entry.name, entry.stat()


def _shown(name: str, target: str | None) -> str:
    text = name if target is None else f"{name} -> {target}"
    # A terminal takes what is no text in UTF-8, or is no letter, for commands.
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _json(files: sv.Files, path: str, facts: os.stat_result) -> dict[str, object]:
    is_link = stat.S_ISLNK(facts.st_mode)
    return {
        "path": path,
        "mode": stat.filemode(facts.st_mode),
        "size": facts.st_size,
        "modified": output.time_json(_modified(facts)),
        "user": facts.st_uid,
        "group": facts.st_gid,
        "target": files.readlink(path) if is_link else None,
    }


def _modified(facts: os.stat_result) -> datetime:
    return datetime.fromtimestamp(facts.st_mtime, UTC)
