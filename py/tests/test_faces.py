"""The story: one trace of operations, the same results by every face of the engine.

What a trace is, and which face plays it where, is told in ``core/tests/faces/README.md``. The
runner for Rust makes the traces; this one plays them by the package's public names.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import shadowvol as sv

if TYPE_CHECKING:
    from collections.abc import Callable

TRACES = Path(__file__).parents[2] / "core" / "tests" / "faces"

NUMBERS = {
    "Gone": ["copy"],
    "NoSuchCopy": ["copy"],
    "OutOfRange": ["offset", "length", "size"],
    "BadChunkSize": ["chunk_size"],
    "LabelTooLong": ["limit"],
    "DiffAreaFull": ["needed", "limit"],  # `free` tells of the moment
    "Closed": [],
}

Line = dict[str, Any]


def pattern(line: Line) -> bytes:
    seed: int = line["seed"]
    length: int = line["length"]
    if seed == 0:
        return bytes(length)
    # It repeats after as many bytes.
    block = bytes((31 * seed + 7 * i + i // 256) % 256 for i in range(1 << 16))
    return (block * (length // len(block) + 1))[:length]


class Player:
    """A volume and a passive node on media in memory."""

    origin: sv.Memory
    diff: sv.Memory
    volume: sv.Volume
    passive: sv.Passive

    def play(self, line: Line) -> object:
        action: Callable[[Line], object] = getattr(self, "do_" + line["do"].replace("-", "_"))
        return action(line)

    def do_create(self, line: Line) -> None:
        origin, diff = sv.Memory(line["size"]), sv.Memory()
        volume = sv.Volume.create_on(
            origin,
            diff,
            chunk_size=line["chunk_size"],
            limit=line["limit"],
            on_full=line["on_full"],
        )
        self.origin, self.diff, self.volume = origin, diff, volume
        self.passive = sv.Passive.open_on(origin, diff)

    def do_write(self, line: Line) -> None:
        assert self.volume.write(line["offset"], pattern(line)) == line["length"]

    def do_discard(self, line: Line) -> None:
        self.volume.discard(line["offset"], line["length"])

    def do_read(self, line: Line) -> int:
        return zlib.crc32(self.volume.read(line["offset"], line["length"]))

    def do_flush(self, _: Line) -> None:
        self.volume.flush()

    def do_compact(self, _: Line) -> None:
        self.volume.compact()

    def do_take(self, line: Line) -> int:
        return self.volume.create_shadow_copy(line["label"] * line["times"]).id

    def do_delete(self, line: Line) -> None:
        self.volume.delete_shadow_copy(line["copy"])

    def do_revert(self, line: Line) -> None:
        self.volume.revert(line["copy"])

    def do_copies(self, _: Line) -> list[list[int]]:
        own, theirs = (
            [[copy.id, len(copy.label.encode())] for copy in node.shadow_copies()]
            for node in (self.volume, self.passive)
        )
        assert own == theirs
        return own

    def do_changes(self, line: Line) -> list[list[int]]:
        since, until = line["since"], line["until"]
        own = self.volume.changes(since, until)
        if until is not None:
            assert self.passive.changes(since, until) == own
        return [[extent.offset, extent.length] for extent in own]

    def do_read_copy(self, line: Line) -> int:
        return self._read_copy(line["copy"], line["offset"], line["length"])

    def do_all(self, _: Line) -> list[object]:
        size = self.volume.size
        copies = [
            [copy.id, self._read_copy(copy.id, 0, size)] for copy in self.volume.shadow_copies()
        ]
        return [zlib.crc32(self.volume.read(0, size)), *copies]

    def do_dropped(self, _: Line) -> list[int]:
        events = self.volume.events()
        return [id_ for event in events if event.kind == "copies-dropped" for id_ in event.copies]

    def do_reopen(self, _: Line) -> None:
        self.volume.close()
        self.volume = sv.Volume.open_on(self.origin, self.diff)

    def do_usurp(self, _: Line) -> None:
        old, self.volume = self.volume, sv.Volume.open_on(self.origin, self.diff)
        with pytest.raises(sv.Fenced):
            old.create_shadow_copy("late")

    def do_close(self, _: Line) -> None:
        self.volume.close()

    def do_media(self, _: Line) -> list[int]:
        content = bytearray(self.origin.size())
        self.origin.read_at(0, content)
        return [zlib.crc32(content)]

    def _read_copy(self, copy_id: int, offset: int, length: int) -> int:
        try:
            own = self.volume.shadow_copy(copy_id).read(offset, length)
        except sv.Error as error:
            with pytest.raises(type(error)):
                self.passive.shadow_copy(copy_id).read(offset, length)
            raise
        buffer = bytearray(length)
        assert self.passive.shadow_copy(copy_id).readinto(offset, buffer) == length
        assert own == buffer
        return zlib.crc32(own)


def outcome(player: Player, line: Line) -> Line:
    try:
        result = player.play(line)
    except sv.Error as error:
        kind = type(error).__name__
        return {"error": kind, "numbers": {name: getattr(error, name) for name in NUMBERS[kind]}}
    return {} if result is None else {"result": result}


@pytest.mark.parametrize("name", ["fail.jsonl", "drop.jsonl"])
def test_the_results_are_those_of_every_face(name: str) -> None:
    player = Player()
    lines = (TRACES / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) > 100
    for number, text in enumerate(lines, 1):
        line = json.loads(text)
        expected = {key: line[key] for key in ("result", "error", "numbers") if key in line}
        assert outcome(player, line) == expected, f"line {number}: {text}"
