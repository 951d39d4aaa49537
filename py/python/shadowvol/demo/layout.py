"""Three files at fixed places of a volume: enough of a file system for one SQLite database.

SQLite in its rollback-journal mode needs a database file and a journal file beside it. Where one
transaction changes several databases, the first one also has a *super-journal* for a moment: a list
of the journals, whose deletion commits all of them at once::

    byte 0                      volume.size // 2                          volume.size
    +--------+------------------+--------+------------------+--------+----------------+
    | header | database         | header | journal          | header | super-journal  |
    +--------+------------------+--------+------------------+--------+----------------+
      4096 B                      4096 B                      4096 B   4096 B

A header holds the file's length, whether it exists, and the super-journal's name, which is another
one each time. The file's own bytes follow it. A header is written after the bytes that it counts,
so a copy of the volume at any instant holds what the files of a killed process hold: SQLite's own
recovery deals with that.

The journal is never larger than the database and the few bytes it adds to a page, and a database
that outgrows its half is refused as a full disk.
"""

import struct
from typing import Protocol

_HEADER = struct.Struct("<4sIQ64s")
_MAGIC = b"file"
_HEADER_SPACE = 4096
_SUPER_SPACE = _HEADER_SPACE + 4096


class Store(Protocol):
    """Bytes that files can be laid out on: a volume, or a shadow copy with an overlay."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, length: int, /) -> bytes:
        """The bytes from ``offset`` on."""
        ...

    def write(self, offset: int, data: bytes, /) -> int:
        """Put ``data`` at ``offset``."""
        ...

    def flush(self) -> None:
        """Make what was written durable."""
        ...


class NoRoomError(Exception):
    """The file has outgrown its place."""


class File:
    """One of the files."""

    def __init__(self, store: Store, base: int, space: int) -> None:
        """Find it in the ``space`` bytes of ``store`` from ``base`` on."""
        self.store = store
        self._base = base
        self._data = base + _HEADER_SPACE
        self._room = space - _HEADER_SPACE
        magic, exists, length, name = _HEADER.unpack(store.read(base, _HEADER.size))
        self.exists: bool = magic == _MAGIC and exists == 1
        self.length: int = length if self.exists else 0
        self.name: str = name.rstrip(b"\0").decode() if self.exists else ""

    def create(self, name: str = "") -> None:
        """Make it exist, empty, unless it does under this name."""
        if not self.exists or self.name != name:
            self._set(exists=True, length=0, name=name)

    def delete(self) -> None:
        """Make it exist no more."""
        self._set(exists=False, length=0, name="")

    def read(self, offset: int, amount: int) -> bytes:
        """Up to ``amount`` bytes; fewer at the file's end."""
        amount = max(0, min(amount, self.length - offset))
        return self.store.read(self._data + offset, amount) if amount else b""

    def write(self, offset: int, data: bytes) -> None:
        """Put ``data`` at ``offset``, and make the file longer if need be."""
        end = offset + len(data)
        if end > self._room:
            raise NoRoomError(f"{end} bytes do not fit into {self._room}")
        self.store.write(self._data + offset, data)
        if end > self.length:
            self._set(exists=True, length=end, name=self.name)

    def truncate(self, length: int) -> None:
        """Cut it to ``length`` bytes."""
        self._set(exists=True, length=length, name=self.name)

    def _set(self, *, exists: bool, length: int, name: str) -> None:
        self.store.write(self._base, _HEADER.pack(_MAGIC, exists, length, name.encode()))
        self.exists = exists
        self.length = length
        self.name = name


class Layout:
    """The files of a store."""

    def __init__(self, store: Store) -> None:
        """Find them, or the places where they will be."""
        half = store.size // 2
        last = store.size - _SUPER_SPACE
        self.database = File(store, 0, half)
        self.journal = File(store, half, last - half)
        self.super_journal = File(store, last, _SUPER_SPACE)
