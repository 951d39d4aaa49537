"""What a command reports: JSON for programs, tables for people."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table

import shadowvol as sv


def emit(value: object) -> None:
    """Print a report in JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(columns: Iterable[str], rows: Iterable[Iterable[str]], *, right: Iterable[int]) -> None:
    """Print a table; the columns in ``right`` hold numbers."""
    numbers = set(right)
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        out.add_column(name, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        out.add_row(*row)
    _console().print(out)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values."""
    out = Table(box=None, show_header=False, pad_edge=False)
    out.add_column(style="bold")
    out.add_column(overflow="fold")
    for row in rows:
        out.add_row(*row)
    _console().print(out)


def copy_json(shadow_copy: sv.ShadowCopy) -> dict[str, object]:
    """A shadow copy for programs."""
    return {
        "id": shadow_copy.id,
        "label": shadow_copy.label,
        "created": time_json(shadow_copy.created),
    }


def time_json(moment: datetime) -> str:
    """A moment for programs: ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_text(moment: datetime) -> str:
    """A moment for people: in their own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _console() -> Console:
    # Labels are the user's own words: no markup, no emoji. Piped output is not cut to 80 columns.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 1000
    return console
