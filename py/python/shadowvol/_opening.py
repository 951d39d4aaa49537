"""Opening images that others may have open."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from shadowvol._errors import DuplicateVolume, RoleTaken
from shadowvol._shadowvol import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from os import PathLike

_PAUSE = 0.05
"""Seconds between two tries."""


def open_patiently(
    image: str | PathLike[str],
    *,
    wait: float,
    stop: threading.Event | None = None,
    **options: Any,  # noqa: ANN401 - those of Volume.open
) -> Volume:
    """Open an image. If another node has it open, wait for so many seconds, or until ``stop``."""
    until = time.monotonic() + wait
    stop = stop or threading.Event()
    while True:
        try:
            return Volume.open(image, **options)
        except RoleTaken:
            if time.monotonic() >= until or stop.wait(_PAUSE):
                raise


def open_all(
    images: Sequence[str | PathLike[str]],
    into: ExitStack,
    *,
    wait: float,
    stop: threading.Event | None = None,
    **options: Any,  # noqa: ANN401 - those of Volume.open
) -> dict[str, Volume]:
    """Open images for a set, which are its names for them.

    All sets open them in one order, so that no two wait for each other.

    Raises:
        DuplicateVolume: two of them are the same.
        RoleTaken: another node has one of them open, and ``wait`` seconds have passed in all.
    """
    names = [os.fspath(image) for image in images]
    by_path: dict[str, str] = {}
    for name in names:
        path = os.path.realpath(name)
        if path in by_path:
            raise DuplicateVolume(f"volume `{name}` is in the set already; add each once")
        by_path[path] = name
    until = time.monotonic() + wait
    opened: dict[str, Volume] = {}
    for _, name in sorted(by_path.items()):
        left = max(0.0, until - time.monotonic())
        opened[name] = into.enter_context(open_patiently(name, wait=left, stop=stop, **options))
    return {name: opened[name] for name in names}
