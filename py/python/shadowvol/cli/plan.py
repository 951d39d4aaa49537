"""``shadowvol plan``: how large the diff area must be."""

from __future__ import annotations

import math
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

import shadowvol as sv
from shadowvol._plan import span_text
from shadowvol._types import TraceAction, TraceFormat
from shadowvol.cli import options, output
from shadowvol.cli.duration import parse_duration
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import parse_size, size_text

if TYPE_CHECKING:
    from datetime import timedelta


def parse_keep(text: str) -> timedelta | int:
    """How long copies are kept: ``24h``, or ``96`` copies."""
    return int(text) if text.isdecimal() else parse_duration(text)


def parse_pairs(text: str) -> dict[str, str | int]:
    """Names with values: ``time=Timestamp,offset=5``; a number stays one."""
    pairs: dict[str, str | int] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"{part!r} is no NAME=VALUE")
        pairs[name] = int(value) if value.isdecimal() else value
    return pairs


@click.command("plan")
@click.argument("trace", type=click.Path(allow_dash=True, path_type=Path))
@click.option(
    "--every",
    type=parse_duration,
    metavar="TIME",
    multiple=True,
    help="Take a shadow copy so often: 90s, 30m, 12h, 7d. Can be given several times.",
)
@click.option(
    "--keep",
    type=parse_keep,
    metavar="TIME|N",
    multiple=True,
    help="Keep each for this time, or N of them. Can be given several times.",
)
@click.option(
    "--chunk-size",
    "chunk_sizes",
    type=parse_size,
    metavar="SIZE",
    multiple=True,
    help="Try this chunk size; 4K, 16K, 64K, 256K and 1M if not given.",
)
@click.option(
    "--format",
    "trace_format",
    type=click.Choice(get_args(TraceFormat)),
    help="What the trace is, if its content does not tell.",
)
@click.option("--size", type=parse_size, metavar="SIZE", help="Size of the volume.")
@click.option("--device", help="The one that is meant: as 8,0, a file of fio's, or in a column.")
@click.option(
    "--action",
    type=click.Choice(get_args(TraceAction)),
    default="queued",
    show_default=True,
    help="Which appearance of a request counts in the output of blkparse.",
)
@click.option(
    "--columns",
    type=parse_pairs,
    metavar="NAME=COLUMN,...",
    help="Columns of a table, by name or number: time, offset, length, kind, device.",
)
@click.option(
    "--units",
    type=parse_pairs,
    metavar="NAME=UNIT,...",
    help="In what they count: time=s|ms|us|100ns|ns, offset=BYTES, length=BYTES.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw it: a file that ends in .png, .svg or .pdf.",
)
@options.as_json
def plan(
    *,
    trace: Path,
    every: tuple[timedelta, ...],
    keep: tuple[timedelta | int, ...],
    chunk_sizes: tuple[int, ...],
    trace_format: TraceFormat | None,
    size: int | None,
    device: str | None,
    action: TraceAction,
    columns: dict[str, str | int] | None,
    units: dict[str, str | int] | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say how large the diff area must be, from what was written.

    TRACE is what a volume has recorded (Volume.record), what blkparse prints, a log of fio, or a
    table; - is the standard input. It is replayed for every --chunk-size with a shadow copy --every
    so often, each kept as --keep says; without these, with the copies that the trace tells of.
    """
    if plot and find_spec("matplotlib") is None:
        raise click.ClickException(
            "a plot needs matplotlib and NumPy: pip install 'shadowvol[plan]'"
        )
    chosen = {"chunk_size": chunk_sizes} if chunk_sizes else {}
    try:
        with Meter(f"Replaying {trace}", quiet=as_json or str(trace) == "-") as meter:
            found = sv.plan(
                trace,
                every=every,
                keep=keep,
                **chosen,
                format=trace_format,
                size=size,
                device=device,
                action=action,
                columns=columns,
                units=units,
                progress=meter,
            )
    except (sv.BadTrace, sv.BadChunkSize):
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if plot:
        found.plot().savefig(plot)
    if as_json:
        output.emit(_json(found))
    else:
        _print(found)


def _json(found: sv.Plan) -> dict[str, object]:
    rows = [asdict(row) for row in found.rows]
    for row, shown in zip(found.rows, rows, strict=True):
        del shown["series"]
        shown["intervals"] = [interval._asdict() for interval in row.intervals]
    return {"trace": asdict(found.trace), "rows": rows}


def _print(found: sv.Plan) -> None:
    for rows in found.by_schedule():
        _answer(rows)
    output.table(
        (
            *("schedule", "chunk", "diff area", "old bytes", "journal", "copies"),
            *("written for 1 byte", "changed per copy", "at most"),
        ),
        (_cells(row) for rows in found.by_schedule() for row in rows),
        right=range(1, 9),
    )
    trace = found.trace
    click.echo(
        f"The trace: {trace.writes} writes ({size_text(trace.written_bytes)}) and "
        f"{trace.discards} discards ({size_text(trace.discarded_bytes)}) in "
        f"{span_text(trace.seconds)}."
    )
    for note in _notes(found):
        click.echo(f"Note: {note}")


def _answer(rows: list[sv.PlanRow]) -> None:
    best = min(rows, key=lambda row: (row.diff_area, -row.chunk_size))
    of_those = ", the least of those tried" if len(rows) > 1 else ""
    schedule = best.schedule[0].upper() + best.schedule[1:]
    # Whoever copies the number must not end up below it.
    limit = math.ceil(best.diff_area / (1 << 20))
    need = "need" if best.every is None else "needs"
    click.echo(
        f"{schedule} {need} {size_text(best.diff_area)} with chunks of "
        f"{size_text(best.chunk_size)}{of_those} (--chunk-size {best.chunk_size} --limit {limit}M)."
    )
    written = [row for row in rows if row.amplification is not None]
    if len(written) > 1:
        least = min(written, key=lambda row: (row.amplification or 0, -row.chunk_size))
        click.echo(
            f"Chunks of {size_text(least.chunk_size)} write the least: "
            f"{least.amplification:.3g} bytes for each byte of a write."
        )


def _cells(row: sv.PlanRow) -> tuple[str, ...]:
    return (
        row.schedule,
        size_text(row.chunk_size),
        size_text(row.diff_area),
        size_text(row.peak_bytes),
        size_text(row.journal),
        str(row.most_copies),
        "" if row.amplification is None else f"{row.amplification:.3g}",
        size_text(row.change_median),
        size_text(row.change_most),
    )


def _notes(found: sv.Plan) -> list[str]:
    trace = found.trace
    notes = [
        "a trace does not tell which old bytes are zeros; these take no room, so that less may do."
    ]
    if any(row.every is not None and not row.warm for row in found.rows):
        notes.append(
            f"the trace is shorter than some copies are kept: it lasts {span_text(trace.seconds)}. "
            f"A longer one may need more."
        )
    if trace.reverts:
        notes.append(f"the trace has {trace.reverts} reverts; what they wrote is not counted.")
    if trace.disordered:
        notes.append(f"{trace.disordered} events were out of order in time.")
    if trace.cut_off:
        notes.append("the trace was cut off: its process ended before the recording did.")
    return notes
