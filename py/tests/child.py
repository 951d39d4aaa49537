"""The part of the tests that runs in other processes; it is spawned, and shares only files."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import shadowvol as sv
from sectors import difference

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event
    from pathlib import Path


def serve_reads(pipe: Connection) -> None:
    """Answer requests to read a shadow copy; the node stays open as long as the image is the same.

    A request is an image, a copy's number, an offset and a length; an answer is bytes, or the
    number of a copy that is gone. ``None`` ends it.
    """
    node: sv.Passive | None = None
    opened = ""
    while (request := pipe.recv()) is not None:
        image, copy_id, offset, length = request
        if node is None or opened != image:
            if node is not None:
                node.close()
            node, opened = sv.Passive.open(image), image
        try:
            answer: bytes | int | str = node.shadow_copy(copy_id).read(offset, length)
        except sv.Gone as error:
            answer = error.copy or 0
        except sv.Error as error:
            answer = f"{type(error).__name__}: {error}"
        pipe.send(answer)
    if node is not None:
        node.close()


def watch(image: Path, truths: Path, seed: int, stop: Event, out: Connection) -> None:
    """Read random parts of random copies, and compare them with what the writer noted beside.

    ``truths`` holds a file for each copy, put there after the copy was taken. Sends the number of
    comparisons, the number of copies that went away meanwhile, the statistics' redirected reads,
    and what was wrong.
    """
    chance = random.Random(seed)
    compared = gone = 0
    wrong: list[str] = []
    with sv.Passive.open(image) as node:
        while not stop.is_set() and not wrong:
            noted = sorted(int(path.name) for path in truths.iterdir() if path.name.isdigit())
            if not noted:
                continue
            copy_id = chance.choice(noted)
            length = chance.choice([1, 512, 4096, 50_000, node.size])
            offset = chance.randrange(node.size - length + 1)
            try:
                found = node.shadow_copy(copy_id).read(offset, length)
            except sv.Gone:
                gone += 1
                continue
            except sv.Error as error:
                wrong.append(f"copy {copy_id}: {type(error).__name__}: {error}")
                break
            try:
                with (truths / str(copy_id)).open("rb") as file:
                    file.seek(offset)
                    expected = file.read(length)
            except FileNotFoundError:
                continue  # deleted between the reading and the comparing
            compared += 1
            if found != expected:
                # Sectors describe themselves when the comparison begins at one.
                start = -offset % 512
                found, expected = found[start:], expected[start:]
                wrong.append(f"copy {copy_id}: {difference(found, expected, offset + start)}")
        redirected = node.stats().redirected
    out.send((compared, gone, redirected, wrong))
