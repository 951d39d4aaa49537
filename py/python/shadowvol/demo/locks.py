"""SQLite's locks on a file, among the connections of one process.

Many may read (*shared*). One of them may announce that it will write (*reserved*), let no more
readers in (*pending*), and write when the others have gone (*exclusive*).
"""

from __future__ import annotations

import threading

import apsw

NONE = apsw.SQLITE_LOCK_NONE
SHARED = apsw.SQLITE_LOCK_SHARED
RESERVED = apsw.SQLITE_LOCK_RESERVED
PENDING = apsw.SQLITE_LOCK_PENDING
EXCLUSIVE = apsw.SQLITE_LOCK_EXCLUSIVE


class Locks:
    """Who holds which lock on one file."""

    def __init__(self) -> None:
        """Nobody holds any."""
        self._mutex = threading.Lock()
        self._held: dict[object, int] = {}

    def take(self, who: object, level: int) -> bool:
        """Raise the lock of ``who`` to ``level``; whether others let it.

        A writer that waits for readers to end is left with *pending*, and tries again.
        """
        with self._mutex:
            others = [held for other, held in self._held.items() if other is not who]
            highest = max(others, default=NONE)
            if level == SHARED and highest >= PENDING:
                return False
            if level >= RESERVED and highest >= RESERVED:
                return False
            if level == EXCLUSIVE and others:
                self._held[who] = PENDING
                return False
            self._held[who] = max(level, self._held.get(who, NONE))
            return True

    def drop(self, who: object, level: int) -> None:
        """Lower the lock of ``who`` to *shared* or none."""
        with self._mutex:
            if level == NONE:
                self._held.pop(who, None)
            elif who in self._held:
                self._held[who] = min(level, self._held[who])

    def reserved(self) -> bool:
        """Whether someone writes, or is about to."""
        with self._mutex:
            return max(self._held.values(), default=NONE) >= RESERVED
