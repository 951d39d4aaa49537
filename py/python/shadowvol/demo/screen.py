"""What a person sees while the demo runs: headlines, and a line for everything that happened."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

WIDTH = 96
"""Columns that are used, if there are so many."""


class Screen:
    """Prints on standard output; a line that is not yet known shows as a spinner on a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Print nothing if ``quiet``."""
        self._console = Console(highlight=False, markup=False, emoji=False, quiet=quiet)
        self._console.width = min(self._console.width, WIDTH)
        self._begun = time.monotonic()
        encoding = (self._console.encoding or "").lower()
        good, bad, plain = "✓✗·" if encoding.startswith("utf") else "+!-"
        self._marks = {
            True: Text(good, style="green"),
            False: Text(bad, style="bold red"),
            None: Text(plain, style="dim"),
        }

    def headline(self, title: str, story: str = "") -> None:
        """Begin a chapter."""
        self._print("")
        self._print(Text(title, style="bold"))
        if story:
            self.show(Text(story, style="dim"))
        self._print("")

    def say(self, text: str, *, good: bool | None = None) -> None:
        """Print what happened, with the time, and whether it is as it must be if that is known."""
        passed = Text(f"{time.monotonic() - self._begun:6.1f} s ", style="dim")
        line = Table.grid(padding=(0, 1))
        line.add_row(passed, self._marks[good], Text(text))
        self._print(line)

    def show(self, what: RenderableType) -> None:
        """Print anything, a little indented."""
        self._print(Padding(what, (0, 0, 0, 2)))

    def _print(self, what: RenderableType) -> None:
        if self._console.is_terminal:
            self._console.print(what)
            return
        # Rich fills lines up with blanks, which nobody wants in a file.
        with self._console.capture() as printed:
            self._console.print(what)
        for line in printed.get().splitlines():
            self._console.file.write(f"{line.rstrip()}\n")
        self._console.file.flush()

    @contextmanager
    def busy(self, text: str) -> Iterator[Callable[[str], None]]:
        """Say what is being done, until it is; the text can be changed meanwhile."""
        if not self._console.is_terminal or self._console.quiet:
            yield lambda _text: None
            return
        with self._console.status(text) as status:
            yield status.update
