"""The digest that stands for all bytes of a volume."""

import hashlib
from pathlib import Path

import shadowvol as sv

_STEP = 1 << 20


def of_volume(volume: sv.Volume) -> bytes:
    """Of a live volume, which nothing may change meanwhile."""
    digest = hashlib.blake2b()
    buffer = bytearray(_STEP)
    with memoryview(buffer) as view:
        for offset in range(0, volume.size, _STEP):
            length = min(_STEP, volume.size - offset)
            volume.readinto(offset, view[:length])
            digest.update(view[:length])
    return digest.digest()


def of_copy(shadow_copy: sv.ShadowCopy) -> bytes:
    """Of a shadow copy."""
    with shadow_copy.open() as file:
        return hashlib.file_digest(file, "blake2b").digest()


def of_file(path: Path) -> bytes:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
