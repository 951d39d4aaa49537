"""Starting the processes, waiting for them, and adding up what they say."""

from __future__ import annotations

import multiprocessing
import queue
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import shadowvol as sv
from shadowvol.demo.messages import Message, ReaderDone, Taken, WriterDone
from shadowvol.demo.reader import read
from shadowvol.demo.report import Clock
from shadowvol.demo.writer import WriterTask, write

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from multiprocessing.queues import Queue

    from shadowvol._types import Durability

EVERY = 0.5
"""Seconds between two shadow copies."""

GRACE = 25.0
"""Seconds that the readers have to finish when the writer has ended."""


@dataclass(frozen=True)
class Settings:
    """What is to be run."""

    seconds: float = 20
    readers: int = 2
    seed: int = 1
    durability: Durability = "coherent"
    directory: Path | None = None


@dataclass
class Outcome:
    """What was seen."""

    settings: Settings
    writer: WriterDone | None = None
    readers: list[ReaderDone] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Everything that should not have happened, in words."""

    @property
    def ok(self) -> bool:
        """Whether all went as it must."""
        return not self.wrong


def run(settings: Settings, *, quiet: bool = False) -> Outcome:
    """Run the demo."""
    outcome = Outcome(settings)
    with ExitStack() as stack:
        directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="shadowvol-demo-", dir=settings.directory)
        )
        clock = stack.enter_context(Clock(settings.seconds, quiet=quiet))
        image = str(Path(directory) / "bank.img")
        crew = _Crew(settings, image, directory)
        stack.callback(crew.end)
        _follow(crew, outcome, clock)
        _judge(outcome)
        if outcome.ok:
            report = sv.check(image)
            outcome.wrong += (f"check: {finding.what}" for finding in report.findings)
    return outcome


class _Crew:
    """The processes. They are spawned, not forked: they share nothing but the files."""

    def __init__(self, settings: Settings, image: str, directory: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.results: Queue[Message] = context.Queue()
        # Kept, because a queue that nobody holds is gone before a process has started.
        self.tasks: list[Queue[Taken | None]] = [context.Queue() for _ in range(settings.readers)]
        task = WriterTask(image, settings.seconds, EVERY, settings.seed, settings.durability)
        self.processes: list[BaseProcess] = [
            context.Process(target=write, args=(task, self.tasks, self.results), name="writer"),
            *(
                context.Process(
                    target=read, args=(image, directory, own, self.results), name=f"reader {number}"
                )
                for number, own in enumerate(self.tasks, 1)
            ),
        ]
        for process in self.processes:
            process.start()

    def failed(self) -> list[str]:
        """Which processes ended badly."""
        return [
            f"the {process.name} ended with status {process.exitcode}"
            for process in self.processes
            if process.exitcode not in {None, 0}
        ]

    def end(self) -> None:
        """Wait for the processes, and do not wait long."""
        for process in self.processes:
            process.join(2)
            if process.is_alive():
                process.kill()
                process.join()


def _follow(crew: _Crew, outcome: Outcome, clock: Clock) -> None:
    settings = outcome.settings
    deadline = time.monotonic() + settings.seconds + GRACE
    while outcome.writer is None or len(outcome.readers) < settings.readers:
        clock.show(len(outcome.readers))
        try:
            message = crew.results.get(timeout=0.2)
        except queue.Empty:
            outcome.wrong += crew.failed()
            if time.monotonic() > deadline:
                outcome.wrong.append(f"not done {GRACE:.0f} s after the writer's time was over")
            if outcome.wrong:
                return
            continue
        match message:
            case Taken():
                clock.copies += 1
            case WriterDone():
                outcome.writer = message
            case ReaderDone():
                outcome.readers.append(message)


def _judge(outcome: Outcome) -> None:
    for number, reader in enumerate(outcome.readers, 1):
        outcome.wrong += (f"reader {number}: {line}" for line in reader.wrong)
        if not (reader.audited and reader.copied and reader.compared):
            outcome.wrong.append(f"reader {number} validated no shadow copy")
    if outcome.writer is not None:
        outcome.wrong += (f"writer: {line}" for line in outcome.writer.wrong)
