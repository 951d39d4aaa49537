"""The story: who keeps a volume open, and what ends it.

A copy keeps what it is read through; a cycle through a callback is collected; the interpreter's end
closes what was left open; a forked child leaves its parent's volume alone; Ctrl-C ends what takes
long; and what a backend keeps of a buffer is harmless.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

import shadowvol as sv
from sectors import difference, fill

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 1 << 20


def test_a_copy_keeps_its_volume_open(image: Path) -> None:
    copy = sv.Volume.create(image, size=SIZE).create_shadow_copy()
    assert copy.read(0, 10) == bytes(10)
    with pytest.raises(sv.RoleTaken):
        sv.Volume.open(image)
    del copy
    with sv.Volume.open(image):
        assert sv.Passive.open(image).newest().read(0, 10) == bytes(10)


class Holder:
    """Holds a volume whose events it hears: a cycle."""

    def __init__(self, image: Path) -> None:
        self.events: list[sv.Event] = []
        self.volume = sv.Volume.create(image, size=SIZE, on_event=self.hear)

    def hear(self, event: sv.Event) -> None:
        self.events.append(event)


def test_a_cycle_through_a_callback_is_collected(image: Path) -> None:
    holder = weakref.ref(Holder(image))
    gc.collect()
    assert holder() is None
    with sv.Volume.open(image):
        pass


def test_what_a_callback_raises_harms_nobody(image: Path) -> None:
    heard = threading.Event()
    raised: list[object] = []

    def fail(event: sv.Event) -> None:
        heard.set()
        raise RuntimeError(event.message)

    before, sys.unraisablehook = sys.unraisablehook, lambda args: raised.append(args.exc_value)
    try:
        with sv.Volume.create(
            image,
            size=SIZE,
            limit=4 << 20,
            on_full="drop-oldest",
            durability="coherent",
            on_event=fail,
        ) as vol:
            for version in range(1, 9):
                vol.write(0, fill(0, SIZE, version))
                vol.create_shadow_copy()
            assert heard.wait(10)
            assert vol.read(0, SIZE) == fill(0, SIZE, 8)
            assert vol.events()
    finally:
        sys.unraisablehook = before
    assert raised
    assert all(isinstance(error, RuntimeError) for error in raised)


def test_a_callback_may_use_its_volume_and_close_it(image: Path) -> None:
    closed = threading.Event()
    volumes: list[sv.Volume] = []

    def close(event: sv.Event) -> None:
        (vol,) = volumes
        assert vol.stats().space.low or event.copies
        vol.close()
        closed.set()

    vol = sv.Volume.create(image, size=SIZE, limit=4 << 20, durability="coherent", on_event=close)
    volumes.append(vol)

    def write_until_it_closes() -> None:
        for version in range(1, 1000):
            vol.create_shadow_copy()
            vol.write(0, fill(0, 64 * 1024, version))
            time.sleep(0.001)

    with pytest.raises((sv.Closed, sv.DiffAreaFull)):
        write_until_it_closes()
    assert closed.wait(10)
    assert vol.closed
    with sv.Volume.open(image) as vol:
        assert vol.shadow_copies()


SLOW_CALLBACK = """
import sys, threading
import shadowvol as sv
entered, go_on = threading.Event(), threading.Event()
def slow(event):
    entered.set()
    go_on.wait(20)
vol = sv.Volume.create(sys.argv[1], size=1 << 20, limit=4 << 20, on_full="drop-oldest",
                       durability="coherent", on_event=slow)
def make_events():
    for version in range(1, 9):
        vol.write(0, bytes([version]) * (1 << 20))
        vol.create_shadow_copy()
