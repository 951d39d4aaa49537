"""Self-describing sectors: 512 bytes that say where they belong and when they were written.

When a wrong sector turns up somewhere, it tells what it is: the bytes of another place, of another
time, or a mixture.
"""

import struct
import zlib

SECTOR = 512

_HEAD = struct.Struct("<8sQQQ")
_MAGIC = b"svsector"
_BODY = SECTOR - _HEAD.size - 4


def fill(offset: int, length: int, version: int, writer: int = 0) -> bytes:
    """``length`` bytes of sectors, as ``writer`` writes them to ``offset`` for the n-th time."""
    if offset % SECTOR or length % SECTOR:
        raise ValueError("sectors are written whole")
    return b"".join(
        _sector(address, version, writer)
        for address in range(offset // SECTOR, (offset + length) // SECTOR)
    )


def describe(data: bytes) -> str:
    """What a sector says about itself."""
    if not any(data):
        return "zeros"
    magic, address, version, writer = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        return "no sector"
    whole = data == _sector(address, version, writer)
    return f"sector {address} version {version} of writer {writer}{'' if whole else ', torn'}"


def difference(found: bytes, expected: bytes, offset: int = 0) -> str:
    """The first difference in words; empty if there is none."""
    if found == expected:
        return ""
    if len(found) != len(expected):
        return f"{len(found)} bytes instead of {len(expected)}"
    for start in range(0, len(expected), SECTOR):
        ours, theirs = found[start : start + SECTOR], expected[start : start + SECTOR]
        if ours != theirs:
            return f"at byte {offset + start}: {describe(ours)} instead of {describe(theirs)}"
    raise AssertionError("unequal, yet no difference")


def _sector(address: int, version: int, writer: int) -> bytes:
    head = _HEAD.pack(_MAGIC, address, version, writer)
    seed = (address * 2654435761 + version * 40503 + writer) & 0xFFFFFFFF
    body = (struct.pack("<I", seed) * (_BODY // 4 + 1))[:_BODY]
    return head + body + struct.pack("<I", zlib.crc32(head + body))
