"""The story: the active node is killed at a random moment, with SIGKILL, again and again.

It says beforehand what it does and afterwards that it is done. Whatever was done must be there when
the volume is opened again; what was under way is there, or not, or, for a write, torn between
sectors; and every shadow copy is byte for byte what the volume was when it was taken. The next
round goes on with what the last one left, so faults would add up.

The short form runs in every test run. ``SHADOWVOL_KILLS=500`` makes it long.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import shadowvol as sv
from sectors import SECTOR, describe, difference, fill

KILLS = int(os.environ.get("SHADOWVOL_KILLS", "30"))
SEED = int(os.environ.get("SHADOWVOL_KILL_SEED", "20260"))
SIZE = 512 * 1024


class Known:
    """What must be on the media, as far as the pipe tells."""

    def __init__(self) -> None:
        self.truth = bytearray(SIZE)
        self.copies: dict[int, bytes] = {}
        self.next_id = 1
        self.version = 0
        self.doing: list[str] = []

    def hear(self, line: str) -> None:
        """Take in a line of the process."""
        words = line.split()
        if words[0] == "open":
            assert int(words[1]) == len(self.copies)
            return
        if words[0] != "done":
            self.doing = words
            if words[0] == "write":
                self.version = int(words[3])
            return
        match self.doing:
            case ["write", offset, length, version]:
                data = fill(int(offset), int(length), int(version))
                self.truth[int(offset) : int(offset) + int(length)] = data
            case ["take"]:
                assert int(words[1]) == self.next_id
                self.copies[self.next_id] = bytes(self.truth)
                self.next_id += 1
            case ["delete", victim]:
                del self.copies[int(victim)]
        self.doing = []

    def settle(self, vol: sv.Volume) -> None:
        """Compare with what is found, and learn how the operation under way has ended."""
        found = [copy.id for copy in vol.shadow_copies()]
        match self.doing:
            case ["take"] if found and found[-1] == self.next_id:
                self.copies[self.next_id] = bytes(self.truth)
                self.next_id += 1
            case ["delete", victim] if int(victim) not in found:
                del self.copies[int(victim)]
        assert found == sorted(self.copies)
        self._settle_volume(vol.read(0, SIZE))
        self.doing = []

    def _settle_volume(self, found: bytes) -> None:
        if found == self.truth:
            return
        assert self.doing[:1] == ["write"], difference(found, bytes(self.truth))
        offset, length, version = map(int, self.doing[1:])
        new = fill(offset, length, version)
        for start in range(0, SIZE, SECTOR):
            sector = found[start : start + SECTOR]
            if sector == self.truth[start : start + SECTOR]:
                continue
            inside = offset <= start < offset + length
            assert inside, f"{start}: {describe(sector)}"
            assert sector == new[start - offset :][:SECTOR], f"{start}: {describe(sector)}"
            self.truth[start : start + SECTOR] = sector


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("durability", ["coherent", "durable"])
@pytest.mark.timeout(60 + KILLS * 5)
def test_killed_at_any_moment(image: Path, durability: str) -> None:
    chance = random.Random(SEED)
    mode = "coherent" if durability == "coherent" else "durable"
    sv.Volume.create(image, size=SIZE, durability=mode).close()  # type: ignore[arg-type]
    known = Known()
    with sv.Passive.open(image) as witness:  # stays open through all of it
        for number in range(KILLS):
            _round(image, known, witness, chance, number)
    assert known.version > KILLS
    assert known.next_id > 2


def _round(
    image: Path, known: Known, witness: sv.Passive, chance: random.Random, number: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, killed_py(), str(image), str(SEED + number), str(known.version)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    timer: threading.Timer | None = None
    with process.stdout as lines:
        for line in lines:
            if timer is None:  # it has opened the volume; from now on, any moment
                timer = threading.Timer(chance.uniform(0, 0.15), process.kill)
                timer.start()
            known.hear(line)
            if known.copies and chance.random() < 0.02:
                _glance(witness, known, chance)
    assert process.wait(10) == -signal.SIGKILL
    assert timer is not None
    timer.join()
    with sv.Volume.open(image) as vol:
        known.settle(vol)
        for party in (vol, witness):
            for copy_id, data in known.copies.items():
                assert not difference(party.shadow_copy(copy_id).read(0, SIZE), data)
    with sv.Passive.open(image) as fresh:
        assert [copy.id for copy in fresh.shadow_copies()] == sorted(known.copies)
    report = sv.check(image)
    assert report.ok, [finding.what for finding in report.findings]


def _glance(witness: sv.Passive, known: Known, chance: random.Random) -> None:
    """Read a copy while the process goes on; it may be deleted meanwhile, but never wrong."""
    copy_id = chance.choice(sorted(known.copies))
    try:
        found = witness.shadow_copy(copy_id).read(0, SIZE)
    except sv.Gone:
        return
    assert not difference(found, known.copies[copy_id])


def killed_py() -> str:
    """The process's program."""
    return str(Path(__file__).with_name("killed.py"))
