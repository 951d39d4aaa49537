"""A real database at work on a volume, recorded: where a trace comes from.

SQLite keeps a bank on the volume, as in ``shadowvol demo``. A day has transfers in its first half,
then a scanned paper, then a night in which nothing happens; each third day a batch touches every
account. Here a day lasts a second or so, which is all the same to the planner.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowvol._shadowvol import Volume
from shadowvol.demo import bank, vfs
from shadowvol.demo.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

_SIZE = 48 << 20
_PAPER = 256 << 10
_BATCH = 3
"""Days from one batch to the next."""


@dataclass(frozen=True)
class Recorded:
    """A trace, and what was done while it was recorded."""

    path: Path
    size: int
    """Bytes of the volume."""
    day: float
    """Seconds that a day lasted."""
    days: int
    transfers: int


def record_bank(folder: Path, *, days: int = 6, day: float = 1.0, seed: int = 1) -> Recorded:
    """Record what SQLite writes to a volume in ``folder`` in so many days of ``day`` seconds."""
    image, trace = folder / "bank.img", folder / "bank.trace"
    chance = random.Random(seed)  # noqa: S311 - papers and hours, not secrets
    with (
        Volume.create(image, size=_SIZE, durability="coherent") as vol,
        vfs.connected({"bank": Layout(vol)}) as connection,
    ):
        bank.found(connection)
        connection.execute("CREATE TABLE paper (id INTEGER PRIMARY KEY, scan BLOB)")
        teller = bank.Teller(connection, seed)
        with vol.record(trace):
            begun = time.monotonic()
            for nth in range(days):
                ends = begun + (nth + 1) * day
                while time.monotonic() < ends - day / 2:
                    teller.transfer()
                _file_a_paper(connection, chance)
                if nth % _BATCH == _BATCH - 1:
                    _touch_all(connection)
                time.sleep(max(0.0, ends - time.monotonic()))
        wrong = bank.audit(connection)
        if wrong:
            raise AssertionError(f"the bank's books are wrong: {wrong}")
    return Recorded(trace, _SIZE, day, days, teller.transfers)


def _file_a_paper(connection: apsw.Connection, chance: random.Random) -> None:
    """Scan a paper, and throw away the one of eight days ago."""
    with connection:
        connection.execute("DELETE FROM paper WHERE id <= (SELECT max(id) - 8 FROM paper)")
        connection.execute("INSERT INTO paper (scan) VALUES (?)", (chance.randbytes(_PAPER),))


def _touch_all(connection: apsw.Connection) -> None:
    """Write something down for every account."""
    with connection:
        connection.execute("UPDATE account SET note = note || '.'")
