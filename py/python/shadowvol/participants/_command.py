"""Any command as a participant."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from shadowvol.participants._base import Deadlines, Level, Participant, Veto

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAIL = 500


class Command(Participant):
    """Runs a command before the instant, and another one after it.

    A command that ends with another status than 0 is a refusal, and what it wrote last is the
    reason. One that takes too long is killed, with all that it has started; but what it leaves
    running when it ends in time is left alone, such as a session that holds a lock until the second
    one ends it. The second one is run whenever the first one was begun, once or more: it must do no
    harm when there is nothing to do. Both find in ``SHADOWVOL_PHASE`` what they are run for:
    ``freeze``, ``thaw`` or ``abort``.

    Args:
        pre: the command before the instant: a list of words, or a line for the shell.
        post: the command after it.
        name: what its refusals are told with.
        timeout: seconds for each.
        env: more environment for both.
    """

    def __init__(
        self,
        pre: str | Sequence[str] | None = None,
        post: str | Sequence[str] | None = None,
        *,
        name: str | None = None,
        timeout: float = 20,
        level: Level = "front-end",
        env: Mapping[str, str] | None = None,
    ) -> None:
        first = pre if pre is not None else post
        if first is None:
            raise ValueError("give a command to run before the instant, or one after it")
        self.name = name or (first if isinstance(first, str) else first[0])
        self.level = level
        # The command is killed first, and its end is waited for.
        late = timeout + 5
        self.deadlines = Deadlines(freeze=late, frozen=late + 60, thaw=late, abort=late)
        self._commands = {"freeze": pre, "thaw": post, "abort": post}
        self._env = dict(env or {})
        self._timeout = timeout
        self._begun = threading.Event()

    def freeze(self) -> None:
        """Run the command before the instant."""
        self._begun.set()
        self._run("freeze")

    def thaw(self) -> None:
        """Run the command after it."""
        self._run("thaw")
        self._begun.clear()

    def abort(self) -> None:
        """Run the command after it, if the first one was begun."""
        if self._begun.is_set():
            self._run("abort")
            self._begun.clear()

    def _run(self, phase: str) -> None:
        command = self._commands[phase]
        if command is None:
            return
        # Not a pipe: its end would come only when all that the command has started have ended.
        with TemporaryFile() as output:
            process = subprocess.Popen(  # noqa: S603 - it is the user's own command
                command,
                shell=isinstance(command, str),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | self._env | {"SHADOWVOL_PHASE": phase},
            )
            try:
                status = process.wait(self._timeout)
            except subprocess.TimeoutExpired as error:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                process.wait()
                said = f"killed after {self._timeout:g} s: {_last(output)}"
                raise Veto(said, retryable=True) from error
            if status != 0:
                raise Veto(f"exit status {status}: {_last(output)}")


def _last(output: BinaryIO) -> str:
    """What it wrote last."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - 4 * _TAIL))
    return output.read().decode(errors="replace").strip()[-_TAIL:] or "it said nothing"
