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
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if any("\ud800" <= c <= "\udfff" for c in text):
        # Names of files that are not UTF-8 are escaped, as Python reads them back.
        text = json.dumps(value, indent=2)
    click.echo(text)


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
        "consistency": shadow_copy.consistency,
        "auto_release": shadow_copy.auto_release,
        "unfinished": shadow_copy.unfinished,
        "recovered": shadow_copy.recovered,
        "expires": _day_json(shadow_copy.expires),
        "retained_until": _day_json(shadow_copy.retained_until),
        "set": shadow_copy.set_id,
    }


def copy_notes(shadow_copy: sv.ShadowCopy) -> str:
    """What is special about a shadow copy, for people."""
    notes = {
        "unfinished": shadow_copy.unfinished,
        "goes with its process": shadow_copy.auto_release,
        "application-consistent": shadow_copy.consistency == "application",
        "recovered": shadow_copy.recovered,
    }
    said = [note for note, holds in notes.items() if holds]
    if shadow_copy.retained_until:
        said.append(f"retained until {time_text(shadow_copy.retained_until)}")
    if shadow_copy.expires:
        said.append(f"expires {time_text(shadow_copy.expires)}")
    return ", ".join(said)


def tell(events: list[sv.Event]) -> None:
    """Print what happened by itself meanwhile."""
    for event in events:
        click.echo(f"Warning: {event.message}", err=True)


def count_text(count: int, what: str) -> str:
    """A number of things whose plural ends in ``s``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def time_json(moment: datetime) -> str:
    """A moment for programs: ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_text(moment: datetime) -> str:
    """A moment for people: in their own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _day_json(moment: datetime | None) -> str | None:
    return time_json(moment) if moment else None


def _console() -> Console:
    # Labels are the user's own words: no markup, no emoji. Piped output is not cut to 80 columns.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 1000
    return console
