"""A shadow copy as a file object."""

from __future__ import annotations

import io
import operator
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from shadowvol._shadowvol import ShadowCopy


class ShadowCopyIO(io.RawIOBase):
    """A shadow copy as a raw, seekable, read-only file object.

    It keeps a position, as a file does, and so is for one thread at a time; open as many as you
    like. ``io.BufferedReader``, ``shutil.copyfileobj``, ``hashlib.file_digest`` and parsers that
    take file objects work with it. A read raises :class:`shadowvol.Gone` when the shadow copy was
    deleted meanwhile.
    """

    def __init__(self, shadow_copy: ShadowCopy) -> None:
        """Start at the first byte of ``shadow_copy``."""
        super().__init__()
        self._copy = shadow_copy
        self._size = shadow_copy.size
        self._position = 0

    @property
    def name(self) -> str:
        """What messages call this file."""
        return f"shadow copy {self._copy.id}"

    @property
    def mode(self) -> str:
        """``"rb"``, always."""
        return "rb"

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
                    self._copy.readinto(self._position, part)
        self._position += length
        return length

    def readall(self) -> bytes:
        """Read all bytes that are left, in one request."""
        self._check_open()
        length = max(0, self._size - self._position)
        data = self._copy.read(self._position, length) if length else b""
        self._position += length
        return data

    def write(self, _data: Buffer, /) -> int:
        """Refuse: a shadow copy is a constant."""
        raise io.UnsupportedOperation(f"{self.name} is read only")

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
        return f"<ShadowCopyIO of {self._copy!r}{state}>"

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the file object is closed")
