"""The process that writes: the active node, with SQLite on top."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shadowvol as sv
from shadowvol.demo import bank, vfs
from shadowvol.demo.layout import Layout
from shadowvol.demo.live.instant import KEPT, Camera
from shadowvol.demo.live.messages import Message, Opened, Taken, WriterDone
from shadowvol.demo.sabotage import flip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.queues import Queue

    from shadowvol._types import Durability
    from shadowvol.demo.sabotage import Sabotage

VOLUME_SIZE = 12 << 20

LEAST = 2 * KEPT
"""Shadow copies that are taken however slow the machine is: so many of them are deleted, too."""


@dataclass(frozen=True)
class WriterTask:
    """What the writer is to do."""

    image: str
    seconds: float
    every: float
    seed: int
    durability: Durability
    sabotage: Sabotage | None


def write(task: WriterTask, readers: Sequence[Queue[Taken | None]], out: Queue[Message]) -> None:
    """Move money for a while; tell the readers of every shadow copy, and ``out`` the sums."""

    def publish(taken: Taken) -> None:
        for reader in readers:
            reader.put(taken)
        out.put(taken)

    try:
        out.put(_run(task, publish, out))
    finally:
        for reader in readers:
            reader.put(None)


def _run(task: WriterTask, publish: Callable[[Taken], None], out: Queue[Message]) -> WriterDone:
    volume = sv.Volume.create(task.image, size=VOLUME_SIZE, durability=task.durability)
    with volume:
        camera = Camera(volume, every=task.every, seed=task.seed, publish=publish)
        with vfs.connected({"bank": Layout(camera)}) as connection:
            bank.found(connection)
            out.put(Opened(volume.size))
            camera.in_transaction = lambda: connection.in_transaction
            teller = bank.Teller(connection, task.seed)
            if task.sabotage == "money":
                teller.embezzle()
            if task.sabotage == "origin":
                camera.tamper = lambda: flip(task.image, volume.size // 2 - 1)
            camera.start()
            begun = time.monotonic()
            while time.monotonic() - begun < task.seconds or camera.taken < LEAST:
                teller.transfer()
            seconds = time.monotonic() - begun
            camera.stop()
            wrong = bank.audit(connection)
        stats = volume.stats()
        return WriterDone(
            transfers=teller.transfers,
            copies=camera.taken,
            mid_transaction=camera.mid_transaction,
            deleted=camera.deleted,
            seconds=seconds,
            written_bytes=stats.written_bytes,
            preserved_bytes=stats.preserved_bytes,
            wrong=tuple(wrong),
        )
