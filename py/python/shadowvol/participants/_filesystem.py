"""A mounted Linux file system as a participant."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from os import PathLike
from pathlib import Path

from shadowvol.participants._base import Level, Participant, Veto


class FileSystem(Participant):
    """Freezes a mounted file system: all is written out, and writers wait.

    The kernel does it (``FIFREEZE``), and would keep it frozen for ever if this process died. So a
    small process of its own does the asking: it thaws when this one dies, and by itself after
    ``limit`` seconds; and when that one dies, this one thaws. It needs the right to administrate
    the system (``CAP_SYS_ADMIN``).

    This process, and whoever serves the file system's device, must not write to it meanwhile.

    Args:
        path: the mount point, or anything in the file system.
        name: what its refusals are told with.
        limit: seconds after which it is thawed whatever happens.
    """

    level: Level = "system"

    def __init__(
        self, path: str | PathLike[str], *, name: str | None = None, limit: float = 60
    ) -> None:
        self._path = Path(path).resolve()
        self._limit = limit
        self._lock = threading.Lock()
        self._guard: subprocess.Popen[str] | None = None
        self.name = name or f"file system {self._path}"

    def prepare(self) -> None:
        """See that the file system can be frozen, and write out most of it."""
        if not sys.platform.startswith("linux"):
            raise Veto("only Linux can freeze a file system for this package")
        mount = self._path
        while not os.path.ismount(mount):
            mount = mount.parent
        if mount == Path("/"):
            raise Veto(
                f"{self._path} is in the root file system: it would freeze this process, too"
            )
        os.sync()

    def freeze(self) -> None:
        """Freeze it."""
        with self._lock:
            if self._guard is not None:
                raise Veto("it is frozen already", retryable=True)
            self._guard = subprocess.Popen(  # noqa: S603 - it is this package's own program
                [
                    sys.executable,
                    "-I",
                    str(Path(__file__).with_name("_guard.py")),
                    str(self._path),
                    str(self._limit),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            guard = self._guard
        said = self._hear(guard)
        if said != "frozen":
            self._end(guard)
            raise Veto(said or "its guard has died", retryable=said == "busy")

    def thaw(self) -> None:
        """Let it go on."""
        guard = self._guard
        if guard is None:
            raise Veto("it was not frozen all the time", retryable=True)
        said = self._end(guard)
        if said != "thawed":
            late = f"it was thawed after {self._limit:g} s, before the set was done with it"
            raise Veto(late if said == "late" else "its guard has died", retryable=True)

    def abort(self) -> None:
        """Let it go on, if it is frozen."""
        guard = self._guard
        if guard is not None:
            self._end(guard)

    def _end(self, guard: subprocess.Popen[str]) -> str:
        with self._lock:
            if self._guard is guard:
                self._guard = None
            if guard.stdin is not None and not guard.stdin.closed:
                guard.stdin.close()
            said = self._hear(guard)
            if guard.wait() < 0:
                self._thaw_alone()
            if guard.stdout is not None:
                guard.stdout.close()
            return said

    def _thaw_alone(self) -> None:
        """Do the work of a guard that was killed; it may not have frozen yet."""
        # Only Unix has these.
        import fcntl  # noqa: PLC0415

        from shadowvol.participants._guard import THAW  # noqa: PLC0415

        with suppress(OSError):
            handle = os.open(self._path, os.O_RDONLY)
            try:
                fcntl.ioctl(handle, THAW, 0)
            finally:
                os.close(handle)

    @staticmethod
    def _hear(guard: subprocess.Popen[str]) -> str:
        if guard.stdout is None or guard.stdout.closed:
            return ""
        return guard.stdout.readline().strip()
