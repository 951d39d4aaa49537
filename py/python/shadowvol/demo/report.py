"""What a person sees: a bar while it runs, and the table at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from shadowvol.cli.size import size_text

if TYPE_CHECKING:
    from types import TracebackType

    from shadowvol.demo.run import Outcome


class Clock:
    """A bar that runs with the writer's time."""

    def __init__(self, seconds: float, *, quiet: bool) -> None:
        """Draw on standard error, if it is a terminal and not ``quiet``."""
        console = Console(stderr=True)
        self.copies = 0
        self._begun = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if not quiet and console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task("Starting", total=seconds)

    def show(self, finished: int) -> None:
        """Bring it up to date."""
        if self._bar is not None:
            text = f"{self.copies} shadow copies"
            if finished:
                text += f", {finished} readers done"
            passed = time.monotonic() - self._begun
            self._bar.update(self._task, completed=passed, description=text)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def show(outcome: Outcome) -> None:
    """Print the table."""
    console = Console(highlight=False)
    table = Table(title="shadowvol demo", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column("writer")
    table.add_column("", justify="right")
    for name, value in _writer_rows(outcome):
        table.add_row(name, value)
    table.add_section()
    readers = Table(box=box.SIMPLE_HEAD)
    readers.add_column("readers")
    for number in range(1, len(outcome.readers) + 1):
        readers.add_column(f"process {number}", justify="right")
    readers.add_column("all", justify="right", style="bold")
    for name, values in _reader_rows(outcome):
        readers.add_row(name, *values)
    console.print(table)
    console.print(readers)
    for line in outcome.wrong:
        console.print(f"  {line}", markup=False)
    style = "bold green" if outcome.ok else "bold red"
    console.print(f"  failures: {len(outcome.wrong)}", style=style)


def report_json(outcome: Outcome) -> dict[str, object]:
    """The same for programs."""
    return {
        "ok": outcome.ok,
        "failures": outcome.wrong,
        "writer": vars(outcome.writer) if outcome.writer else None,
        "readers": [vars(reader) for reader in outcome.readers],
    }


def _writer_rows(outcome: Outcome) -> list[tuple[str, str]]:
    writer = outcome.writer
    if writer is None:
        return []
    return [
        ("transfers", f"{writer.transfers:,}"),
        ("transfers a second", f"{writer.transfers / writer.seconds:,.0f}"),
        ("shadow copies taken", f"{writer.copies:,}"),
        ("... in the middle of a transaction", f"{writer.mid_transaction:,}"),
        ("shadow copies deleted meanwhile", f"{writer.deleted:,}"),
        ("bytes written", size_text(writer.written_bytes)),
        ("old bytes preserved", size_text(writer.preserved_bytes)),
    ]


def _reader_rows(outcome: Outcome) -> list[tuple[str, list[str]]]:
    readers = outcome.readers

    def row(name: str, values: list[int]) -> tuple[str, list[str]]:
        return name, [f"{value:,}" for value in (*values, sum(values))]

    speeds = [int(reader.read_bytes / max(reader.seconds, 1e-9)) for reader in readers]
    sizes = [reader.read_bytes for reader in readers]
    return [
        row("databases checked and added up", [reader.audited for reader in readers]),
        row("... with a transaction to roll back", [reader.rolled_back for reader in readers]),
        row("shadow copies copied out", [reader.copied for reader in readers]),
        row("comparisons with the instant", [reader.compared for reader in readers]),
        row("reads validated", [reader.reads for reader in readers]),
        row("reads redirected by the re-check", [reader.redirected for reader in readers]),
        row("reads begun again", [reader.restarts for reader in readers]),
        row("deleted while being read (Gone)", [reader.gone for reader in readers]),
        row("deleted before they were read", [reader.missed for reader in readers]),
        ("bytes read", [size_text(size) for size in (*sizes, sum(sizes))]),
        ("bytes read a second", [size_text(speed) for speed in (*speeds, sum(speeds))]),
    ]
