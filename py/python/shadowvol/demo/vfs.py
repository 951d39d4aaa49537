"""SQLite's view of layouts: a virtual file system through APSW.

It has one database for each layout: the first one is what its connections call ``main``, the others
are attached by their names. There is no shared memory, so the databases stay in a
rollback-journal mode.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import apsw

from shadowvol.demo.layout import File, Layout, NoRoomError
from shadowvol.demo.locks import Locks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_JOURNAL = "-journal"
_SUPER_JOURNAL = "-mj"
_PAUSE = 0.0002
_names = count(1)


@contextmanager
def connected(layouts: Mapping[str, Layout]) -> Iterator[apsw.Connection]:
    """The only connection to the databases in ``layouts``; it is closed at the end."""
    with mounted(layouts) as vfs:
        connection = vfs.connect()
        try:
            connection.pragma("locking_mode", "exclusive")
            yield connection
        finally:
            connection.close()


@contextmanager
def mounted(layouts: Mapping[str, Layout]) -> Iterator[LayoutVFS]:
    """A file system with ``layouts``; all its connections must be closed before the end."""
    vfs = LayoutVFS(f"shadowvol-demo-{next(_names)}", layouts)
    try:
        yield vfs
    finally:
        vfs.unregister()


class LayoutVFS(apsw.VFS):
    """A file system with the files of some layouts."""

    def __init__(self, name: str, layouts: Mapping[str, Layout]) -> None:
        """Register it with SQLite; what is not about files is left to the system's own."""
        super().__init__(name, base="")
        self.name = name
        self._layouts = dict(layouts)
        self._locks = {layout_name: Locks() for layout_name in layouts}

    def connect(self) -> apsw.Connection:
        """A connection that sees all databases. Who finds one locked tries again and again."""
        first, *others = self._layouts
        connection = apsw.Connection(f"/{first}", vfs=self.name)
        for name in others:
            connection.execute(f"ATTACH '/{name}' AS {name}")
        # What would otherwise be files of their own is kept in memory.
        connection.pragma("temp_store", "memory")
        connection.set_busy_handler(_wait)
        return connection

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        """Names are full as they are."""
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002, N802 - SQLite's name
        """Whether the file exists."""
        file = self._file(pathname)
        return file is not None and file.exists and _is_called(file, pathname)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: ARG002, N802 - SQLite's name
        """Delete it."""
        file = self._file(filename)
        if file is not None:
            file.delete()

    def xOpen(  # noqa: N802 - SQLite's name
        self,
        name: str | apsw.URIFilename | None,
        flags: list[int],
    ) -> LayoutFile:
        """Open one of the files."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        file = self._file(path)
        if path is None or file is None:
            raise apsw.CantOpenError(f"the layouts have no file {path!r}")
        if flags[0] & apsw.SQLITE_OPEN_CREATE:
            file.create(path if flags[0] & apsw.SQLITE_OPEN_SUPER_JOURNAL else "")
        flags[1] = flags[0]
        return LayoutFile(file, self._locks.get(path.removeprefix("/"), Locks()))

    def _file(self, path: str | None) -> File | None:
        """The file of this name; SQLite also asks for a write-ahead log, which is never there."""
        stem, dash, ending = (path or "").removeprefix("/").partition("-")
        layout = self._layouts.get(stem)
        if layout is None:
            return None
        if not dash:
            return layout.database
        if dash + ending == _JOURNAL:
            return layout.journal
        return layout.super_journal if (dash + ending).startswith(_SUPER_JOURNAL) else None


class LayoutFile(apsw.VFSFile):
    """An open file; all that SQLite calls is here, so there is no other file below it."""

    def __init__(self, file: File, locks: Locks) -> None:
        """Stand for ``file``, whose locks are ``locks``."""
        self._file = file
        self._locks = locks

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Up to ``amount`` bytes; SQLite fills the rest with zeros."""
        return self._file.read(offset, amount)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write all of ``data``."""
        try:
            self._file.write(offset, data)
        except NoRoomError as error:
            raise apsw.FullError(str(error)) from error

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Cut it."""
        self._file.truncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802 - SQLite's name
        """Make it durable."""
        self._file.store.flush()

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        """Its length."""
        return self._file.length

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Raise this connection's lock."""
        if not self._locks.take(self, level):
            raise apsw.BusyError("another connection has the database")

    def xUnlock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Lower it."""
        self._locks.drop(self, level)

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        """Whether someone writes; a journal that is found without a writer is one to roll back."""
        return self._locks.reserved()

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: ARG002, N802 - SQLite's name
        """Nothing special is offered."""
        return False

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        """What is written at once is whole pages."""
        return 4096

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        """Nothing is promised beyond what every file does."""
        return 0

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        """The layout stays."""


def _is_called(file: File, path: str) -> bool:
    """Only the super-journal has a name of its own: one that is left over is not the next one."""
    return not file.name or file.name == path


def _wait(attempts: int) -> bool:  # noqa: ARG001 - SQLite tells it
    """Try again soon; SQLite's own way sleeps for up to a tenth of a second."""
    time.sleep(_PAUSE)
    return True
