"""The process that test_kill kills. It says on a pipe what it is about to do, and what it has done.

A line is written in one piece, so the other side knows exactly what was acknowledged: what stands
in the pipe when this process is gone.
"""

import os
import random
import sys

import shadowvol as sv
from sectors import fill


def main(image: str, seed: int, version: int) -> None:
    """Do random things for ever."""
    chance = random.Random(seed)

    def say(*words: object) -> None:
        os.write(1, (" ".join(map(str, words)) + "\n").encode())

    vol = sv.Volume.open(image)
    alive = [copy.id for copy in vol.shadow_copies()]
    say("open", len(alive))
    while True:
        dice = chance.random()
        if dice < 0.80:
            version += 1
            length = chance.choice([512, 4096, 4096, 32_768, 200_704])
            offset = chance.randrange(0, vol.size - length + 1, 512)
            say("write", offset, length, version)
            vol.write(offset, fill(offset, length, version))
            say("done")
        elif dice < 0.90 or not alive:
            say("take")
            alive.append(vol.create_shadow_copy().id)
            say("done", alive[-1])
        elif dice < 0.96 and len(alive) > 3:
            victim = alive.pop(chance.randrange(len(alive)))
            say("delete", victim)
            vol.delete_shadow_copy(victim)
            say("done")
        elif dice < 0.98:
            say("compact")
            vol.compact()
            say("done")
        else:
            say("flush")
            vol.flush()
            say("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
