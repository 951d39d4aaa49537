"""The story: several volumes, one instant, all or nothing, and applications that take part."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import shadowvol as sv
from shadowvol.cli import main
from shadowvol.participants import Command, Deadlines, Participant, SetCopy, SQLite, Veto

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZE = 1 << 20


class Noting(Participant):
    """Notes what it is told; does at a call what it was asked to."""

    def __init__(self, name: str = "noting", **acts: object) -> None:
        self.name = name
        self.heard: list[str] = []
        self.copies: Sequence[SetCopy] = ()
        self._acts = acts

    def _note(self, call: str) -> None:
        self.heard.append(call)
        act = self._acts.get(call)
        if isinstance(act, Exception):
            raise act
        if callable(act):
            act()

    def prepare(self) -> None:
        self._note("prepare")

    def freeze(self) -> None:
        self._note("freeze")

    def thaw(self) -> None:
        self._note("thaw")

    def post_snapshot(self, copies: Sequence[SetCopy], /) -> None:
        self.copies = copies
        self._note("post_snapshot")

    def abort(self) -> None:
        self._note("abort")

    def backup_complete(self, *, succeeded: bool) -> None:
        self._note(f"backup_complete {succeeded}")

    def shutdown(self) -> None:
        self._note("shutdown")


WHOLE = ["prepare", "freeze", "thaw", "post_snapshot", "backup_complete True", "shutdown"]


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[dict[str, sv.Volume]]:
    """Two open volumes."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                sv.Volume.create(tmp_path / f"{name}.img", size=SIZE, durability="coherent")
            )
            for name in ("data", "log")
        }


def copies_of(volumes: dict[str, sv.Volume]) -> int:
    return sum(len(volume.shadow_copies()) for volume in volumes.values())


def is_writable(volumes: dict[str, sv.Volume]) -> bool:
    return all(volume.write(0, b"on") == 2 for volume in volumes.values())


def test_a_whole_backup(volumes: dict[str, sv.Volume]) -> None:
    shop = Noting("shop")
    for volume in volumes.values():
        volume.write(0, b"then")
    with sv.backup_set(volumes, participants=[shop], label="nightly") as copies:
        assert list(copies) == ["data", "log"]
        for name, volume in volumes.items():
            volume.write(0, b"now!")
            copy = copies[name]
            assert copy.read(0, 4) == b"then"
            assert (copy.label, copy.consistency) == ("nightly", "application")
            assert copy.set_id == copies.id
            assert copy.auto_release
            assert not copy.unfinished
        assert shop.copies == [SetCopy(name, copy.id) for name, copy in copies.items()]
        report = copies.report
        assert (report.outcome, report.took_part) == ("application-consistent", ["shop"])
        assert shop.heard == WHOLE[:4]
    assert shop.heard == WHOLE
    assert copies_of(volumes) == 0


def test_images_by_their_paths(tmp_path: Path) -> None:
    images = [tmp_path / "a.img", tmp_path / "b.img"]
    for image in images:
        sv.Volume.create(image, size=SIZE).close()
    with sv.backup_set(images, auto_release=False) as copies:
        assert list(copies) == [str(image) for image in images]
        assert copies.report.outcome == "crash-consistent"
        with pytest.raises(sv.RoleTaken):
            sv.Volume.open(images[0])
    for image in images:
        with sv.Volume.open(image) as volume:
            assert volume.newest().set_id == copies.id


def test_a_block_that_raises_is_no_backup(volumes: dict[str, sv.Volume]) -> None:
    shop = Noting()
    with (
        pytest.raises(KeyError),
        sv.backup_set(volumes, participants=[shop], auto_release=False),
    ):
        raise KeyError
    assert shop.heard[4:] == ["abort", "shutdown"]
    assert copies_of(volumes) == 0


@pytest.mark.parametrize("call", ["prepare", "freeze", "thaw", "post_snapshot"])
def test_a_veto_names_its_author(volumes: dict[str, sv.Volume], call: str) -> None:
    other = Noting("other")
    shop = Noting("shop", **{call: Veto("stocktaking", retryable=True)})
    with (
        pytest.raises(sv.SetFailed, match=r"participant `shop`.*stocktaking") as raised,
        sv.backup_set(volumes, participants=[other, shop]),
    ):
        pytest.fail("there is no set")
    report = raised.value.report
    assert report is not None
    assert report.failure is not None
    assert (report.failure.author, report.failure.name) == ("participant", "shop")
    assert raised.value.retryable
    assert "abort" in other.heard or "thaw" in other.heard
    assert copies_of(volumes) == 0
    assert is_writable(volumes)


