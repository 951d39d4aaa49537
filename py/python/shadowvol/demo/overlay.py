"""A shadow copy that can be written: in memory, for one reader, without touching the copy.

A copy that was taken in the middle of a transaction holds a journal to roll back. SQLite does that
by writing the old pages, and those writes land here.
"""

import shadowvol as sv

_BLOCK = 4096


class Overlay:
    """A shadow copy with blocks of memory on top."""

    def __init__(self, shadow_copy: sv.ShadowCopy) -> None:
        """Begin with nothing written."""
        self.size = shadow_copy.size
        self._copy = shadow_copy
        self._blocks: dict[int, bytearray] = {}
        self.reads = 0
        self.read_bytes = 0

    @property
    def written(self) -> bool:
        """Whether SQLite had something to roll back."""
        return bool(self._blocks)

    def read(self, offset: int, length: int, /) -> bytes:
        """The copy's bytes, with what was written put over them."""
        self.reads += 1
        self.read_bytes += length
        data = self._copy.read(offset, length)
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
                block = self._blocks[number] = bytearray(self._copy.read(start, length))
            first, last = max(offset, start), min(end, start + len(block))
            block[first - start : last - start] = data[first - offset : last - offset]
        return len(data)

    def flush(self) -> None:
        """Nothing is to survive."""
