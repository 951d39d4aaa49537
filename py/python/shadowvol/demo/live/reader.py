"""The processes that read: passive nodes, straight from the files, while the writer writes."""

from __future__ import annotations

import queue
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import shadowvol as sv
from shadowvol.demo.live.auditor import compare, examine
from shadowvol.demo.live.messages import Checked, Message, ReaderDone, Taken

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

REOPEN_AFTER = 8
"""Copies after which a reader begins anew, so that opening is tried under fire too."""


def read(image: str, scratch: str, tasks: Queue[Taken | None], out: Queue[Message]) -> None:
    """Examine every shadow copy that is told of, and in between read old ones again."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=scratch, prefix="reader-") as directory:
        done = ReaderDone()
        reader = _Reader(image, Path(directory), tasks, out, done)
        while reader.more:
            reader.session()
    done.seconds = time.monotonic() - begun
    out.put(done)


class _Reader:
    def __init__(
        self,
        image: str,
        scratch: Path,
        tasks: Queue[Taken | None],
        out: Queue[Message],
        done: ReaderDone,
    ) -> None:
        self._image = image
        self._scratch = scratch
        self._tasks = tasks
        self._out = out
        self._done = done
        # The oldest of these is about to be deleted: reading it over and over meets that moment.
        self._known: deque[Taken] = deque()
        self.more = True

    def session(self) -> None:
        """Open a node and use it for a while."""
        first = self._next(wait=True)
        if first is None:
            return
        with sv.Passive.open(self._image) as node:
            self._examine(node, first)
            for _ in range(REOPEN_AFTER - 1):
                taken = self._wait(node)
                if taken is None:
                    break
                self._examine(node, taken)
                # However busy it is: old ones are looked at until they are gone.
                self._patrol(node)
            stats = node.stats()
        self._done.reads += stats.reads
        self._done.redirected += stats.redirected
        self._done.restarts += stats.restarts
        self._done.read_bytes += stats.read_bytes

    def _wait(self, node: sv.Passive) -> Taken | None:
        """The next copy; until there is one, read the oldest again and again."""
        while self._known:
            taken = self._next(wait=False)
            if taken is not None or not self.more:
                return taken
            self._patrol(node)
        return self._next(wait=True)

    def _examine(self, node: sv.Passive, taken: Taken) -> None:
        try:
            node.shadow_copy(taken.id)
        except sv.Gone:
            self._done.missed += 1
            return
        try:
            examine(node, taken, self._scratch, self._done)
        except sv.Gone:
            self._done.gone += 1
        else:
            self._known.append(taken)
            self._out.put(Checked(taken.id))

    def _patrol(self, node: sv.Passive) -> None:
        if not self._known:
            return
        oldest = self._known[0]
        try:
            compare(node.shadow_copy(oldest.id), oldest, self._done)
        except sv.Gone:
            self._done.gone += 1
            self._known.popleft()

    def _next(self, *, wait: bool) -> Taken | None:
        try:
            taken = self._tasks.get(block=wait)
        except queue.Empty:
            return None
        if taken is None:
            self.more = False
        return taken
