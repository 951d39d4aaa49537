"""The process that writes while :mod:`shadowvol.analysis.readers` reads: two volumes, one rate.

Its arguments are a folder and a size; it makes both volumes there. Each line that comes in is an
order: the version that fills both volumes first, how many writes a second go to which of them, and
for how long. Before the writing it answers with the number of the shadow copy that it has taken of
the first one, and behind it with the number of writes; the file ``writes`` then has the time of
each, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from shadowvol._shadowvol import Volume

if TYPE_CHECKING:
    from typing import IO

    from numpy.typing import NDArray

CHUNK = 4096
_TIMES = "writes"
_PIECE = 1 << 20
_NAP = 0.0002
# As a module it would be there twice: the package imports it, too.
_CODE = "from shadowvol.analysis.writer import main; main()"


class LostWriterError(Exception):
    """The process that should write does not answer."""


class WriterProcess:
    """The process that writes; it ends with the block."""

    def __init__(self, place: Path, size: int) -> None:
        """Start it: it makes its volumes in a folder."""
        self._place = place
        self._process = subprocess.Popen(  # noqa: S603 - a module of this package
            [sys.executable, "-c", _CODE, str(place), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stdin = cast("IO[str]", self._process.stdin)
        self._stdout = cast("IO[str]", self._process.stdout)

    def __enter__(self) -> Self:
        """Wait for the volumes."""
        self._hear()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        # It has nothing that anybody needs.
        self._process.kill()
        self._process.communicate()

    def begin(self, rate: float, seconds: float, version: int, *, other: bool) -> int:
        """Let it begin; returns the number of the copy to read."""
        order = {"rate": rate, "seconds": seconds, "version": version, "other": other}
        self._stdin.write(json.dumps(order) + "\n")
        self._stdin.flush()
        number: int = self._hear()["copy"]
        return number

    def end(self) -> NDArray[np.float64]:
        """Wait for its end; returns when each write was done."""
        self._hear()
        return np.frombuffer((self._place / _TIMES).read_bytes())

    def _hear(self) -> dict[str, Any]:
        line = self._stdout.readline()
        if not line:
            status = self._process.wait()
            raise LostWriterError(f"the writer ended with status {status}: see what it has printed")
        answer: dict[str, Any] = json.loads(line)
        return answer


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
            (folder / _TIMES).write_bytes(times.tobytes())
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
