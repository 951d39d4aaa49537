"""Works in a folder until it is killed: makes, changes, reserves, renames and removes files."""

import os
import random
import shutil
import sys
from itertools import count
from pathlib import Path


def main() -> None:
    place, draw = Path(sys.argv[1]), random.Random(7)
    for day in count():
        folder = place / f"day {day % 9}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for nth in range(draw.randrange(60)):
            path = folder / f"a file with a name that fills blocks, {nth} of {day}"
            path.write_bytes(bytes([day % 256]) * draw.randrange(9000))
        with (folder / "reserved").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 200_000)
            file.seek(draw.randrange(150_000))
            file.write(b"written" * draw.randrange(1000))
            os.fsync(file.fileno())
        (folder / "reserved").rename(place / f"kept {draw.randrange(5)}")
        (place / "last").unlink(missing_ok=True)
        (place / "last").symlink_to(folder)
        # A transaction of its own: it is committed, and what comes now is not.
        handle = os.open(place, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
        if day == 0:
            print("begun", flush=True)


main()
