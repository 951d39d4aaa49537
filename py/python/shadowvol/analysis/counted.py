"""Readers beside a writer with writes for a clock: the engine is real, time is not.

A medium stands before the origin, and lets a writer in between a read's look-up (R1) and its look
into the journal (R3): so many writes, then the bytes, which are too new where those writes went.
Nothing depends on how fast anything is, so what is counted here is what the model speaks of, and
nothing else; a seed decides all of it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowvol._shadowvol import Memory, Passive, ShadowCopy, Volume

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 4096


@dataclass(frozen=True)
class Counted:
    """What reads of one length met, by the number of writes that came before them."""

    chunks: int
    """Of the volume."""
    request: int
    """Chunks of a read."""
    during: int
    """Writes between a read's two looks."""
    reads: Counter[int] = field(default_factory=Counter)
    """How many reads there were, by the writes before them."""
    redirected: Counter[int] = field(default_factory=Counter)
    """How many of these were redirected."""
    preserved: Counter[int] = field(default_factory=Counter)
    """Chunks in slots before the read, added up over the lives of copies."""
    wrong: Counter[int] = field(default_factory=Counter)
    """How many returned anything but the copy's bytes."""


def count_reads(
    *,
    request: int,
    during: int,
    chunks: int = 1024,
    lives: int = 20,
    span: float = 3,
    seed: int = 1,
) -> Counted:
    """Read a copy at random while each read meets ``during`` random writes, and count.

    A life begins with a copy of a volume of ``chunks`` chunks, and ends when ``span`` times as many
    were written; there are so many lives. All bytes that are read are compared with the copy's.
    """
    if not 1 <= request <= chunks:
        raise ValueError(f"a read takes from 1 to {chunks} chunks, not {request}")
    if during < 1:
        raise ValueError("no write at all redirects no read: during is at least 1")
    counted = Counted(chunks, request, during)
    diff = Memory()
    medium = _Medium(Memory(chunks * _CHUNK))
    with Volume.create_on(medium.memory, diff, durability="coherent") as vol:
        chance = random.Random(seed)  # noqa: S311 - places, not secrets
        writer = _Writer(vol, during, chance)
        for _ in range(lives):
            copy = writer.begin()
            with Passive.open_on(medium, diff) as node:
                seen = node.shadow_copy(copy.id)
                while writer.writes < span * chunks:
                    _count_read(counted, node, seen, medium, writer)
            vol.delete_shadow_copy(copy.id)
    return counted


class _Medium:
    """An origin before which something can happen."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.before: Callable[[], None] | None = None

    def size(self) -> int:
        return self.memory.size()

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        before, self.before = self.before, None
        if before is not None:
            before()
        self.memory.read_at(offset, buffer)


class _Writer:
    """Who overwrites a volume at random; each life of a copy has bytes of its own."""

    def __init__(self, vol: Volume, during: int, chance: random.Random) -> None:
        self.chance = chance
        self.writes = 0
        self._vol = vol
        self._during = during
        self._version = 1
        self._before = 0

    def begin(self) -> ShadowCopy:
        """Fill the volume with what the copy must be, and take it."""
        self._version = self._version % 250 + 1
        for offset in range(0, self._vol.size, _CHUNK):
            self._vol.write(offset, self.truth(1))
        self.writes = 0
        self._before = self._vol.stats().preserved_bytes
        return self._vol.create_shadow_copy()

    def truth(self, chunks: int) -> bytes:
        """So many chunks of the copy."""
        return bytes([self._version]) * (chunks * _CHUNK)

    def write(self) -> None:
        """Overwrite so many chunks, any of them."""
        data = bytes([self._version + 1]) * _CHUNK
        for _ in range(self._during):
            self._vol.write(self.chance.randrange(self._vol.size // _CHUNK) * _CHUNK, data)
        self.writes += self._during

    def preserved(self) -> int:
        """Chunks of the copy that are in slots."""
        return (self._vol.stats().preserved_bytes - self._before) // _CHUNK


def _count_read(
    counted: Counted, node: Passive, seen: ShadowCopy, medium: _Medium, writer: _Writer
) -> None:
    """One read, with the writer within it."""
    already, redirected = writer.writes, node.stats().redirected
    counted.preserved[already] += writer.preserved()
    at = writer.chance.randrange(counted.chunks - counted.request + 1) * _CHUNK
    medium.before = writer.write
    truth = writer.truth(counted.request)
    counted.wrong[already] += seen.read(at, len(truth)) != truth
    if medium.before is not None:
        # All of it came from slots, so that the origin was not asked: the writer goes on, and the
        # node hears of that before the next read.
        medium.before = None
        writer.write()
        node.shadow_copies()
    counted.reads[already] += 1
    counted.redirected[already] += node.stats().redirected - redirected
