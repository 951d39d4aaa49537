"""A range of bytes of a volume."""

from typing import NamedTuple


class Extent(NamedTuple):
    """``length`` bytes of a volume from byte ``offset`` on."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.length
