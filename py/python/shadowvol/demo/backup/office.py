"""The active process: a bank on two volumes, its teller, and shadow copies of both."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import shadowvol as sv
from shadowvol.demo import bank, vfs
from shadowvol.demo.backup.messages import BRANCHES, OfficeDone, Pair, Way
from shadowvol.demo.backup.notary import Notary
from shadowvol.demo.backup.teller import TellerThread
from shadowvol.demo.layout import Layout
from shadowvol.demo.sabotage import flip
from shadowvol.participants import SQLite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from shadowvol._types import Durability
    from shadowvol.demo.sabotage import Sabotage
    from shadowvol.participants import Participant

VOLUME_SIZE = 32 << 20

APART = 0.05
"""Seconds between two copies that are no set: less than two commands need."""

UNUSED = VOLUME_SIZE // 2 - 1
"""A byte that no file uses: the last one of the database's half."""


class Office:
    """The bank. Its teller works in a thread of its own, all the time."""

    def __init__(
        self, folder: Path, seed: int, durability: Durability, sabotage: Sabotage | None
    ) -> None:
        """Have the volumes in ``folder``."""
        self._images = {name: folder / f"{name}.img" for name in BRANCHES}
        self._seed = seed
        self._durability: Durability = durability
        self._sabotage = sabotage
        self._sets: dict[str, sv.BackupSet] = {}
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._volumes = {
                name: stack.enter_context(
                    sv.Volume.create(image, size=VOLUME_SIZE, durability=self._durability)
                )
                for name, image in self._images.items()
            }
            layouts = {name: Layout(volume) for name, volume in self._volumes.items()}
            databases = stack.enter_context(vfs.mounted(layouts))
            self._connection = databases.connect()
            stack.callback(self._connection.close)
            bank.found(self._connection)
            bank.file_papers(self._connection, self._seed)
            # For the participant: SQLite's own locks keep it and the teller apart.
            self._second = databases.connect()
            stack.callback(self._second.close)
            teller = bank.Teller(self._connection, self._seed)
            if self._sabotage == "money":
                teller.embezzle()
            self._teller = TellerThread(teller)
            stack.callback(self._teller.stop)
            self._opened = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()

    def take(self, way: Way) -> Pair:
        """Take a shadow copy of each volume, while the teller goes on."""
        begun = time.monotonic()
        if way == "apart":
            ids = {}
            for name, volume in self._volumes.items():
                ids[name] = volume.create_shadow_copy().id
                time.sleep(APART)
            return Pair(way, ids, self._waited(begun))
        backup_set, copies = self._take([self._sqlite()] if way == "application" else [])
        waited = self._waited(begun)
        backup_set.complete()
        return _pair(way, copies, waited)

    def take_for_backup(self) -> Pair:
        """Take a set in which SQLite and a notary take part; ``complete`` is for its end."""
        notary = Notary(self._volumes, self._tamper if self._sabotage == "origin" else None)
        begun = time.monotonic()
        backup_set, copies = self._take([self._sqlite(), notary])
        self._sets[copies.id] = backup_set
        return _pair("application", copies, self._waited(begun), notary.digests)

    def complete(self, pair: Pair) -> None:
        """Let the participants know that the backup is good."""
        if pair.set_id is not None:
            self._sets.pop(pair.set_id).complete()

    def delete_all_but(self, needed: Mapping[str, int | None]) -> int:
        """Delete all shadow copies but these; returns how many."""
        deleted = 0
        for name, volume in self._volumes.items():
            for shadow_copy in volume.shadow_copies():
                if shadow_copy.id != needed.get(name):
                    volume.delete_shadow_copy(shadow_copy.id)
                    deleted += 1
        return deleted

    def transfers(self) -> int:
        """How many there were; one of them has ended after this was asked."""
        self._waited(time.monotonic())
        return self._teller.count

    def finish(self) -> OfficeDone:
        """Let the teller go home after one more transfer, and audit the books."""
        transfers = self.transfers()
        self._teller.stop()
        wrong = bank.audit(self._connection)
        return OfficeDone(transfers, self._teller.median(), tuple(wrong))

    def _take(self, participants: Sequence[Participant]) -> tuple[sv.BackupSet, sv.ShadowCopySet]:
        backup_set = sv.BackupSet(
            self._volumes,
            participants=participants,
            label="shadowvol demo",
            auto_release=False,
            expires=timedelta(days=1),
        )
        try:
            backup_set.prepare()
            return backup_set, backup_set.create()
        except BaseException:
            backup_set.abort()
            raise

    def _sqlite(self) -> SQLite:
        return SQLite(self._second, name="SQLite")

    def _waited(self, since: float) -> float:
        return self._teller.longest(since, time.monotonic())

    def _tamper(self) -> None:
        flip(self._images[BRANCHES[0]], UNUSED)


def _pair(
    way: Way,
    copies: sv.ShadowCopySet,
    waited: float,
    digests: Mapping[str, bytes] | None = None,
) -> Pair:
    return Pair(
        way=way,
        ids={name: shadow_copy.id for name, shadow_copy in copies.items()},
        waited=waited,
        set_id=copies.id,
        consistency=copies.report.outcome,
        took_part=tuple(copies.report.took_part),
        digests=dict(digests or {}),
    )
