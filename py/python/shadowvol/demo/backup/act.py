"""The second act, step by step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shadowvol.cli.size import size_text
from shadowvol.demo import bank
from shadowvol.demo.backup import remains
from shadowvol.demo.backup.clerk import Clerk
from shadowvol.demo.backup.messages import BRANCHES, BackupActDone, Comparison, Pair, Way
from shadowvol.demo.backup.office import VOLUME_SIZE, Office
from shadowvol.demo.crew import PATIENCE, Crew, LostError

if TYPE_CHECKING:
    from pathlib import Path

    from shadowvol._types import BackupKind
    from shadowvol.demo.backup.messages import BackedUp
    from shadowvol.demo.crew import Desk
    from shadowvol.demo.outcome import Outcome
    from shadowvol.demo.screen import Screen

NIGHTS: tuple[tuple[str, BackupKind], ...] = (
    ("Monday", "full"),
    ("Tuesday", "incremental"),
    ("Wednesday", "incremental"),
)

DAY = 100
"""Transfers between two nights, at least."""

WAYS: dict[Way, str] = {
    "apart": "one after the other, no set",
    "set": "as a set, at one instant",
    "application": "as a set, SQLite takes part",
}

TITLE = "two volumes, one instant, and backups that come back"
STORY = """\
The bank now keeps its savings and its checking accounts in two databases, each on a volume of \
its own. Money moves between them in transactions that change both, so only the sum over both \
volumes is always the same: two copies show it if they are of one instant, which is what a set is \
for. Another process, which knows nothing but the numbers of the shadow copies, audits them, and \
then backs up three nights and restores them, while the bank goes on."""


def play(outcome: Outcome, folder: Path, screen: Screen) -> None:
    """Play the act on files in ``folder``."""
    settings = outcome.settings
    done = outcome.backup = BackupActDone()
    try:
        with Crew() as crew:
            office = crew.desk(
                "bank", Office, folder, settings.seed, settings.durability, settings.sabotage
            )
            clerk = crew.desk("clerk", Clerk, folder, settings.sabotage)
            _Story(outcome, done, office, clerk, screen).tell()
            office.close()
            clerk.close()
            crew.wait(PATIENCE)
            outcome.wrong += crew.failed()
            _look_for_remains(outcome, done, folder, screen)
    except LostError as error:
        screen.say(str(error), good=False)
        outcome.wrong.append(str(error))


class _Story:
    def __init__(
        self,
        outcome: Outcome,
        done: BackupActDone,
        office: Desk[Office],
        clerk: Desk[Clerk],
        screen: Screen,
    ) -> None:
        self._settings = outcome.settings
        self._wrong = outcome.wrong
        self._done = done
        self._office = office
        self._clerk = clerk
        self._screen = screen

    def tell(self) -> None:
        with self._screen.busy("Opening the bank"):
            self._office.ask(Office.transfers)
        self._screen.say(
            f"the bank is open: {bank.ACCOUNTS:,} accounts on each of {len(BRANCHES)} volumes of "
            f"{size_text(VOLUME_SIZE)}"
        )
        for way in WAYS:
            self._compare(way)
        pairs = [self._night(name, kind) for name, kind in NIGHTS]
        self._verify()
        for (name, _), (pair, made) in zip(NIGHTS, pairs, strict=True):
            self._restore(name, pair, made)
        self._close()

    def _compare(self, way: Way) -> None:
        """Take pairs of copies in one way, and let the clerk add up what is in them."""
        pairs = self._settings.pairs
        comparison = Comparison(way)
        self._done.comparisons.append(comparison)
        with self._screen.busy(f"Copies {WAYS[way]}") as update:
            for number in range(1, pairs + 1):
                update(f"Copies {WAYS[way]}: {number} of {pairs}")
                pair = self._office.ask(Office.take, way)
                audited = self._clerk.ask(Clerk.audit, pair)
                self._office.ask(Office.delete_all_but, {})
                comparison.add(pair, audited)
                # Copies that are no set promise nothing to each other.
                if way != "apart":
                    self._wrong += (f"{WAYS[way]}: {line}" for line in audited.wrong)
                if way == "application" and audited.rolled_back:
                    self._wrong.append(f"{WAYS[way]}: a transaction was half done")
                if way == "application":
                    self._judge(WAYS[way], pair)
        # Two instants promise nothing.
        good = None if way == "apart" else comparison.right == comparison.pairs
        self._screen.say(
            f"{WAYS[way]}: the sum is right in {comparison.right} of {comparison.pairs} pairs",
            good=good,
        )

    def _night(self, name: str, kind: BackupKind) -> tuple[Pair, BackedUp]:
        """Take a set, back it up, and delete what the next backup does not need."""
        with self._screen.busy(f"{name}: {kind} backup"):
            pair = self._office.ask(Office.take_for_backup)
            made = self._clerk.ask(Clerk.back_up, pair, kind)
            self._office.ask(Office.complete, pair)
            self._office.ask(Office.delete_all_but, made.needed)
            self._done.nights.append(made)
            self._judge(name, pair)
            self._wrong += (f"{name}: a full backup was made: {why}" for why in made.full_because)
            until = self._office.ask(Office.transfers) + DAY
            while self._office.ask(Office.transfers) < until:
                time.sleep(0.02)
        self._screen.say(
            f"{name}: {kind} backup, {size_text(made.read)} read, {size_text(made.stored)} stored",
            good=made.kind == kind,
        )
        return pair, made

    def _judge(self, name: str, pair: Pair) -> None:
        """SQLite was asked to take part."""
        if pair.consistency != "application-consistent" or "SQLite" not in pair.took_part:
            self._wrong.append(f"{name}: the set is {pair.consistency}, by {pair.took_part}")

    def _verify(self) -> None:
        with self._screen.busy("Verifying the repository"):
            verified = self._done.verified = self._clerk.ask(Clerk.verify)
        self._wrong += (f"verify: {finding}" for finding in verified.findings)
        self._screen.say(
            f"repository verified: {verified.backups} backups, {verified.chunks:,} chunks, "
            f"{len(verified.findings)} damaged",
            good=not verified.findings,
        )

    def _restore(self, name: str, pair: Pair, made: BackedUp) -> None:
        """Restore a night, and hold it against the instant."""
        with self._screen.busy(f"{name}: restoring"):
            restored = self._clerk.ask(Clerk.restore, made.backups, pair.digests)
        self._done.restored.append(restored)
        wrong = [f"{image} differs from the instant" for image in restored.different]
        wrong += restored.audited.wrong
        if restored.audited.rolled_back:
            wrong.append("a transaction was half done")
        self._wrong += (f"{name}, restored: {line}" for line in wrong)
        self._screen.say(
            f"{name} restored: {restored.identical} of {len(pair.digests)} volumes identical to "
            f"the byte, sum {'wrong' if restored.audited.wrong else 'right'}",
            good=not wrong,
        )

    def _close(self) -> None:
        """Delete all copies, and close the bank."""
        with self._screen.busy("Closing the bank"):
            newest = self._done.nights[-1].needed
            spare = newest if self._settings.sabotage == "leftover" else {}
            self._office.ask(Office.delete_all_but, spare)
            finished = self._done.office = self._office.ask(Office.finish)
        self._wrong += (f"the bank: {line}" for line in finished.wrong)
        self._screen.say(
            f"the bank is closed after {finished.transfers:,} transfers",
            good=not finished.wrong,
        )


def _look_for_remains(outcome: Outcome, done: BackupActDone, folder: Path, screen: Screen) -> None:
    found = done.left_behind = list(remains.find(folder))
    outcome.wrong += (f"left behind: {line}" for line in found)
    if found:
        screen.say(f"left behind: {'; '.join(found)}", good=False)
        return
    screen.say("nothing left behind: no copy, slot, held write, file or process", good=True)
