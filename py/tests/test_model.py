"""The story: any sequence of operations, against plain bytearrays.

The model is as simple as can be: the volume is a bytearray, a shadow copy is the bytes of one
instant. After every step a passive node in this process and one in another process, both kept open
throughout, must agree with it, and so must the volume itself. Hypothesis shrinks what does not.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import shadowvol as sv
from child import serve_reads

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from shadowvol._types import Durability

EXAMPLES = int(os.environ.get("SHADOWVOL_MODEL_EXAMPLES", "40"))

PLACES = st.floats(0, 1, allow_nan=False)
LENGTHS = st.one_of(st.sampled_from([0, 1, 511, 512, 4096, 8192]), st.integers(0, 100_000))


class Model(RuleBasedStateMachine):
    """The volume and its model, side by side."""

    pipe: Connection

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.image = Path(self._directory.name) / "disk.img"
        self.copies: dict[int, bytes] = {}
        self.deleted: set[int] = set()

    @initialize(
        size=st.one_of(st.sampled_from([512, 4096, 65536]), st.integers(1, 300_000)),
        chunk_size=st.sampled_from([4096, 8192, 65536]),
        durability=st.sampled_from(["coherent", "durable"]),
    )
    def create(self, size: int, chunk_size: int, durability: Durability) -> None:
        self.truth = bytearray(size)
        self.volume = sv.Volume.create(
            self.image, size=size, chunk_size=chunk_size, durability=durability
        )
        self.node = sv.Passive.open(self.image)

    def _range(self, place: float, length: int) -> tuple[int, int]:
        length = min(length, len(self.truth))
        return int(place * (len(self.truth) - length)), length

    @rule(place=PLACES, length=LENGTHS, byte=st.integers(0, 255))
    def write(self, place: float, length: int, byte: int) -> None:
        offset, length = self._range(place, length)
        data = bytes([byte]) * length
        assert self.volume.write(offset, data) == length
        self.truth[offset : offset + length] = data

    @rule(place=PLACES, length=LENGTHS)
    def discard(self, place: float, length: int) -> None:
        offset, length = self._range(place, length)
        self.volume.discard(offset, length)
        self.truth[offset : offset + length] = bytes(length)

    @rule()
    def take(self) -> None:
        copy_id = self.volume.create_shadow_copy().id
        assert copy_id == len(self.copies) + len(self.deleted) + 1
        self.copies[copy_id] = bytes(self.truth)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        copy_id = data.draw(st.sampled_from(sorted(self.copies)))
        self.volume.delete_shadow_copy(copy_id)
        del self.copies[copy_id]
        self.deleted.add(copy_id)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        copy_id = data.draw(st.sampled_from(sorted(self.copies)))
        self.volume.revert(copy_id)
        self.truth[:] = self.copies[copy_id]

    @precondition(lambda self: len(self.copies) > 1)
    @rule(data=st.data())
    def changes(self, data: st.DataObject) -> None:
        pair = st.sampled_from(sorted(self.copies))
        first, second = data.draw(pair), data.draw(pair)
        extents = self.node.changes(first, second)
        assert extents == self.volume.changes(first, second)
        patched = bytearray(self.copies[first])
        for offset, length in extents:
            patched[offset : offset + length] = self.copies[second][offset : offset + length]
        assert patched == self.copies[second]
        ends = [0, *(extent.end for extent in extents)]
        assert all(extent.offset >= end for extent, end in zip(extents, ends, strict=False))

    @rule()
    def compact(self) -> None:
        self.volume.compact()

    @rule()
    def flush(self) -> None:
        self.volume.flush()

    @rule()
    def reopen(self) -> None:
        self.volume.close()
        self.volume = sv.Volume.open(self.image)

    @rule()
    def reopen_passive(self) -> None:
        self.node.close()
        self.node = sv.Passive.open(self.image)

    @rule(place=PLACES, length=LENGTHS)
    def read(self, place: float, length: int) -> None:
        offset, length = self._range(place, length)
        assert self.volume.read(offset, length) == self.truth[offset : offset + length]

    @precondition(lambda self: self.copies)
    @rule(place=PLACES, length=LENGTHS, data=st.data())
    def read_elsewhere(self, place: float, length: int, data: st.DataObject) -> None:
        copy_id = data.draw(st.sampled_from(sorted(self.copies)))
        offset, length = self._range(place, length)
        self.pipe.send((os.fspath(self.image), copy_id, offset, length))
        assert self.pipe.recv() == self.copies[copy_id][offset : offset + length]

    @precondition(lambda self: self.deleted)
    @rule(data=st.data())
    def read_a_deleted_one(self, data: st.DataObject) -> None:
        copy_id = data.draw(st.sampled_from(sorted(self.deleted)))
        with pytest.raises(sv.Gone):
            self.node.shadow_copy(copy_id)
        self.pipe.send((os.fspath(self.image), copy_id, 0, 1))
        assert self.pipe.recv() == copy_id

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "node"):
            return
        size = len(self.truth)
        assert self.volume.read(0, size) == self.truth
        found = {copy.id: copy for copy in self.node.shadow_copies()}
        assert list(found) == sorted(self.copies)
        for copy_id, data in self.copies.items():
            assert found[copy_id].read(0, size) == data
            assert self.volume.shadow_copy(copy_id).read(0, size) == data

    def teardown(self) -> None:
        if hasattr(self, "node"):
            self.node.close()
            self.volume.close()
            assert self.image.read_bytes() == self.truth
            assert sv.check(self.image).ok
        self._directory.cleanup()


@pytest.mark.timeout(120 + EXAMPLES * 5)
def test_any_sequence_of_operations() -> None:
    context = multiprocessing.get_context("spawn")
    Model.pipe, theirs = context.Pipe()
    reader = context.Process(target=serve_reads, args=(theirs,), daemon=True)
    reader.start()
    try:
        run_state_machine_as_test(
            Model,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                deadline=None,
                derandomize="SHADOWVOL_MODEL_EXAMPLES" not in os.environ,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Model.pipe.send(None)
        reader.join(10)
        Model.pipe.close()
        theirs.close()