make_events()
assert entered.wait(20)
make_events()  # while the volume's thread is in the callback
asking = threading.Thread(target=vol.events)
asking.start()
go_on.set()
asking.join(20)
assert not asking.is_alive()
vol.close()
"""


def test_who_asks_for_events_waits_for_no_callback(image: Path) -> None:
    """It held the interpreter meanwhile, which the callback needed to end: both hung for ever."""
    done = subprocess.run(
        [sys.executable, "-c", SLOW_CALLBACK, str(image)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


LEFT_OPEN = """
import sys
import shadowvol as sv
vol = sv.Volume.create(sys.argv[1], size=1 << 20, on_event=print)
vol.write(0, b"kept")
copy = vol.create_shadow_copy("left open")
node = sv.Passive.open(sys.argv[1])
cycle = [vol, copy, node, sv.Volume]
cycle.append(cycle)
"""


def test_the_interpreter_ends_with_a_volume_open(image: Path) -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", LEFT_OPEN, str(image)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        with sv.Volume.open(image, external_write="error") as vol:
            assert vol.read(0, 4) == b"kept"
            assert vol.newest().label == "left open"
        image.unlink()
        image.with_name(image.name + ".diff").unlink()


FORK = """
import gc, os, sys
import shadowvol as sv
vol = sv.Volume.create(sys.argv[1], size=1 << 20)
node = sv.Passive.open(sys.argv[1])
vol.write(0, b"before")
copy = vol.create_shadow_copy()
child = os.fork()
if child == 0:
    for attempt in (lambda: vol.read(0, 1), lambda: vol.write(0, b"x"), node.newest,
                    lambda: copy.read(0, 1), vol.create_shadow_copy):
        try:
            attempt()
        except sv.Closed:
            pass
        else:
            os._exit(3)
    if not (vol.closed and node.closed):
        os._exit(4)
    vol.close()
    node.close()
    del attempt, vol, node, copy
    gc.collect()
    with sv.Passive.open(sys.argv[1]) as own:
        if own.newest().read(0, 6) != b"before":
            os._exit(5)
    sys.exit(0)  # in good order, with all that the interpreter does at its end
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
vol.write(0, b"after!")
assert vol.create_shadow_copy().read(0, 6) == b"after!"
assert copy.read(0, 6) == b"before"
assert node.newest().read(0, 6) == b"after!"
vol.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_volume_alone(image: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(image)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with sv.Volume.open(image) as vol:
        assert len(vol.shadow_copies()) == 2
    assert sv.check(image).ok


LEAVE = """
import os, sys, time
import shadowvol as sv
def fork():
    if os.fork() == 0:
        os.close(1)
        os.read(0, 1)  # until the test ends, long after its parent
        os._exit(0)
vol = sv.Volume.create(sys.argv[1], size=1 << 20)
fork()
vol.close()
vol = sv.Volume.open(sys.argv[1])
fork()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_keep_the_role(image: Path) -> None:
    """It had the lock with its parent, and a killed parent's workers kept all others out."""
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", LEAVE, str(image)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        parent.wait()
        with sv.Volume.open(image) as vol:
            assert vol.size == SIZE
    finally:
        parent.kill()
        parent.communicate()


class Plain:
    """A medium written in Python."""

    def __init__(self, size: int) -> None:
        self.memory = sv.Memory(size)

    def size(self) -> int:
        return self.memory.size()

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        self.memory.read_at(offset, buffer)

    def write_at(self, offset: int, data: memoryview, /) -> None:
        self.memory.write_at(offset, data)

    def barrier(self) -> None:
        pass


class Interrupting(Plain):
    """A medium at whose third request from now somebody presses Ctrl-C."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.requests = 0
        self.pressed_at = 0

    def press_soon(self) -> None:
        self.pressed_at = self.requests + 3

    def count(self) -> None:
        self.requests += 1
        if self.requests == self.pressed_at:
            # Not in this thread: the interpreter hears of it when it looks for signals next.
            thread = threading.Thread(target=signal.raise_signal, args=(signal.SIGINT,))
            thread.start()
            thread.join()

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        self.count()
        super().read_at(offset, buffer)

    def write_at(self, offset: int, data: memoryview, /) -> None:
        self.count()
        super().write_at(offset, data)


def test_ctrl_c_ends_what_takes_long(tmp_path: Path) -> None:
    origin = Interrupting(64 << 20)
    with sv.Volume.create_on(origin, sv.Memory()) as vol:
        copy = vol.create_shadow_copy()
        for part in range(64):
            vol.write(part << 20, b"x")
        out = tmp_path / "out"
        for attempt in (lambda: copy.copy_to(out), lambda: vol.revert(copy.id)):
            origin.press_soon()
            with pytest.raises(KeyboardInterrupt):
                attempt()
            assert origin.requests <= origin.pressed_at + 1
        assert list(tmp_path.iterdir()) == []
        vol.revert(copy.id)
        assert vol.read(5 << 20, 1) == b"\0"


def test_ctrl_c_in_a_backend_comes_out_as_it_is() -> None:
    class Interrupted(Plain):
        def read_at(self, _offset: int, _buffer: memoryview, /) -> None:
            raise KeyboardInterrupt

    with (
        sv.Volume.create_on(Interrupted(SIZE), sv.Memory()) as vol,
        pytest.raises(KeyboardInterrupt),
    ):
        vol.read(0, 1)


def test_a_part_of_a_buffer_that_is_kept_is_harmless() -> None:
    kept: list[memoryview] = []

    class Hoarder(Plain):
        def read_at(self, offset: int, buffer: memoryview, /) -> None:
            super().read_at(offset, buffer)
            kept.append(buffer[:100])

        def write_at(self, offset: int, data: memoryview, /) -> None:
            super().write_at(offset, data)
            kept.append(data[:100])

    with sv.Volume.create_on(Hoarder(SIZE), sv.Memory()) as vol:
        data = fill(0, SIZE, version=1)
        vol.write(0, data)
        found = vol.read(0, SIZE)
        kept[-1][:] = bytes(100)
        assert not difference(found, data)
    gc.collect()
    assert kept[0] == data[:100]
