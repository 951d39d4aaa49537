"""The story: someone wants to know how much room shadow copies take, before there are any.

The traces are real: SQLite and fio run through a volume that is recorded, and fio writes a log of
its own. What a plan says is compared with what the volume has really preserved. Plans become arrays
and pictures, go through a command line, and are made in parts by other processes.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import pickle
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from dask.base import compute
from dask.delayed import delayed

import shadowvol as sv
from sectors import fill
from shadowvol.cli import main
from shadowvol.cli.plan import parse_pairs
from shadowvol.demo import bank, vfs
from shadowvol.demo.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., subprocess.CompletedProcess[str]]

MINUTE = timedelta(minutes=1)
SAMPLES = Path(__file__).parents[2] / "host" / "tests" / "plan" / "samples"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A table of writes: each minute of two hours, one more chunk than in the minute before."""
    path = tmp_path / "writes.csv"
    lines = [f"{60 * nth},{4096 * at},4096,w" for nth in range(120) for at in range(nth % 10 + 1)]
    path.write_text("time,offset,length,kind\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def run(*args: object, status: int = 0, stdin: bytes | None = None) -> Result:
    """Run the command in this process."""
    result = CliRunner().invoke(main, ["plan", *map(str, args)], input=stdin)
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_sqlite_on_a_volume(image: Path, tmp_path: Path) -> None:
    path = tmp_path / "sqlite.trace"
    with sv.Volume.create(image, size=12 << 20, durability="coherent") as vol:
        # No byte is zero, since zeros take no room.
        vol.write(4096, fill(4096, vol.size // 2 - 4096, version=1))
        vol.write(vol.size // 2 + 4096, fill(0, vol.size // 2 - 4096, version=1))
        with vol.record(path) as recording, vfs.connected({"bank": Layout(vol)}) as connection:
            bank.found(connection)
            teller = bank.Teller(connection, seed=7)
            for nth in range(60):
                if nth % 10 == 0:
                    vol.create_shadow_copy()
                if nth % 20 == 19:
                    vol.delete_shadow_copy(vol.shadow_copies()[-2].id)
                teller.transfer()
            assert not bank.audit(connection)
        assert recording.events > 500
        stats = vol.stats()
    assert stats.preserved_bytes > 0
    plan = sv.plan(path, chunk_size=[4096, 65536])
    assert plan.trace.size == 12 << 20
    assert plan.trace.copies == 6
    assert plan.trace.flushes > 50
    row = plan.rows[0]
    assert row.every is None
    assert row.preserved_chunks * 4096 == stats.preserved_bytes + stats.zero_bytes
    assert [interval.preserved for interval in row.intervals] != [0] * 6
    assert row.peak_bytes == max(interval.in_use for interval in row.intervals)
    assert plan.rows[1].preserved_bytes >= row.preserved_bytes


def test_fio_and_its_log(image: Path, tmp_path: Path) -> None:
    if shutil.which("fio") is None:
        pytest.skip("NOT TESTED: plans from the logs of a real fio; install Debian's package fio")
    log, path = tmp_path / "fio.log", tmp_path / "fio.trace"
    target = tmp_path / "target"
    size = 8 << 20
    subprocess.run(
        [
            *("fio", "--name=plan", f"--filename={target}", f"--size={size}", "--rw=randrw"),
            *("--bsrange=4k-64k", "--number_ios=400", "--fsync=20", "--randseed=3"),
            f"--write_iolog={log}",
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    lines = [line.split() for line in log.read_text("utf-8").splitlines()[1:]]
    writes = [(int(at), int(count)) for _, _, act, at, count in _actions(lines) if act == "write"]
    assert len(writes) > 100

    with sv.Volume.create(image, size=size, durability="coherent") as vol:
        vol.write(0, fill(0, size, version=1))
        with vol.record(path):
            vol.create_shadow_copy()
            for offset, count in writes:
                vol.write(offset, fill(offset, count, version=2))
        preserved = vol.stats().preserved_bytes

    of_volume = sv.plan(path, chunk_size=4096)
    of_fio = sv.plan(log, every=timedelta(days=1), keep=1, chunk_size=4096, size=size)
    assert of_fio.trace.writes == of_volume.trace.writes == len(writes)
    assert of_fio.trace.written_bytes == sum(count for _, count in writes)
    assert of_fio.trace.flushes >= len(writes) // 20
    for plan in (of_volume, of_fio):
        assert plan.rows[0].preserved_bytes == plan.rows[0].peak_bytes == preserved
    assert of_fio.rows[0].diff_area == of_volume.rows[0].diff_area


def _actions(lines: list[list[str]]) -> list[list[str]]:
    return [line for line in lines if len(line) == 5]  # others open and close the file


def test_what_a_plan_says(trace: Path) -> None:
    plan = sv.plan(trace, every=10 * MINUTE, keep=[2, 30 * MINUTE], chunk_size=[4096, 16384])
    assert (plan.trace.writes, plan.trace.size) == (660, None)
    assert plan.trace.seconds == 119 * 60
    assert [(row.chunk_size, row.keep, row.keep_copies) for row in plan.rows] == [
        (4096, None, 2),
        (4096, 1800, None),
        (16384, None, 2),
        (16384, 1800, None),
    ]
    first = plan.rows[0]
    # Ten chunks are overwritten between two copies, each many times.
    assert (first.peak_bytes, first.most_copies, first.copies) == (20 * 4096, 2, 12)
    assert first.change_median == first.change_most == 10 * 4096
    assert first.preserved_bytes == 12 * 10 * 4096
    assert first.amplification == pytest.approx(
        1 + (first.preserved_bytes + first.record_bytes) / (660 * 4096)
    )
    assert first.warm
    assert len(first.intervals) == 12
    assert first.intervals[1] == sv.PlanInterval(600.0, 10 * 4096, 20 * 4096)
    assert plan.rows[1].peak_bytes == 30 * 4096
    assert plan.rows[2].peak_bytes == 2 * 3 * 16384
    assert first.schedule == "a copy every 10 min, 2 kept"
    assert plan.rows[1].schedule == "a copy every 10 min kept for 30 min"
    assert first.diff_area > first.peak_bytes + first.journal
    assert "series" not in repr(first)


def test_a_diff_area_of_that_size_is_enough(image: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with sv.Volume.create(image, size=4 << 20, durability="coherent") as vol:
        vol.write(0, fill(0, vol.size, version=1))
        with vol.record(path):
            _work(vol)
    row = sv.plan(path, chunk_size=4096).rows[0]
    other = image.with_name("other.img")
    with sv.Volume.create(other, size=4 << 20, limit=row.diff_area, durability="coherent") as vol:
        vol.write(0, fill(0, vol.size, version=1))
        _work(vol)
        assert vol.stats().space.limit == row.diff_area


def _work(vol: sv.Volume) -> None:
    for version in range(2, 8):
        vol.create_shadow_copy()
        for offset in range(0, vol.size, 40_960):
            vol.write(offset, fill(offset, 4096 * version, version)[: vol.size - offset])
        if version > 4:
            vol.delete_shadow_copy(vol.shadow_copies()[0].id)


def test_arrays(trace: Path) -> None:
    plan = sv.plan(trace, every=10 * MINUTE, keep=[2, timedelta(hours=9)], chunk_size=4096)
    rows = plan.to_numpy()
    assert rows["diff_area"].tolist() == [row.diff_area for row in plan.rows]
    assert rows["keep_copies"].tolist() == [2, 0]
    assert math.isnan(rows["keep"][0])
    assert rows["warm"].tolist() == [True, False]
    series = plan.rows[0].to_numpy()
    assert series["begins"].tolist() == [nth * 600 * 10**9 for nth in range(12)]
    assert int(np.max(series["in_use"])) == plan.rows[0].peak_bytes


def test_arrow(trace: Path) -> None:
    pytest.importorskip("pyarrow", reason="NOT TESTED: Arrow tables; pip install pyarrow")
    plan = sv.plan(trace, every=MINUTE, keep=2, chunk_size=[4096, 8192])
    table = plan.to_arrow()
    assert table.column("chunk_size").to_pylist() == [4096, 8192]


def test_parts_of_a_plan_are_made_by_other_processes(trace: Path) -> None:
    sizes = [4096, 16384, 65536]
    whole = sv.plan(trace, every=10 * MINUTE, keep=3, chunk_size=sizes)
    assert pickle.loads(pickle.dumps(whole)) == whole
    part = delayed(sv.plan)
    parts = [part(trace, every=10 * MINUTE, keep=3, chunk_size=size) for size in sizes]
    made = compute(*parts, scheduler="processes", num_workers=2)
    assert sv.Plan.join(made) == whole
    with pytest.raises(ValueError, match="one trace"):
        sv.Plan.join([])


def test_a_trace_of_no_use(tmp_path: Path, trace: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_text("fio version 3 iolog\n1 /dev/sdb write here 4096\n", "utf-8")
    with pytest.raises(sv.BadTrace, match="offset and length") as caught:
        sv.plan(bad, every=MINUTE, keep=1)
    assert caught.value.line == 2
    assert str(bad) in str(caught.value)
    with pytest.raises(FileNotFoundError):
        sv.plan(tmp_path / "nothing", every=MINUTE, keep=1)
    with pytest.raises(sv.BadTrace, match="no shadow copies"):
        sv.plan(trace, format="csv")
    for wrong in (
        {"every": MINUTE},
        {"keep": 3},
        {"every": -MINUTE, "keep": 3},
        {"every": MINUTE, "keep": 0},
        {"every": MINUTE, "keep": timedelta(0)},
        {"every": MINUTE, "keep": 1, "format": "tarot"},
        {"every": MINUTE, "keep": 1, "columns": {"where": 2}},
        {"every": MINUTE, "keep": 1, "units": {"time": "fortnights"}},
        {"every": MINUTE, "keep": 1, "units": {"offset": "sectors"}},
        {"every": MINUTE, "keep": 1, "chunk_size": 5000},
    ):
        arguments: dict[str, Any] = wrong
        with pytest.raises(ValueError, match=r"\w"):
            sv.plan(trace, **arguments)


def test_planning_can_be_stopped(trace: Path) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sv.plan(trace, every=MINUTE, keep=1, progress=stop)


def test_recording(volume: sv.Volume, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with volume.record(path) as recording:
        assert recording.path == str(path)
        with pytest.raises(sv.AlreadyRecording, match="stop that first"):
            volume.record(tmp_path / "other")
        volume.write(0, b"x")
        volume.discard(8192, 4096)
        assert recording.events == 2
    volume.write(0, b"y")
    recording.stop()
    assert recording.events == 2
    with pytest.raises(FileExistsError):
        volume.record(path)
    facts = sv.plan(path, every=MINUTE, keep=1).trace
    assert (facts.writes, facts.discards, facts.cut_off) == (1, 1, False)
    head = json.loads(path.read_bytes().split(b"\n")[0])
    assert head["size"] == volume.size


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_child_does_not_write_to_its_parents_trace(tmp_path: Path) -> None:
    script = """
import os, sys, shadowvol as sv
vol = sv.Volume.create("disk.img", size=1 << 20)
recording = vol.record("trace")
vol.write(0, b"x")
child = os.fork()
if child == 0:
    try:
        recording.stop()
    except sv.Closed:
        del recording
        os._exit(0)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
vol.write(4096, b"x")
recording.stop()
vol.close()
assert sv.plan("trace", every=sv.plan.__globals__["timedelta"](hours=1), keep=1).trace.writes == 2
"""
    # Python warns of forks in processes with threads, as this one is because of the volume.
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=tmp_path, check=True, timeout=60
    )


def test_the_command_line(trace: Path) -> None:
    options = ("--format", "csv", "--every", "10m", "--keep", "2", "--keep", "24h")
    shown = run(trace, *options, "--chunk-size", "4K", "--chunk-size", "64K").stdout
    assert "A copy every 10 min, 2 kept needs" in shown
    assert "A copy every 10 min kept for 24 h needs" in shown
    assert "with chunks of 4 KiB, the least of those tried (--chunk-size 4096 --limit " in shown
    assert "660 writes" in shown
    assert "the trace is shorter than some copies are kept: it lasts 119 min" in shown
    assert "zeros" in shown

    told = json.loads(run(trace, *options, "--json").stdout)
    assert told["trace"]["writes"] == 660
    assert len(told["rows"]) == 2 * 5
    plan = sv.plan(trace, format="csv", every=10 * MINUTE, keep=[2, timedelta(hours=24)])
    assert [row["diff_area"] for row in told["rows"]] == [row.diff_area for row in plan.rows]
    assert told["rows"][0]["intervals"][1]["begins"] == 600


def test_a_plot(trace: Path, tmp_path: Path) -> None:
    for name, beginning in (("plan.png", b"\x89PNG"), ("plan.svg", b"<?xml")):
        run(trace, "--format", "csv", "--every", "10m", "--keep", "3", "--plot", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(beginning)
    plan = sv.plan(trace, every=10 * MINUTE, keep=[3, timedelta(hours=1)], chunk_size=[4096, 65536])
    over_time, needed = plan.plot().axes
    assert len(over_time.get_lines()) == 2 * 2
    assert len(needed.containers) == 2
    tops = [bar.get_height() for bars in needed.containers for bar in bars]
    assert max(tops) == max(row.diff_area for row in plan.rows) / (1 << 20)
    assert len(tops) == len(plan.rows)


def test_a_pipe_and_samples_of_other_tools(shadowvol: Run) -> None:
    command = "from shadowvol.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, "plan", "-", "--every", "1h", "--keep", "1", "--json"],
        input=gzip.compress((SAMPLES / "blkparse.txt").read_bytes()),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["trace"]["writes"] == 2
    table = (
        *("plan", str(SAMPLES / "filetime.csv"), "--every", "1h", "--keep", "1", "--json"),
        *("--columns", "time=1,kind=4,offset=5,length=6,device=3", "--units", "time=100ns"),
    )
    assert json.loads(shadowvol(*table, "--device", "0").stdout)["trace"]["writes"] == 2
    several = shadowvol(*table)
    assert several.returncode == 1
    assert "choose one device" in several.stderr


def test_what_the_command_line_does_not_understand(trace: Path, tmp_path: Path) -> None:
    schedule = ("--every", "10m", "--keep", "1")
    not_understood: tuple[tuple[object, ...], ...] = (
        (trace, "--every", "10m"),
        (trace, "--every", "soon", "--keep", "1"),
        (trace, "--every", "0s", "--keep", "1"),
        (trace, "--every", "10m", "--keep", "0"),
        (trace, "--every", "10m", "--keep", "x"),
        (trace, *schedule, "--columns", "time"),
        (trace, *schedule, "--units", "time=years"),
    )
    for args in not_understood:
        assert "Traceback" not in run(*args, status=2).stderr
    failing: tuple[tuple[object, ...], ...] = (
        (tmp_path / "nothing", *schedule),
        (SAMPLES / "named.csv", *schedule),
        (trace, "--format", "fio", *schedule),
        (trace, "--format", "csv", *schedule, "--chunk-size", "5000"),
    )
    for args in failing:
        assert run(*args, status=1).stderr.startswith("Error: ")
    assert parse_pairs("time=3,offset=LBA") == {"time": 3, "offset": "LBA"}
