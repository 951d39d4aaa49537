"""A shadow copy, or a restored one, that can be written: in memory, without touching it.

A copy that was taken in the middle of a transaction holds a journal to roll back. SQLite does that
by writing the old pages, and those writes land here.
"""

from typing import Protocol

_BLOCK = 4096


class Source(Protocol):
    """Bytes that do not change: a shadow copy, or a file restored from its backup."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, length: int, /) -> bytes:
        """The bytes from ``offset`` on."""
        ...


class Overlay:
    """Bytes that do not change, with blocks of memory on top."""

    def __init__(self, source: Source) -> None:
        """Begin with nothing written."""
        self.size = source.size
        self._source = source
        self._blocks: dict[int, bytearray] = {}
        self.reads = 0
        self.read_bytes = 0

    @property
    def written(self) -> bool:
        """Whether SQLite had something to roll back."""
        return bool(self._blocks)

    def read(self, offset: int, length: int, /) -> bytes:
        """The source's bytes, with what was written put over them."""
        self.reads += 1
        self.read_bytes += length
        data = self._source.read(offset, length)
        if not self._blocks:
            return data
        end = offset + length
        out = bytearray(data)
        for number in range(offset // _BLOCK, -(-end // _BLOCK)):
            block = self._blocks.get(number)
            if block is not None:
                start = number * _BLOCK
                first, last = max(offset, start), min(end, start + len(block))
                out[first - offset : last - offset] = block[first - start : last - start]
        return bytes(out)

    def write(self, offset: int, data: bytes, /) -> int:
        """Keep ``data`` in memory."""
        end = offset + len(data)
        for number in range(offset // _BLOCK, -(-end // _BLOCK)):
            start = number * _BLOCK
            block = self._blocks.get(number)
            if block is None:
                length = min(_BLOCK, self.size - start)
                block = self._blocks[number] = bytearray(self._source.read(start, length))
            first, last = max(offset, start), min(end, start + len(block))
            block[first - start : last - start] = data[first - offset : last - offset]
        return len(data)

    def flush(self) -> None:
        """Nothing is to survive."""
