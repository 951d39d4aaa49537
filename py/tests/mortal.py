"""What a process of the demo keeps in a test: a process can import it by its name."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager


class Mortal(AbstractContextManager["Mortal"]):
    """What a process may keep."""

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, one: int, other: int) -> int:
        return one + other

    def refuse(self, why: str) -> None:
        raise ValueError(why)

    def die(self, status: int) -> None:
        os._exit(status)
