"""What is to be run, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from shadowvol._types import Durability
    from shadowvol.demo.backup.messages import BackupActDone
    from shadowvol.demo.live.messages import ReaderDone, WriterDone
    from shadowvol.demo.sabotage import Sabotage


@dataclass(frozen=True)
class Settings:
    """What is to be run."""

    acts: tuple[int, ...] = (1, 2)
    seconds: float = 12
    """How long the writer of the first act runs."""
    readers: int = 2
    pairs: int = 8
    """How many pairs of copies the second act takes in each way."""
    seed: int = 1
    durability: Durability = "coherent"
    directory: Path | None = None
    """Where to make a temporary folder for the files."""
    keep: Path | None = None
    """A folder for the files that is not deleted at the end."""
    sabotage: Sabotage | None = None


@dataclass
class Outcome:
    """What was seen."""

    settings: Settings
    writer: WriterDone | None = None
    readers: list[ReaderDone] = field(default_factory=list)
    backup: BackupActDone | None = None
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Everything that should not have happened, in words."""

    @property
    def ok(self) -> bool:
        """Whether all went as it must."""
        return not self.wrong
