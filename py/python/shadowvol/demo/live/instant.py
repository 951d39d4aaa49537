"""When shadow copies are taken, and what the volume was at that instant."""

import random
import time
from collections import deque
from collections.abc import Callable

import shadowvol as sv
from shadowvol.demo import digest
from shadowvol.demo.live.messages import Taken

KEPT = 4
"""Copies that are left alone; older ones are deleted, whoever reads them."""


class Camera:
    """A volume that takes a shadow copy of itself between two of the writes it is given.

    SQLite writes from one thread, so while a write waits here nothing else changes the volume, and
    its digest can be taken by reading it. Most writes belong to a transaction that is half done.
    """

    def __init__(
        self, volume: sv.Volume, *, every: float, seed: int, publish: Callable[[Taken], None]
    ) -> None:
        """Take one about every so many seconds, and ``publish`` its digest."""
        self.size = volume.size
        self._volume = volume
        self._every = every
        self._random = random.Random(seed)  # noqa: S311 - moments, not secrets
        self._publish = publish
        self._kept: deque[int] = deque()
        self._due = float("inf")
        self._skip = 0
        self.in_transaction: Callable[[], bool] = bool
        self.tamper: Callable[[], object] | None = None
        """What to do between the digest and its being told of, to spoil the demo."""
        self.taken = 0
        self.mid_transaction = 0
        self.deleted = 0

    def start(self) -> None:
        """From now on."""
        self._due = time.monotonic()

    def stop(self) -> None:
        """No more."""
        self._due = float("inf")

    def read(self, offset: int, length: int, /) -> bytes:
        """Read the volume."""
        return self._volume.read(offset, length)

    def write(self, offset: int, data: bytes, /) -> int:
        """Take a shadow copy if it is time, and write the volume."""
        if time.monotonic() >= self._due:
            # Some writes are let pass, so that the instant is not tied to a transaction's start.
            if self._skip > 0:
                self._skip -= 1
            else:
                self._take()
        return self._volume.write(offset, data)

    def flush(self) -> None:
        """Flush the volume."""
        self._volume.flush()

    def _take(self) -> None:
        shadow_copy = self._volume.create_shadow_copy(f"instant {self.taken + 1}")
        found = digest.of_volume(self._volume)
        if self.tamper is not None:
            self.tamper()
        self.taken += 1
        self.mid_transaction += self.in_transaction()
        self._kept.append(shadow_copy.id)
        self._publish(Taken(shadow_copy.id, found))
        while len(self._kept) > KEPT:
            self._volume.delete_shadow_copy(self._kept.popleft())
            self.deleted += 1
        self._due = time.monotonic() + self._every
        self._skip = self._random.randrange(200)
