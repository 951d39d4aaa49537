"""Ways to break something on purpose: whoever doubts the demo can see that it notices.

=============  ====================================================================
``money``      a coin is taken out of an account, past the books
``origin``     a byte of the image is changed behind the engine's back
``backup``     a bit of the repository is flipped after the backups
``restored``   a bit of a restored image is flipped before it is compared
``leftover``   a shadow copy is not deleted at the end
=============  ====================================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from os import PathLike

Sabotage: TypeAlias = Literal["money", "origin", "backup", "restored", "leftover"]

SECOND_ACT_ONLY = ("backup", "restored", "leftover")


def flip(path: str | PathLike[str], offset: int) -> None:
    """Flip the lowest bit of one byte of a file."""
    with Path(path).open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))
