"""SQLite's view of a layout: a virtual file system through APSW.

It keeps no locks, since each layout is used by one connection: the writer's in the active node, and
a reader's own, over a shadow copy, which nobody else can change. There is no shared memory, so the
database stays in a rollback-journal mode.
"""

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import apsw

from shadowvol.demo.layout import File, Layout, NoRoomError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATABASE = "/bank"
_JOURNAL = "/bank-journal"
_names = count(1)


@contextmanager
def connected(layout: Layout) -> "Iterator[apsw.Connection]":
    """A connection to the database in ``layout``; it is closed at the end."""
    vfs = LayoutVFS(f"shadowvol-demo-{next(_names)}", layout)
    connection = apsw.Connection(_DATABASE, vfs=vfs.name)
    try:
        # What would otherwise be files of their own is kept in memory.
        connection.pragma("temp_store", "memory")
        connection.pragma("locking_mode", "exclusive")
        yield connection
    finally:
        connection.close()
        vfs.unregister()


class LayoutVFS(apsw.VFS):
    """A file system with two files."""

    def __init__(self, name: str, layout: Layout) -> None:
        """Register it with SQLite; what is not about files is left to the system's own."""
        super().__init__(name, base="")
        self.name = name
        self._layout = layout

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        """Names are full as they are."""
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002, N802 - SQLite's name
        """Whether the file exists."""
        file = self._file(pathname)
        return file is not None and file.exists

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: ARG002, N802 - SQLite's name
        """Delete it."""
        file = self._file(filename)
        if file is not None:
            file.delete()

    def xOpen(  # noqa: N802 - SQLite's name
        self,
        name: str | apsw.URIFilename | None,
        flags: list[int],
    ) -> "LayoutFile":
        """Open one of the two."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        file = self._file(path)
        if file is None:
            raise apsw.CantOpenError(f"the layout has no file {path!r}")
        if flags[0] & apsw.SQLITE_OPEN_CREATE:
            file.create()
        flags[1] = flags[0]
        return LayoutFile(file)

    def _file(self, path: str | None) -> File | None:
        """The file of this name; SQLite also asks for a write-ahead log, which is never there."""
        return {_DATABASE: self._layout.database, _JOURNAL: self._layout.journal}.get(path or "")


class LayoutFile(apsw.VFSFile):
    """An open file; all that SQLite calls is here, so there is no other file below it."""

    def __init__(self, file: File) -> None:
        """Stand for ``file``."""
        self._file = file

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
        """Nobody else is there."""

    def xUnlock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Nobody else is there."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        """Nobody else is there, so a journal that is found is one to roll back."""
        return False

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
