"""The story: the demo's bank keeps its money in two databases, and the power goes at any write.

What the demo shows is worth something only if its own parts are right: SQLite's files on a volume,
its locks, and its recovery over two volumes at once. So a transaction between two databases is
stopped before every single one of its writes, and the sum must be right each time.
"""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("apsw")

import apsw

from shadowvol.demo import bank, vfs
from shadowvol.demo.layout import File, Layout, NoRoomError
from shadowvol.demo.locks import EXCLUSIVE, NONE, PENDING, RESERVED, SHARED, Locks
from shadowvol.demo.overlay import Overlay

NAMES = ("main", "checking")
SIZE = 1 << 20


class Bytes:
    """A store that shows both halves of the world before each write to either."""

    def __init__(self, world: list[Bytes]) -> None:
        self.data = bytearray(SIZE)
        self.size = SIZE
        self.seen: list[list[bytes]] | None = None
        self._world = world
        world.append(self)

    def read(self, offset: int, length: int, /) -> bytes:
        return bytes(self.data[offset : offset + length])

    def write(self, offset: int, data: bytes, /) -> int:
        if self.seen is not None:
            self.seen.append([bytes(one.data) for one in self._world])
        self.data[offset : offset + len(data)] = data
        return len(data)

    def flush(self) -> None:
        pass


class Frozen:
    """Bytes that do not change."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int, /) -> bytes:
        return self._data[offset : offset + length]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> list[Bytes]:
    monkeypatch.setattr(bank, "ACCOUNTS", 200)
    world: list[Bytes] = []
    for _ in NAMES:
        Bytes(world)
    return world


def layouts(world: list[Bytes]) -> dict[str, Layout]:
    return {name: Layout(store) for name, store in zip(NAMES, world, strict=True)}


def audit(images: list[bytes]) -> tuple[list[str], bool]:
    """What is wrong in two images, and whether something was rolled back."""
    overlays = [Overlay(Frozen(image)) for image in images]
    found = {name: Layout(overlay) for name, overlay in zip(NAMES, overlays, strict=True)}
    with vfs.connected(found) as connection:
        return bank.audit(connection), any(overlay.written for overlay in overlays)


def test_two_databases_are_one_at_any_write(world: list[Bytes]) -> None:
    seen: list[list[bytes]] = []
    with vfs.connected(layouts(world)) as connection:
        bank.found(connection)
        teller = bank.Teller(connection, seed=3)
        for store in world:
            store.seen = seen
        for _ in range(3):
            teller.transfer()
    rolled_back = 0
    for images in seen:
        wrong, undone = audit(images)
        assert wrong == []
        rolled_back += undone
    assert 0 < rolled_back < len(seen)


def test_images_of_two_instants_do_not_fit_together(world: list[Bytes]) -> None:
    """Else a set would be for nothing."""
    with vfs.connected(layouts(world)) as connection:
        bank.found(connection)
        teller = bank.Teller(connection, seed=3)
        early = [bytes(store.data) for store in world]
        while all(sums(connection)):
            teller.transfer()
        late = [bytes(store.data) for store in world]
    assert audit(early)[0] == audit(late)[0] == []
    assert audit([early[0], late[1]])[0]


def sums(connection: apsw.Connection) -> list[bool]:
    """Whether each database has what it had at first."""
    return [
        list(connection.execute(f"SELECT sum(balance) FROM {name}.account"))
        == [(bank.ACCOUNTS * bank.BALANCE,)]
        for name in NAMES
    ]


def test_a_second_connection_waits_for_both_databases(world: list[Bytes]) -> None:
    with vfs.mounted(layouts(world)) as files:
        first, second = files.connect(), files.connect()
        bank.found(first)
        first.execute("BEGIN IMMEDIATE")
        second.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(apsw.BusyError):
            second.execute("BEGIN IMMEDIATE")
        assert bank.audit(second) == [], "who only reads does not wait"
        teller = bank.Teller(second, seed=1)
        second.set_busy_handler(lambda _attempts: True)
        waiting = threading.Thread(target=teller.transfer)
        waiting.start()
        first.execute("COMMIT")
        waiting.join()
        assert teller.transfers == 1
        assert bank.audit(first) == []
        first.close()
        second.close()


def test_a_coin_that_is_taken_is_missed(world: list[Bytes]) -> None:
    with vfs.connected(layouts(world)) as connection:
        bank.found(connection)
        bank.Teller(connection, seed=1).embezzle()
        (line,) = bank.audit(connection)
        assert "399999" in line


def test_locks() -> None:
    locks = Locks()
    assert locks.take("a", SHARED)
    assert locks.take("b", SHARED)
    assert locks.take("a", RESERVED)
    assert locks.reserved()
    assert not locks.take("b", RESERVED), "one writer"
    assert not locks.take("a", EXCLUSIVE), "b still reads"
    assert not locks.take("c", SHARED), "no new readers, so that the writer gets its turn"
    locks.drop("b", NONE)
    assert locks.take("a", EXCLUSIVE)
    assert not locks.take("b", SHARED)
    locks.drop("a", SHARED)
    assert not locks.reserved()
    assert locks.take("b", SHARED)
    locks.drop("a", NONE)
    locks.drop("a", NONE)
    assert locks.take("b", EXCLUSIVE)
    assert PENDING > RESERVED


def test_a_super_journal_is_known_by_its_name() -> None:
    store = Bytes([])
    layout = Layout(store)
    layout.super_journal.create("/main-mj1")
    assert Layout(store).super_journal.name == "/main-mj1"
    files = vfs.LayoutVFS("shadowvol-test-names", {"main": layout})
    assert files.xAccess("/main-mj1", 0)
    assert not files.xAccess("/main-mj2", 0)
    assert not files.xAccess("/main-wal", 0)
    assert not files.xAccess("/elsewhere", 0)
    files.unregister()


def test_a_file_that_outgrows_its_place_is_refused() -> None:
    file = File(Bytes([]), 0, 8192)
    file.create()
    file.write(0, bytes(4096))
    with pytest.raises(NoRoomError):
        file.write(1, bytes(4096))
    assert file.length == 4096
