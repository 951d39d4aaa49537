"""The tables at the end, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from shadowvol.cli.size import size_text
from shadowvol.demo.backup.act import NIGHTS, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowvol.demo.backup.messages import BackupActDone
    from shadowvol.demo.live.messages import ReaderDone, WriterDone
    from shadowvol.demo.outcome import Outcome
    from shadowvol.demo.screen import Screen

_LISTED = 12
"""How many failures are told in words."""


def show(outcome: Outcome, screen: Screen) -> None:
    """Print the tables, what was wrong, and how often."""
    screen.headline(f"What was seen in {outcome.seconds:.0f} seconds")
    if outcome.writer is not None:
        _show(screen, "Act 1: the process that writes", _writer(outcome.writer))
    if outcome.readers:
        _show(screen, "Act 1: the processes that read", _readers(outcome.readers))
    done = outcome.backup
    if done is not None and done.comparisons:
        title = "Act 2: copies of both volumes, and the sum over both"
        _show(screen, title, _ways(done), _ways_told(done))
    if done is not None and done.nights:
        _show(screen, "Act 2: backups of both volumes", _nights(done), _NIGHTS_TOLD)
    if outcome.settings.keep is not None:
        _show_kept(outcome.settings.keep, outcome, screen)
    for line in outcome.wrong[:_LISTED]:
        screen.show(Text(line, style="red"))
    if len(outcome.wrong) > _LISTED:
        screen.show(Text(f"... and {len(outcome.wrong) - _LISTED:,} more", style="red"))
    style = "bold green" if outcome.ok else "bold red"
    screen.show(Text(f"failures: {len(outcome.wrong)}", style=style))


def report_json(outcome: Outcome) -> dict[str, object]:
    """The same for programs."""
    return {
        "ok": outcome.ok,
        "failures": outcome.wrong,
        "seconds": outcome.seconds,
        "writer": asdict(outcome.writer) if outcome.writer else None,
        "readers": [asdict(reader) for reader in outcome.readers],
        "backup": asdict(outcome.backup) if outcome.backup else None,
    }


def _show_kept(folder: Path, outcome: Outcome, screen: Screen) -> None:
    screen.show(Text("The files are still there. Have a look:", style="bold"))
    if outcome.writer is not None:
        screen.show(f"shadowvol list {folder}/live/bank.img")
        screen.show(f"shadowvol check {folder}/live/bank.img")
    if outcome.backup is not None:
        screen.show(f"shadowvol backups {folder}/backup/repository")
        screen.show(f"shadowvol verify {folder}/backup/repository")
    screen.show("")


def _show(screen: Screen, title: str, table: Table, told: str = "") -> None:
    screen.show(Text(title, style="bold"))
    screen.show(table)
    if told:
        screen.show(Text(told, style="dim"))
    screen.show("")


def _table(*columns: str) -> Table:
    """A table whose first column holds names, and the others numbers."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        show_header=any(columns),
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(columns[0])
    for name in columns[1:]:
        table.add_column(name, justify="right")
    return table


def _writer(writer: WriterDone) -> Table:
    table = _table("", "")
    rate = writer.transfers / writer.seconds
    table.add_row("transfers", f"{writer.transfers:,} ({rate:,.0f} a second)")
    table.add_row("shadow copies taken", f"{writer.copies:,}")
    table.add_row("... in the middle of a transaction", f"{writer.mid_transaction:,}")
    table.add_row("shadow copies deleted meanwhile", f"{writer.deleted:,}")
    table.add_row("bytes written", size_text(writer.written_bytes))
    table.add_row("old bytes preserved", size_text(writer.preserved_bytes))
    return table


def _readers(readers: list[ReaderDone]) -> Table:
    numbers = [f"process {number}" for number in range(1, len(readers) + 1)]
    table = _table("", *numbers, "all")
    for name, values in _reader_rows(readers):
        table.add_row(name, *values)
    return table


def _reader_rows(readers: list[ReaderDone]) -> Iterator[tuple[str, list[str]]]:
    def row(name: str, values: list[int]) -> tuple[str, list[str]]:
        return name, [f"{value:,}" for value in (*values, sum(values))]

    yield row("databases checked and added up", [reader.audited for reader in readers])
    yield row("... with a transaction to roll back", [reader.rolled_back for reader in readers])
    yield row("shadow copies copied out", [reader.copied for reader in readers])
    yield row("comparisons with the instant", [reader.compared for reader in readers])
    yield row("reads validated", [reader.reads for reader in readers])
    yield row("reads redirected by the re-check", [reader.redirected for reader in readers])
    yield row("reads begun again", [reader.restarts for reader in readers])
    yield row("deleted while in use (Gone)", [reader.gone for reader in readers])
    yield row("deleted before they were read", [reader.missed for reader in readers])
    sizes = [reader.read_bytes for reader in readers]
    yield "bytes read", [size_text(size) for size in (*sizes, sum(sizes))]
    speeds = [int(reader.read_bytes / max(reader.seconds, 1e-9)) for reader in readers]
    yield "bytes read a second", [size_text(speed) for speed in (*speeds, sum(speeds))]


def _ways(done: BackupActDone) -> Table:
    table = _table("taken", "pairs", "sum right", "undone", "writer waited", "at most")
    for comparison in done.comparisons:
        at_once = comparison.way != "apart"
        half, most = median(comparison.waits) * 1e3, max(comparison.waits) * 1e3
        table.add_row(
            WAYS[comparison.way],
            f"{comparison.pairs}",
            f"{comparison.right}",
            f"{comparison.rolled_back}",
            f"{half:.1f} ms" if at_once else "",
            f"{most:.1f} ms" if at_once else "",
        )
    return table


def _ways_told(done: BackupActDone) -> str:
    told = (
        "Undone: pairs that had caught a half-done transaction, which SQLite rolled back. Writer "
        "waited: the longest transfer while a set was taken, in the median set and in the worst"
    )
    if done.office is not None:
        told += f"; of all transfers, the median took {done.office.median * 1e3:.1f} ms"
    return f"{told}."


def _nights(done: BackupActDone) -> Table:
    table = _table("night", "read", "new", "stored", "backup", "restore", "same")
    for number, night in enumerate(done.nights):
        restored = done.restored[number] if number < len(done.restored) else None
        table.add_row(
            f"{NIGHTS[number][0][:3]} {night.kind}",
            size_text(night.read),
            size_text(night.new),
            size_text(night.stored),
            _rate(night.read, night.seconds),
            _rate(restored.bytes, restored.seconds) if restored else "",
            f"{restored.identical} of {len(night.backups)}" if restored else "",
        )
    return table


_NIGHTS_TOLD = (
    "New: what the repository did not have yet. Stored: the same, compressed. Same: restored "
    "volumes whose every byte is that of the instant."
)


def _rate(count: int, seconds: float) -> str:
    return f"{size_text(int(count / max(seconds, 1e-9)))}/s"
