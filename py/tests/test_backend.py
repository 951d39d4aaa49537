"""The story: a volume lives on Python objects.

The engine asks them to read, write, order and grow, and believes nothing else. Their exceptions
arrive as causes, a view they keep is dead, a failed barrier ends the role, and a newer holder
fences the older one, because the media alone say who holds it.
"""

from __future__ import annotations

import pytest

import shadowvol as sv
from sectors import difference, fill

SIZE = 256 * 1024


class Plain:
    """A medium with the four methods that are needed, which can be told to fail."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self.calls: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.kept: list[memoryview] = []
        self.keep = False

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]

    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        self._called("read_at")
        assert not buffer.readonly
        buffer[:] = self.data[offset : offset + len(buffer)]
        if self.keep:
            self.kept.append(buffer)

    def write_at(self, offset: int, data: memoryview, /) -> None:
        self._called("write_at")
        assert data.readonly
        assert offset + len(data) <= len(self.data)
        self.data[offset : offset + len(data)] = data
        if self.keep:
            self.kept.append(data)

    def barrier(self) -> None:
        self._called("barrier")


class Growing(Plain):
    """A medium that grows and gives space back."""

    def grow(self, size: int, /) -> int:
        self._called("grow")
        self.data.extend(bytes(max(0, size - len(self.data))))
        return len(self.data)

    def punch(self, offset: int, length: int, /) -> None:
        self._called("punch")
        self.data[offset : offset + length] = bytes(length)


class ReadOnlyView:
    """What a passive node needs of a medium, and no more."""

    def __init__(self, medium: Plain) -> None:
        self._medium = medium

    def size(self) -> int:
        return self._medium.size()

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        self._medium.read_at(offset, buffer)


def test_a_volume_on_python_objects() -> None:
    origin, diff = Plain(SIZE), Growing(0)
    first, second = fill(0, SIZE, version=1), fill(0, SIZE, version=2)
    origin.data[:] = first
    with sv.Volume.create_on(origin, diff, durability="durable") as vol:
        copy = vol.create_shadow_copy("on objects")
        vol.write(0, second)
        vol.flush()
        assert origin.data == second
        assert not difference(copy.read(0, SIZE), first)
        with sv.Passive.open_on(ReadOnlyView(origin), ReadOnlyView(diff)) as node:
            assert not difference(node.newest().read(0, SIZE), first)
    assert {"read_at", "write_at", "barrier"} <= set(origin.calls) | set(diff.calls)
    assert "grow" in diff.calls
    with sv.Volume.open_on(origin, diff) as vol:
        assert vol.newest().label == "on objects"
        assert not difference(vol.newest().read(0, SIZE), first)


def test_a_medium_of_fixed_size_runs_full() -> None:
    origin, diff = Plain(8 << 20), Plain(4 << 20)
    with sv.Volume.create_on(origin, diff) as vol:
        vol.write(0, b"\1" * vol.size)
        vol.create_shadow_copy()
        with pytest.raises(sv.DiffAreaFull):
            vol.write(0, b"\2" * vol.size)
        assert vol.newest().read(0, 10) == b"\1" * 10


def test_discard_uses_punch_where_there_is_one() -> None:
    for origin in (Plain(SIZE), Growing(SIZE)):
        with sv.Volume.create_on(origin, sv.Memory()) as vol:
            vol.write(0, b"\1" * SIZE)
            copy = vol.create_shadow_copy()
            vol.discard(4096, 65536)
            assert vol.read(4096, 65536) == bytes(65536)
            assert copy.read(4096, 65536) == b"\1" * 65536
        assert ("punch" in origin.calls) == isinstance(origin, Growing)


def test_memory_is_shared_by_all_that_hold_it() -> None:
    origin, diff = sv.Memory(SIZE), sv.Memory()
    assert origin.size() == SIZE
    with sv.Volume.create_on(origin, diff) as vol, sv.Passive.open_on(origin, diff) as node:
        vol.write(100, b"before")
        copy = vol.create_shadow_copy()
        vol.write(100, b"after!")
        buffer = bytearray(6)
        origin.read_at(100, buffer)
        assert buffer == b"after!"
        assert node.shadow_copy(copy.id).read(100, 6) == b"before"
    assert diff.size() > 0
    with pytest.raises(ValueError, match="past the end"):
        origin.read_at(SIZE - 1, bytearray(2))
    with pytest.raises(ValueError, match="past the end"):
        origin.write_at(SIZE, b"x")
    assert origin.grow(SIZE + 10) == SIZE + 10
    origin.write_at(SIZE, b"0123456789")
    origin.punch(SIZE, 5)
    tail = bytearray(10)
    origin.read_at(SIZE, tail)
    assert tail == bytes(5) + b"56789"


def test_creating_twice_is_refused() -> None:
    origin, diff = sv.Memory(SIZE), sv.Memory()
    with sv.Volume.create_on(origin, diff) as vol:
        vol.create_shadow_copy()
    with pytest.raises(sv.MediumExists):
        sv.Volume.create_on(origin, diff)
    with sv.Volume.open_on(origin, diff) as vol:
        assert len(vol.shadow_copies()) == 1


def test_a_newer_holder_fences_the_older_one() -> None:
    origin, diff = sv.Memory(SIZE), sv.Memory()
    old = sv.Volume.create_on(origin, diff)
    old.write(0, b"old")
    copy = old.create_shadow_copy()
    with sv.Volume.open_on(origin, diff) as new:
        assert new.read(0, 3) == b"old"
        new.write(0, b"new")
        with pytest.raises(sv.Fenced) as fenced:
            old.write(4096, b"late")  # its old bytes have to be preserved, so the journal is asked
        assert fenced.value.mine is not None
        assert fenced.value.holder is not None
        assert fenced.value.mine < fenced.value.holder
        with pytest.raises((sv.Fenced, sv.RoleEnded)):
            old.create_shadow_copy()
        assert new.shadow_copy(copy.id).read(0, 3) == b"old"
    old.close()


def test_exceptions_arrive_as_causes() -> None:
    origin, diff = Plain(SIZE), Growing(0)
    with sv.Volume.create_on(origin, diff) as vol:
        copy = vol.create_shadow_copy()
        reason = RuntimeError("the cable is out")
        origin.fail["read_at"] = reason
        for party in (vol, copy):
            with pytest.raises(sv.MediumError) as error:
                party.read(0, 1)
            assert error.value.__cause__ is reason
            assert "origin" in str(error.value)
        origin.fail.clear()
        assert copy.read(0, 1) == b"\0"


def test_a_full_disk_keeps_its_number() -> None:
    origin, diff = Plain(SIZE), Growing(0)
    with sv.Volume.create_on(origin, diff) as vol:
        origin.fail["write_at"] = OSError(28, "No space left on device")
        with pytest.raises(sv.MediumError) as error:
            vol.write(0, b"x")
        assert error.value.errno == 28
        origin.fail.clear()


def test_a_failed_barrier_ends_the_role() -> None:
    origin, diff = Plain(SIZE), Growing(0)
    vol = sv.Volume.create_on(origin, diff, durability="durable")
    vol.write(0, b"safe")
    vol.create_shadow_copy()
    diff.fail["barrier"] = OSError(5, "Input/output error")
    with pytest.raises((sv.MediumError, sv.RoleEnded)):
        vol.write(0, b"lost")
    diff.fail.clear()  # a second try would "succeed", and prove nothing
    with pytest.raises((sv.RoleEnded, sv.MediumError)):
        vol.write(0, b"lost")
    with pytest.raises((sv.RoleEnded, sv.MediumError)):
        vol.create_shadow_copy()
    vol.close()
    with sv.Volume.open_on(origin, diff) as again:
        assert again.newest().read(0, 4) == b"safe"
        again.write(0, b"fine")


def test_a_view_that_is_kept_is_dead() -> None:
    origin, diff = Plain(SIZE), Growing(0)
    with sv.Volume.create_on(origin, diff) as vol:
        origin.keep = diff.keep = True
        vol.create_shadow_copy()
        vol.write(0, b"x" * 5000)
        vol.read(0, 5000)
        origin.keep = diff.keep = False
    assert origin.kept
    assert diff.kept
    for view in origin.kept + diff.kept:
        with pytest.raises(ValueError, match="released"):
            view[0]


def test_an_object_that_lacks_a_method() -> None:
    with pytest.raises((TypeError, AttributeError)):
        sv.Volume.create_on(object(), sv.Memory())  # type: ignore[arg-type]
    with pytest.raises((TypeError, AttributeError)):
        sv.Passive.open_on(sv.Memory(SIZE), object())  # type: ignore[arg-type]


def test_a_size_that_is_no_number() -> None:
    class Odd(Plain):
        def size(self) -> int:
            return "big"  # type: ignore[return-value]

    with pytest.raises((TypeError, sv.MediumError)):
        sv.Volume.create_on(Odd(SIZE), sv.Memory())
