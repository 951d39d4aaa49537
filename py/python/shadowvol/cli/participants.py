"""The applications that take part in a set, as options of the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from shadowvol.participants import Command, FileSystem, Participant, PostgreSQL, SQLite

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--sqlite",
        multiple=True,
        metavar="DATABASE",
        type=click.Path(dir_okay=False),
        help="Keep a SQLite database at rest at the instant.",
    ),
    click.option(
        "--postgresql",
        multiple=True,
        metavar="CONNINFO",
        help="Make the instant of a PostgreSQL server good to start from.",
    ),
    click.option(
        "--filesystem",
        multiple=True,
        metavar="PATH",
        type=click.Path(exists=True),
        help="Freeze a mounted file system at the instant (Linux, root).",
    ),
    click.option("--pre", metavar="COMMAND", help="Run a command before the instant."),
    click.option("--post", metavar="COMMAND", help="Run a command after it, whatever happened."),
    click.option(
        "--wait",
        type=click.FloatRange(min=0),
        default=0,
        metavar="SECONDS",
        help="Wait for so long if another process has an image open.",
    ),
)


def options(command: _F) -> _F:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def invited(
    *,
    sqlite: tuple[str, ...],
    postgresql: tuple[str, ...],
    filesystem: tuple[str, ...],
    pre: str | None,
    post: str | None,
) -> list[Participant]:
    """The participants that the options name. All of them must take part."""
    found: list[Participant] = []
    if pre is not None or post is not None:
        found.append(Command(pre, post, name="command"))
    found += [SQLite(path) for path in sqlite]
    found += [PostgreSQL(conninfo) for conninfo in postgresql]
    found += [FileSystem(path) for path in filesystem]
    return found
