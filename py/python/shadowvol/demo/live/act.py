"""The first act: starting the processes, following them, and adding up what they say."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shadowvol as sv
from shadowvol.cli.size import size_text
from shadowvol.demo import bank
from shadowvol.demo.crew import PATIENCE, Crew
from shadowvol.demo.live.messages import Checked, Message, Opened, ReaderDone, Taken, WriterDone
from shadowvol.demo.live.reader import read
from shadowvol.demo.live.writer import WriterTask, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.queues import Queue
    from pathlib import Path

    from shadowvol.demo.outcome import Outcome, Settings
    from shadowvol.demo.screen import Screen

EVERY = 0.5
"""Seconds between two shadow copies."""

NEWS_EVERY = 4.0
"""Seconds between two lines about how it goes."""

TITLE = "one volume, read while it is written"
STORY = """\
One process keeps a real SQLite database on a volume, and moves money between its accounts as \
fast as it can: the sum of all balances never changes. It takes shadow copies, mostly in the \
middle of a transaction, and deletes old ones. Other processes open each copy straight from the \
files, without a word to the writer: SQLite rolls back what was half done, the database is \
checked, the money is added up, and every byte is compared with a digest taken at the instant."""


def play(outcome: Outcome, folder: Path, screen: Screen) -> None:
    """Play the act on files in ``folder``."""
    image = folder / "bank.img"
    with Crew() as crew:
        queues = _hire(crew, outcome.settings, image)
        _follow(crew, queues.results, outcome, screen)
    _judge(outcome)
    if outcome.ok:
        report = sv.check(image)
        outcome.wrong += (f"check: {finding.what}" for finding in report.findings)
        screen.say(f"the diff area is whole: {report.records:,} records verify", good=report.ok)


@dataclass
class _Queues:
    """Kept, because a queue that nobody holds is gone before a process has started."""

    tasks: list[Queue[Taken | None]]
    results: Queue[Message]


def _hire(crew: Crew, settings: Settings, image: Path) -> _Queues:
    queues = _Queues([crew.context.Queue() for _ in range(settings.readers)], crew.context.Queue())
    task = WriterTask(
        image=str(image),
        seconds=settings.seconds,
        every=EVERY,
        seed=settings.seed,
        durability=settings.durability,
        sabotage=settings.sabotage,
    )
    crew.hire("writer", write, task, queues.tasks, queues.results)
    for number, own in enumerate(queues.tasks, 1):
        crew.hire(f"reader {number}", read, str(image), str(image.parent), own, queues.results)
    return queues


@dataclass
class _News:
    """How it goes, for people."""

    seconds: float
    screen: Screen
    update: Callable[[str], None]
    taken: int = 0
    checked: int = 0
    due: float = field(default_factory=lambda: time.monotonic() + NEWS_EVERY)

    def hear(self, message: Message) -> None:
        match message:
            case Opened():
                self.screen.say(
                    f"the bank is open: {bank.ACCOUNTS:,} accounts of {bank.BALANCE:,} each on a "
                    f"{size_text(message.volume_size)} volume"
                )
                self.due = time.monotonic() + NEWS_EVERY
            case Taken():
                self.taken += 1
            case Checked():
                self.checked += 1
            case WriterDone():
                self.screen.say(
                    f"the writer is done: {message.transfers:,} transfers, {message.copies} shadow "
                    f"copies, {message.deleted} deleted"
                )
                self.due = float("inf")
            case ReaderDone():
                self.screen.say(
                    f"a reader is done: {message.audited} databases checked, {message.compared} "
                    f"copies compared, {len(message.wrong)} wrong",
                    good=not message.wrong,
                )
        self.update(self._text())

    def tick(self) -> None:
        if time.monotonic() >= self.due:
            self.screen.say(self._text())
            self.due += NEWS_EVERY

    def _text(self) -> str:
        return f"{self.taken} shadow copies taken, {self.checked} times checked by other processes"


def _follow(crew: Crew, results: Queue[Message], outcome: Outcome, screen: Screen) -> None:
    settings = outcome.settings
    deadline = time.monotonic() + settings.seconds + PATIENCE
    with screen.busy("Starting") as update:
        news = _News(settings.seconds, screen, update)
        while outcome.writer is None or len(outcome.readers) < settings.readers:
            news.tick()
            try:
                message = results.get(timeout=0.2)
            except queue.Empty:
                outcome.wrong += crew.failed()
                if time.monotonic() > deadline:
                    outcome.wrong.append(f"not done {PATIENCE:.0f} s after the writer's time")
                if outcome.wrong:
                    return
                continue
            news.hear(message)
            match message:
                case WriterDone():
                    outcome.writer = message
                case ReaderDone():
                    outcome.readers.append(message)
                case _:
                    pass


def _judge(outcome: Outcome) -> None:
    for number, reader in enumerate(outcome.readers, 1):
        outcome.wrong += (f"reader {number}: {line}" for line in reader.wrong)
        if not (reader.audited and reader.copied and reader.compared):
            outcome.wrong.append(f"reader {number} validated no shadow copy")
    if outcome.writer is not None:
        outcome.wrong += (f"writer: {line}" for line in outcome.writer.wrong)
