"""What every participant has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from shadowvol._errors import Finished

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from shadowvol._shadowvol import Draft, Fork

Level = Literal["front-end", "back-end", "system"]


class Veto(Exception):
    """A participant's refusal to take part, with its reason.

    Any other exception is a refusal, too, and one that another try would meet again.
    """

    def __init__(self, reason: str, *, retryable: bool = False) -> None:
        """``retryable`` says whether another try may succeed."""
        super().__init__(reason)
        self.retryable = retryable


@dataclass(frozen=True)
class Deadlines:
    """How many seconds a participant may take over each call.

    They hold even when a call hangs: the set goes on without it, and tells the participant to
    abort from another thread.
    """

    prepare: float = 60
    freeze: float = 20
    frozen: float = 60
    """From being told to freeze to being told to thaw."""
    thaw: float = 20
    post_snapshot: float = 60
    abort: float = 20
    backup_complete: float = 60
    shutdown: float = 20


class _NamedCopy(NamedTuple):
    volume: str
    """The name that the set has for the volume."""
    id: int
    """The number of the copy."""


class SetCopy(_NamedCopy):
    """A shadow copy of a set, which its participants may still change."""

    _draft: Draft | None

    def __new__(cls, volume: str, id: int, draft: Draft | None = None) -> Self:  # noqa: A002
        """The copy number ``id`` of a volume; without ``draft`` it cannot be changed."""
        made = super().__new__(cls, volume, id)
        made._draft = draft
        return made

    def writable(self) -> Fork:
        """The copy, to be read and written to until ``post_snapshot`` returns.

        What was written is in the copy when the set is finished, and is what everybody reads of it
        for ever: a log that was replayed, data that a backup shall not have. All participants
        write to the same bytes. Closing it discards nothing. If nobody asks for it, it costs
        nothing; if one who has asked is left out, the set fails.

        Raises:
            Finished: the set goes on already.
        """
        if self._draft is None:
            raise Finished("this copy was not handed to post_snapshot: it cannot be changed")
        return self._draft.writable()


class Participant:
    """An application that takes part in sets.

    The methods are called in the order in which they stand here. Those of one participant are
    called by one thread, one after the other; but when one does not return in time, ``abort`` is
    called by another thread *beside* it, and again when it returns after all. So ``abort`` must be
    safe at any time, from any thread, more than once. A participant serves one set at a time.
    """

    name: str = ""
    """What its refusals are told with; the class's name if empty."""
    level: Level = "front-end"
    """When it is frozen: what uses others first, what all use last."""
    deadlines: Deadlines = Deadlines()

    def prepare(self) -> None:
        """Get ready: a backup is near. Slow work belongs here."""

    def freeze(self) -> None:
        """Bring the data into a state to start from, and change nothing until ``thaw``."""

    def thaw(self) -> None:
        """Go on. Raise if it was not quiet all the time."""

    def post_snapshot(self, copies: Sequence[SetCopy], /) -> None:
        """Look after the copies, which nobody has seen yet; ``writable`` of one changes it."""

    def abort(self) -> None:
        """It comes to nothing: go on, if frozen, and forget what you were told."""

    def backup_complete(self, *, succeeded: bool) -> None:
        """The requester has read what it wanted; whether the backup is good."""

    def shutdown(self) -> None:
        """Nothing more will come."""