def test_what_is_no_veto_is_one_for_good(volumes: dict[str, sv.Volume]) -> None:
    shop = Noting("shop", freeze=ZeroDivisionError("by zero"))
    with (
        pytest.raises(sv.SetFailed, match="ZeroDivisionError: by zero") as raised,
        sv.backup_set(volumes, participants=[shop]),
    ):
        pytest.fail("there is no set")
    assert not raised.value.retryable


def test_an_optional_participant_is_left_out(volumes: dict[str, sv.Volume]) -> None:
    shop = Noting("shop")
    lazy = Noting("lazy", freeze=Veto("not now"))
    with sv.backup_set(volumes, participants=[shop], optional=[lazy]) as copies:
        report = copies.report
        assert (report.outcome, report.took_part) == ("crash-consistent", ["shop"])
        assert [part.left_out for part in report.participants] == [None, "freeze: not now"]
        assert copies["data"].consistency == "crash"
    assert "abort" in lazy.heard
    with (
        pytest.raises(sv.SetFailed),
        sv.backup_set(
            volumes, optional=[Noting("lazy", freeze=Veto("not now"))], application_consistent=True
        ),
    ):
        pytest.fail("there is no set")


def test_one_that_hangs_is_not_waited_for(volumes: dict[str, sv.Volume]) -> None:
    release = threading.Event()
    stuck = Noting("stuck", freeze=release.wait)
    stuck.deadlines = Deadlines(freeze=0.2)
    begun = time.monotonic()
    with (
        pytest.raises(sv.SetFailed, match=r"participant `stuck`.*no answer in 0\.200 s"),
        sv.backup_set(volumes, participants=[stuck]),
    ):
        pytest.fail("there is no set")
    assert time.monotonic() - begun < 20
    assert is_writable(volumes)
    assert "abort" in stuck.heard
    release.set()


def test_the_wrong_order_is_refused(volumes: dict[str, sv.Volume]) -> None:
    backup = sv.BackupSet(volumes)
    assert backup.report is None
    for step in (backup.create, backup.complete):
        with pytest.raises(sv.WrongState, match="in a set that is new"):
            step()
    backup.prepare()
    with pytest.raises(sv.WrongState, match="prepare does not come next in a set that is prepared"):
        backup.prepare()
    assert len(backup.create()) == 2
    report = backup.complete()
    assert report.outcome == "crash-consistent"
    with pytest.raises(sv.WrongState, match="in a set that is over"):
        backup.create()
    backup.abort()
    assert copies_of(volumes) == 2


def test_a_second_set_waits_or_fails(volumes: dict[str, sv.Volume]) -> None:
    first = sv.BackupSet(volumes)
    first.prepare()
    second = sv.BackupSet({"data": volumes["data"]})
    with pytest.raises(sv.CreationInProgress, match="data"):
        second.prepare()
    assert second.state == "over"

    third = sv.BackupSet({"data": volumes["data"]}, wait=30)
    thread = threading.Thread(target=third.prepare)
    thread.start()
    assert third.state in ("busy", "new")
    first.abort()
    thread.join(30)
    assert third.state == "prepared"
    # One that was given up never blocks the next.
    del third
    with sv.backup_set(volumes, wait=10) as copies:
        assert len(copies) == 2


def test_what_cannot_be_in_a_set(volumes: dict[str, sv.Volume]) -> None:
    with pytest.raises(sv.DuplicateVolume):
        sv.BackupSet([volumes["data"], volumes["data"]])
    volumes["log"].close()
    with pytest.raises(sv.Closed):
        sv.BackupSet(volumes)
    with pytest.raises(ValueError, match="hold_window is -1"):
        sv.BackupSet([volumes["data"]], hold_window=-1)


def test_an_image_is_in_a_set_once(tmp_path: Path) -> None:
    image = tmp_path / "a.img"
    sv.Volume.create(image, size=SIZE).close()
    for other in (image, tmp_path / ".." / tmp_path.name / "a.img"):
        with pytest.raises(sv.DuplicateVolume, match="once"), sv.backup_set([image, other]):
            pytest.fail("there is no set")


