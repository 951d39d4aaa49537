"""A progress bar for what takes longer than a person likes to wait without one."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

PATIENCE = 0.7
"""Seconds after which the bar appears: an operation of over a second has one, a short one none."""


class Meter:
    """Takes bytes done and bytes to do, and draws a bar on standard error if it is a terminal."""

    def __init__(self, what: str, *, quiet: bool) -> None:
        """Say ``what`` is being done; draw nothing if ``quiet``."""
        console = Console(stderr=True)
        self._what = what
        self._bar: Progress | None = None
        if not quiet and console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(binary_units=True),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
        self._task: TaskID | None = None
        self._begun = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Note how far it is."""
        if self._bar is None:
            return
        if self._task is None:
            if time.monotonic() - self._begun < PATIENCE:
                return
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total)
        self._bar.update(self._task, completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.stop()
