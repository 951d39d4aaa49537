"""The process that writes while :mod:`shadowvol.analysis.readers` reads: two volumes, one rate.

Its arguments are a folder and a size; it makes both volumes there. Each line that comes in is an
order: the version that fills both volumes first, how many writes a second go to
which of them, and for how long. Before the writing it answers with the number of the shadow copy
that it has taken of the first one, and behind it with what it did; the file ``writes`` then has the
time of each write, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import json
import random
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from shadowvol._shadowvol import Volume

CHUNK = 4096
TIMES = "writes"
"""The file with the times, eight bytes each."""
_PIECE = 1 << 20
_NAP = 0.0002


def main() -> None:
    """Serve until nobody asks any more."""
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    with (
        Volume.create(folder / "read.img", size=size, durability="coherent") as read,
        Volume.create(folder / "other.img", size=size, durability="coherent") as other,
    ):
        _say({"ready": True})
        for line in sys.stdin:
            order = json.loads(line)
            for vol in (read, other):
                _begin(vol, order["version"])
            _say({"copy": read.newest().id})
            data = bytes([order["version"] + 1]) * CHUNK
            vol = other if order["other"] else read
            times = _write(vol, data, order["rate"], order["seconds"])
            (folder / TIMES).write_bytes(times.tobytes())
            _say({"writes": len(times)})


def _begin(vol: Volume, version: int) -> None:
    """Fill a volume and take a copy, the only one."""
    for copy in vol.shadow_copies():
        vol.delete_shadow_copy(copy.id)
    for offset in range(0, vol.size, _PIECE):
        vol.write(offset, bytes([version]) * min(_PIECE, vol.size - offset))
    vol.create_shadow_copy()


def _write(vol: Volume, data: bytes, rate: float, seconds: float) -> array[float]:
    """Write any chunk, and the next one when it is due; returns when each was written."""
    chance = random.Random(1)  # noqa: S311 - places, not secrets
    chunks = vol.size // CHUNK
    clock = time.perf_counter
    times = array("d")
    begun = clock()
    while (now := clock()) < begun + seconds:
        due = (now - begun) * rate
        if len(times) < due:
            vol.write(chance.randrange(chunks) * CHUNK, data)
            times.append(clock())
        elif rate == 0 or (len(times) + 1 - due) / rate > _NAP:
            time.sleep(_NAP)
    return times


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
