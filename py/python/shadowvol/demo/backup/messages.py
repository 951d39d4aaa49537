"""What the processes of the second act tell each other: numbers, digests and sums; never data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from shadowvol._types import BackupKind

BRANCHES = ("savings", "checking")
"""The two databases, each on a volume of its own."""

Way: TypeAlias = Literal["apart", "set", "application"]
"""One copy after the other; a set; a set in which SQLite takes part."""


@dataclass(frozen=True)
class Pair:
    """From the office: a shadow copy of each volume exists."""

    way: Way
    ids: dict[str, int]
    waited: float
    """The longest that a transfer took while the copies were taken, in seconds."""
    set_id: str | None = None
    consistency: str | None = None
    took_part: tuple[str, ...] = ()
    digests: dict[str, bytes] = field(default_factory=dict)
    """Of the volumes at the instant, if a notary took part."""


@dataclass(frozen=True)
class Audited:
    """From the clerk: what the databases of a pair, or of restored images, came to."""

    wrong: tuple[str, ...]
    rolled_back: bool
    """Whether SQLite had a half-done transaction to roll back."""


@dataclass(frozen=True)
class BackedUp:
    """From the clerk: a pair is in the repository."""

    kind: BackupKind
    backups: dict[str, str]
    needed: dict[str, int | None]
    """The shadow copies that the next incremental backup needs."""
    read: int
    new: int
    stored: int
    seconds: float
    full_because: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """From the clerk: every byte of the repository was read."""

    backups: int
    chunks: int
    bytes: int
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """From the clerk: a pair of backups is in files again, and was looked at."""

    bytes: int
    seconds: float
    identical: int
    """Images whose bytes are those of the volume at the instant."""
    audited: Audited
    different: tuple[str, ...]
    """The other ones."""


@dataclass(frozen=True)
class OfficeDone:
    """From the office: what it did."""

    transfers: int
    median: float
    """Seconds that half of the transfers took at most."""
    wrong: tuple[str, ...]
    """What its own audit of the databases found at the end."""


@dataclass
class Comparison:
    """What a way of taking pairs came to."""

    way: Way
    pairs: int = 0
    right: int = 0
    """Pairs whose databases are whole, and whose sum is right."""
    rolled_back: int = 0
    waits: list[float] = field(default_factory=list)

    def add(self, pair: Pair, audited: Audited) -> None:
        """Count a pair."""
        self.pairs += 1
        self.right += not audited.wrong
        self.rolled_back += audited.rolled_back
        self.waits.append(pair.waited)


@dataclass
class BackupActDone:
    """What was seen in the second act."""

    comparisons: list[Comparison] = field(default_factory=list)
    nights: list[BackedUp] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)
    office: OfficeDone | None = None
    verified: Verified | None = None
    left_behind: list[str] | None = None
    """What is left behind at the end; None if it did not come to that."""
