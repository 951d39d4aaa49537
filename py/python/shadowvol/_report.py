"""What a shadow copy set came to, and who took part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Failure:
    """Why there is no set."""

    phase: str
    """Where it was."""
    author: Literal["participant", "volume", "requester", "set"]
    """On whose account."""
    name: str | None
    """The name of the participant or volume."""
    reason: str
    """Why, in the author's own words."""
    retryable: bool
    """Whether another try may succeed."""


@dataclass(frozen=True)
class Part:
    """What is known of a participant."""

    name: str
    required: bool
    left_out: str | None
    """Why it did not take part; None if it did."""
    maybe_frozen: bool
    """Whether it may still be frozen: it was told to go on, and has not answered."""
    complaint: str | None
    """What it said against the end of the backup."""


@dataclass(frozen=True)
class Report:
    """What a set came to, and who took part."""

    outcome: Literal["application-consistent", "crash-consistent", "failed"] | None
    """None as long as it has not come to anything."""
    failure: Failure | None
    """Why it failed, if it did."""
    participants: tuple[Part, ...]
    recovered: tuple[str, ...]
    """Volumes whose copies participants have changed after the instant."""
    left_behind: tuple[str, ...]
    """Volumes that may still have a copy of a failed set. Nobody sees it, and ``gc`` deletes it."""

    @property
    def took_part(self) -> list[str]:
        """The names of the participants that were at rest at the instant."""
        return [part.name for part in self.participants if part.left_out is None]
