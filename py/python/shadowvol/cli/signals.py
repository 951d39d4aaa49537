"""Signals: whoever tells a command to end lets it clean up first."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

Handler = Callable[[int, FrameType | None], object] | int


@contextmanager
def ending_in_order() -> Iterator[None]:
    """End by an exception, as at Ctrl-C, so that no copy and no half-made file is left."""

    def end(number: int, _frame: FrameType | None) -> None:
        # Whoever says it again is not to keep it from cleaning up.
        for one in ENDING:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    # What is ignored already stays so: `nohup` wants it.
    with _handling({one: end for one in ENDING if signal.getsignal(one) == signal.SIG_DFL}):
        yield


@contextmanager
def ending_by_interrupt() -> Iterator[None]:
    """Take being told to end for Ctrl-C, unless it is ignored."""
    kept = [one for one in ENDING if signal.getsignal(one) != signal.SIG_IGN]
    with _handling(dict.fromkeys(kept, signal.default_int_handler)):
        yield


def run_in_front(command: str, env: Mapping[str, str]) -> int:
    """Run a command that hears what this process is told; returns its exit status.

    A terminal's Ctrl-C it hears by itself, and may take its time over it.
    """
    running: subprocess.Popen[bytes] | None = None
    heard: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if running is not None:
            running.send_signal(number)

    handlers: dict[signal.Signals, Handler] = {
        one: pass_on for one in ENDING if signal.getsignal(one) != signal.SIG_IGN
    }
    handlers[signal.SIGINT] = lambda *_: None
    with _handling(handlers):
        running = subprocess.Popen(  # noqa: S602 - it is the user's own command
            command, shell=True, env=env
        )
        for number in heard:
            running.send_signal(number)
        return running.wait()


@contextmanager
def _handling(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