def test_asyncio_goes_on(volumes: dict[str, sv.Volume]) -> None:
    slow = Noting("slow", prepare=lambda: time.sleep(0.5), freeze=lambda: time.sleep(0.5))

    async def work() -> int:
        ticks = 0
        async with contextlib.AsyncExitStack() as stack:
            entering = asyncio.ensure_future(
                stack.enter_async_context(sv.backup_set(volumes, participants=[slow]))
            )
            while not entering.done():
                await asyncio.sleep(0.01)
                ticks += 1
            assert (await entering).report.outcome == "application-consistent"
        return ticks

    assert asyncio.run(work()) > 20
    assert slow.heard == WHOLE
    assert copies_of(volumes) == 0


def test_a_cancelled_task_leaves_nothing(volumes: dict[str, sv.Volume]) -> None:
    slow = Noting("slow", freeze=lambda: time.sleep(1))

    async def work() -> None:
        async with asyncio.timeout(0.3), sv.backup_set(volumes, participants=[slow]):
            pytest.fail("there is no set")

    with pytest.raises(TimeoutError):
        asyncio.run(work())
    assert copies_of(volumes) == 0
    assert is_writable(volumes)


def test_a_task_that_is_cancelled_again_and_again_leaves_nothing(
    volumes: dict[str, sv.Volume],
) -> None:
    slow = Noting("slow", freeze=lambda: time.sleep(1))

    async def work() -> None:
        async with sv.backup_set(volumes, participants=[slow]):
            pytest.fail("there is no set")

    async def cancel() -> None:
        task = asyncio.ensure_future(work())
        while not task.done():
            await asyncio.sleep(0.2)
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert slow.heard == ["prepare", "freeze", "abort", "shutdown"]
        assert copies_of(volumes) == 0

    asyncio.run(cancel())


def test_a_task_that_is_cancelled_at_the_end_comes_to_its_end(
    volumes: dict[str, sv.Volume],
) -> None:
    ending = {"backup_complete True": lambda: time.sleep(1)}
    slow = Noting("slow", **ending)

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), sv.backup_set(volumes, participants=[slow]):
                pass
        assert slow.heard[-1] == "shutdown"
        assert copies_of(volumes) == 0

    asyncio.run(work())


def test_who_waits_for_a_set_can_be_interrupted(volumes: dict[str, sv.Volume]) -> None:
    """It waited for the other set's end before it looked at the signal."""
    first = sv.BackupSet(volumes)
    first.prepare()
    timer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), sv.backup_set(volumes, wait=3600):
        pytest.fail("there is no set")

    async def work() -> None:
        async with asyncio.timeout(0.2), sv.backup_set(volumes, wait=3600):
            pytest.fail("there is no set")

    with pytest.raises(TimeoutError):
        asyncio.run(work())
    first.abort()
    with sv.backup_set(volumes) as copies:
        assert len(copies) == 2


def test_ctrl_c_leaves_nothing(volumes: dict[str, sv.Volume]) -> None:
    def press() -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.5)

    shop = Noting("shop", freeze=press)
    with pytest.raises(KeyboardInterrupt), sv.backup_set(volumes, participants=[shop]):
        pytest.fail("there is no set")
    assert "abort" in shop.heard
    assert copies_of(volumes) == 0
    assert is_writable(volumes)


DIE = """
import os, sys
import shadowvol as sv
with sv.backup_set(sys.argv[1:]):
    os._exit(1)
"""


def test_what_a_dead_requester_leaves_is_collected(tmp_path: Path) -> None:
    images = [tmp_path / "a.img", tmp_path / "b.img"]
    for image in images:
        sv.Volume.create(image, size=SIZE).close()
    subprocess.run([sys.executable, "-c", DIE, *map(str, images)], check=False, timeout=60)
    for image in images:
        with sv.Volume.open(image) as volume:
            assert len(volume.shadow_copies()) == 1
            assert len(volume.gc()) == 1
            assert volume.shadow_copies() == []


def test_real_participants_together(volumes: dict[str, sv.Volume], tmp_path: Path) -> None:
    database, log = tmp_path / "shop.db", tmp_path / "log"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE sold (what TEXT)")
        connection.commit()
    note = f"echo $SHADOWVOL_PHASE >> '{log}'"
    participants = [Command(note, note, name="hooks"), SQLite(database, name="shop")]
    for _ in range(2):
        with sv.backup_set(volumes, participants=participants) as copies:
            assert copies.report.took_part == ["hooks", "shop"]
    assert log.read_text().split() == ["freeze", "thaw"] * 2
    with contextlib.closing(sqlite3.connect(database, timeout=0)) as connection:
        connection.execute("INSERT INTO sold VALUES ('all')")


