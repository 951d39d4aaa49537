"""The thread that moves money all the time, and knows how long each transfer took."""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING

from shadowvol.demo.crew import PATIENCE

if TYPE_CHECKING:
    from shadowvol.demo import bank


class TellerThread:
    """Transfers as fast as they go."""

    def __init__(self, teller: bank.Teller) -> None:
        """Begin."""
        self._teller = teller
        self._ended = threading.Condition()
        self._over = False
        self._error: BaseException | None = None
        self._times: list[tuple[float, float]] = []
        """When each transfer began and ended."""
        self._thread = threading.Thread(target=self._work, name="teller")
        self._thread.start()

    @property
    def count(self) -> int:
        """Transfers so far."""
        return len(self._times)

    def longest(self, since: float, until: float) -> float:
        """The longest that a transfer took which was under way between two moments, in seconds.

        It waits for the end of one that was under way at ``until``, or came after it: so when it
        returns, nothing keeps the teller from working.
        """
        with self._ended:
            if not self._ended.wait_for(lambda: self._error or self._after(until), PATIENCE):
                raise RuntimeError(f"no transfer has ended for {PATIENCE:.0f} s")
        if self._error is not None:
            raise RuntimeError(f"the teller has stopped: {self._error}") from self._error
        took = (end - begin for begin, end in self._times if end >= since and begin <= until)
        return max(took, default=0.0)

    def median(self) -> float:
        """Seconds that half of the transfers took at most."""
        return statistics.median(end - begin for begin, end in self._times)

    def stop(self) -> None:
        """End after the transfer that is under way."""
        self._over = True
        self._thread.join()

    def _after(self, moment: float) -> bool:
        return bool(self._times) and self._times[-1][1] > moment

    def _work(self) -> None:
        while not self._over:
            begin = time.monotonic()
            try:
                self._teller.transfer()
            except BaseException as error:  # noqa: BLE001 - who asks next is told
                self._error = error
                self._over = True
            with self._ended:
                if self._error is None:
                    self._times.append((begin, time.monotonic()))
                self._ended.notify_all()
