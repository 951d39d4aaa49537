"""A participant of one's own: it notes what the volumes are at the instant."""

from collections.abc import Callable, Mapping

import shadowvol as sv
from shadowvol.demo import digest
from shadowvol.participants import Level, Participant


class Notary(Participant):
    """Reads the live volumes while the others are frozen, so nothing changes what it reads.

    What it notes is independent of shadow copies: whatever comes back from a backup of the copies
    has to have these digests.
    """

    name = "notary"
    level: Level = "system"
    """Frozen last, when all others are quiet."""

    def __init__(
        self, volumes: Mapping[str, sv.Volume], tamper: Callable[[], object] | None = None
    ) -> None:
        """Look at these; ``tamper`` spoils them afterwards."""
        self.digests: dict[str, bytes] = {}
        self._volumes = volumes
        self._tamper = tamper

    def freeze(self) -> None:
        """Note the digests."""
        self.digests = {name: digest.of_volume(volume) for name, volume in self._volumes.items()}
        if self._tamper is not None:
            self._tamper()
