"""The processes of the demo. They are spawned, not forked: they share nothing but the files."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import TracebackType

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

PATIENCE = 120.0
"""Seconds after which a process that does not answer is taken to hang."""

_SPAWN = multiprocessing.get_context("spawn")


class LostError(Exception):
    """A process did not do what it was asked for."""


class Crew:
    """Some processes, which end when the block ends."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.context = _SPAWN
        self._processes: list[BaseProcess] = []

    def hire(self, name: str, work: Callable[..., None], *args: object) -> BaseProcess:
        """Start a process that does ``work``."""
        process = self.context.Process(target=_begin, args=(work, args), name=name)
        process.start()
        self._processes.append(process)
        return process

    def desk(
        self,
        name: str,
        make: Callable[P, AbstractContextManager[S]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Desk[S]:
        """Start a process that keeps what ``make`` makes, and answers questions about it."""
        ours, theirs = self.context.Pipe()
        process = self.hire(name, _serve, theirs, make, args, kwargs)
        theirs.close()
        return Desk(process, ours)

    def failed(self) -> list[str]:
        """Which processes ended badly."""
        return [
            f"the process of the {process.name} ended with status {process.exitcode}"
            for process in self._processes
            if process.exitcode not in {None, 0}
        ]

    def wait(self, patience: float) -> None:
        """Let them end by themselves."""
        until = time.monotonic() + patience
        for process in self._processes:
            process.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.wait(2 if exc_type is None else 0)
        for process in self._processes:
            if process.is_alive():
                process.kill()
            process.join()


class Desk(Generic[S]):
    """Where another process is asked: ``desk.ask(Clerk.verify, folder)`` runs there."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        """Ask ``process`` through ``pipe``."""
        self._process = process
        self._pipe = pipe

    def ask(self, method: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of what the process keeps, and wait for the answer.

        Raises:
            LostError: it raised, or the process has died or hangs.
        """
        name = self._process.name
        try:
            self._pipe.send((method, args, kwargs))
            if not connection.wait([self._pipe, self._process.sentinel], PATIENCE):
                raise LostError(f"the {name} has not answered for {PATIENCE:.0f} s")
            good, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(2)
            raise LostError(f"the {name} died with status {self._process.exitcode}") from error
        if not good:
            raise LostError(f"the {name} failed: {answer}")
        return answer  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let the process end."""
        self._pipe.close()


def _serve(
    pipe: Connection,
    make: Callable[..., AbstractContextManager[Any]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    with make(*args, **kwargs) as kept:
        while True:
            try:
                method, given, named = pipe.recv()
            except EOFError:
                return
            try:
                answer = (True, method(kept, *given, **named))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                answer = (False, f"{type(error).__name__}: {error}")
            pipe.send(answer)


def _begin(work: Callable[..., None], args: tuple[Any, ...]) -> None:
    # Ctrl-C reaches all processes of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(*args)