def test_one_instant_across_volumes(volumes: dict[str, sv.Volume]) -> None:
    """Whoever reads the log's number first never finds the data behind it."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            volumes["data"].write(0, number.to_bytes(8, "little"))
            volumes["log"].write(0, number.to_bytes(8, "little"))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(50):
            with sv.backup_set(volumes) as copies:
                data, log = (
                    int.from_bytes(copies[name].read(0, 8), "little") for name in ("data", "log")
                )
                assert data - 1 <= log <= data
    finally:
        stop.set()
        thread.join()


def run(*args: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == status, result.output
    return result.stdout if status == 0 else result.stderr


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "a.img", tmp_path / "b.img"]
    for image in found:
        run("init", image, "--size", "1M")
    return found


def test_copies_live_as_long_as_a_command(images: list[Path], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f"""
printf '%s\\n' "$SHADOWVOL_COPIES" "$SHADOWVOL_COPY_2" "$SHADOWVOL_CONSISTENCY" > {seen}
{sys.executable} -c 'import shadowvol.cli as c; c.main()' list {images[0]} >> {seen}
exit 7
"""
    run("set", *images, "--label", "frozen", "--exec", script, "--pre", "true", status=7)
    lines = seen.read_text().splitlines()
    assert lines[:2] == [f"{image}@1" for image in images]
    assert lines[2:4] == [f"{images[1]}@1", "application-consistent"]
    assert any("frozen" in line for line in lines[4:])
    for image in images:
        assert "no shadow copies" in run("list", image)


# Tests that are to outlive their terminal (nohup) ignore hangups, and so would what they start.
START = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from shadowvol.cli import main
main()
"""


def begin(*args: object) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START, *map(str, args)],
        stdout=subprocess.PIPE,
        text=True,
    )


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_tells_the_command(images: list[Path], ending: signal.Signals) -> None:
    """The command went on without its copies, or they stayed without it."""
    with begin("set", *images, "--exec", "echo $$; exec sleep 600") as process:
        command = int(hear(process))
        process.send_signal(ending)
        assert process.wait(60) == 128 + ending
    with pytest.raises(ProcessLookupError):
        os.kill(command, 0)
    for image in images:
        assert "no shadow copies" in run("list", image)


def test_ctrl_c_is_for_the_command(images: list[Path]) -> None:
    """A command may take its time over it, and still finds its copies."""
    script = f"""
trap '{sys.executable} -c "import shadowvol.cli as c; c.main()" list {images[0]}; exit 5' INT
echo ready; while :; do sleep 0.1; done
"""
    with begin("set", *images, "--label", "frozen", "--exec", script) as process:
        assert hear(process) == "ready"
        process.send_signal(signal.SIGINT)
        (shell,) = children(process.pid)
        os.kill(shell, signal.SIGINT)
        assert process.stdout is not None
        assert "frozen" in process.stdout.read()
        assert process.wait(60) == 5
    assert "no shadow copies" in run("list", images[0])


def children(of: int) -> list[int]:
    """The processes that a process has started; the system call for it is Linux's."""
    if not sys.platform.startswith("linux"):
        pytest.skip("looks for processes in /proc")
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
    return [int(text.split()[0]) for text in stats if text.rpartition(")")[2].split()[1] == str(of)]


def test_sets_of_two_processes_wait_for_each_other(images: list[Path]) -> None:
    with begin("set", *images, "--exec", "echo ready; sleep 1") as first:
        assert hear(first) == "ready"
        assert "is held by process" in run("set", *images, status=1)
        others = [begin("set", *order, "--wait", 120) for order in (images, images[::-1])]
        for process in others:
            with process:
                assert process.wait(180) == 0
    assert len(json.loads(run("list", images[0], "--json"))) == 2


def test_a_set_on_the_command_line_stays(images: list[Path], tmp_path: Path) -> None:
    assert run("set", *images).split() == [f"{image}@1" for image in images]
    report = json.loads(run("set", *images, "--json"))
    assert [copy["id"] for copy in report["copies"]] == [2, 2]
    assert {copy["set"] for copy in report["copies"]} == {report["set"]}
    said = run("set", *images, "--sqlite", tmp_path / "none.db", status=1)
    assert "does not exist" in said
    said = run("set", *images, "--pre", "echo the shop is open; false", status=1)
    assert "the shop is open" in said
    assert run("list", images[0]).count("202") == 2
