"""Shadow copies and forks as file objects."""

from __future__ import annotations

import errno
import io
import operator
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from shadowvol._shadowvol import Fork, ShadowCopy


class Source(Protocol):
    """What can be read at any place."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def read(self, offset: int, length: int, /) -> bytes:
        """The bytes from ``offset`` on."""

    def readinto(self, offset: int, buffer: Buffer, /) -> int:
        """Fill ``buffer`` with the bytes from ``offset`` on."""


class RawIO(io.RawIOBase):
    """A position in something that can be read at any place."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._size = source.size
        self._position = 0

    def readable(self) -> bool:
        """Whether the file is open, in a file object's words."""
        self._check_open()
        return True

    def seekable(self) -> bool:
        """Whether the file is open, in a file object's words."""
        self._check_open()
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read into ``buffer`` as many bytes as fit or are left; 0 at the end."""
        self._check_open()
        with memoryview(buffer) as whole, whole.cast("B") as view:
            length = min(len(view), max(0, self._size - self._position))
            if length:
                with view[:length] as part:
                    self._source.readinto(self._position, part)
        self._position += length
        return length

    def readall(self) -> bytes:
        """Read all bytes that are left, in one request."""
        self._check_open()
        length = max(0, self._size - self._position)
        data = self._source.read(self._position, length) if length else b""
        self._position += length
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to ``offset``, counted from the start, from here, or from the end."""
        self._check_open()
        offset = operator.index(offset)
        match whence:
            case os.SEEK_SET:
                position = offset
            case os.SEEK_CUR:
                position = self._position + offset
            case os.SEEK_END:
                position = self._size + offset
            case _:
                raise ValueError(f"whence is {whence}: use os.SEEK_SET, SEEK_CUR or SEEK_END")
        if position < 0:
            raise ValueError(f"position {position} lies before the first byte")
        self._position = position
        return position

    def tell(self) -> int:
        """The position."""
        self._check_open()
        return self._position

    def __repr__(self) -> str:
        state = " closed" if self.closed else ""
        return f"<{type(self).__name__} of {self._source!r}{state}>"

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the file object is closed")


class ShadowCopyIO(RawIO):
    """A shadow copy as a raw, seekable, read-only file object.

    It keeps a position, as a file does, and so is for one thread at a time; open as many as you
    like. ``io.BufferedReader``, ``shutil.copyfileobj``, ``hashlib.file_digest`` and parsers that
    take file objects work with it. A read raises :class:`shadowvol.Gone` when the shadow copy was
    deleted meanwhile.
    """

    def __init__(self, shadow_copy: ShadowCopy) -> None:
        """Start at the first byte of ``shadow_copy``."""
        super().__init__(shadow_copy)
        self._id = shadow_copy.id

    @property
    def name(self) -> str:
        """What messages call this file."""
        return f"shadow copy {self._id}"

    @property
    def mode(self) -> str:
        """``"rb"``, always."""
        return "rb"

    def write(self, _data: Buffer, /) -> int:
        """Refuse: a shadow copy is a constant."""
        raise io.UnsupportedOperation(f"{self.name} is read only; write to a fork of it")


class ForkIO(RawIO):
    """A fork as a raw, seekable file object to read and write; its size never changes.

    It keeps a position, and so is for one thread at a time; open as many as you like.
    ``io.BufferedRandom`` works with it. Closing it leaves the fork as it is.
    """

    def __init__(self, fork: Fork) -> None:
        """Start at the first byte of ``fork``."""
        super().__init__(fork)
        self._fork = fork

    @property
    def name(self) -> str:
        """What messages call this file."""
        return f"fork of shadow copy {self._fork.id}"

    @property
    def mode(self) -> str:
        """``"rb+"``, always."""
        return "rb+"

    def writable(self) -> bool:
        """Whether the file is open, in a file object's words."""
        self._check_open()
        return True

    def write(self, data: Buffer, /) -> int:
        """Write as many of these bytes as fit before the end; returns their number."""
        self._check_open()
        with memoryview(data) as whole, whole.cast("B") as view:
            length = min(len(view), max(0, self._size - self._position))
            if length < len(view) and length == 0:
                raise OSError(errno.ENOSPC, f"{self.name} ends at byte {self._size}")
            with view[:length] as part:
                self._fork.write(self._position, part)
        self._position += length
        return length

    def truncate(self, _size: int | None = None, /) -> int:
        """Refuse: a volume keeps its size."""
        raise io.UnsupportedOperation(f"{self.name} keeps its size")
