"""The story: someone works with the command line, and a program does.

A person gets tables and one clear line when something is wrong; a program gets JSON and the exit
status. Neither ever gets a traceback. What only reads works while another process has the volume.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import ext4
import shadowvol as sv
from sectors import difference, fill
from shadowvol.cli import main
from shadowvol.cli.sections import SECTIONS
from shadowvol.cli.size import parse_size, size_text
from shadowvol.cli.target import Target, parse_target

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

SIZE = 1 << 20


def run(*args: object, status: int = 0) -> Result:
    """Run the command in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def report(*args: object, status: int = 0) -> Any:  # noqa: ANN401 - JSON is anything
    """What it reports to a program."""
    return json.loads(run(*args, "--json", status=status).stdout)


@pytest.fixture
def ready(image: Path) -> Path:
    """An image with two shadow copies."""
    run("init", image, "--size", "1M")
    with sv.Volume.open(image) as vol:
        vol.write(0, fill(0, SIZE, version=1))
        vol.create_shadow_copy("first")
        vol.write(8192, fill(8192, 4096, version=2))
        vol.create_shadow_copy("second [b]x[/b] :smile:")
    return image


def test_a_day_with_it(image: Path) -> None:
    assert "1 MiB" in run("init", image, "--size", "1M", "--chunk-size", "16K").stdout
    assert run("snapshot", image, "--label", "nightly").stdout.strip() == f"{image}@1"
    with sv.Volume.open(image) as vol:
        vol.write(0, b"changed")
    run("snapshot", image)
    assert "nightly" in run("list", image).stdout
    assert "16 KiB" in run("info", image).stdout
    assert "1 extent, 16 KiB" in run("diff", f"{image}@1", f"{image}@2").stdout
    out = image.with_name("out.img")
    assert "written" in run("copy", f"{image}@1", out).stdout
    assert out.read_bytes() == bytes(SIZE)
    assert "everything verifies" in run("check", image).stdout
    run("revert", f"{image}@1")
    assert image.read_bytes() == bytes(SIZE)
    assert run("delete", f"{image}@1", f"{image}@newest").stdout.count("deleted") == 2
    assert "no shadow copies" in run("list", image).stdout


def test_json_everywhere(image: Path) -> None:
    made = report("init", image, "--size", SIZE, "--limit", "64M", "--on-full", "drop-oldest")
    area = str(image) + ".diff"
    assert made == {"image": str(image), "diff": area, "size": SIZE, "chunk_size": 4096}
    taken = report("snapshot", image, "--label", "é")
    assert (taken["id"], taken["label"]) == (1, "é")
    assert datetime.fromisoformat(taken["created"]).tzinfo is not None
    report("snapshot", image)
    assert [copy["id"] for copy in report("list", image)] == [1, 2]
    info = report("info", image)
    assert info["newest"]["id"] == info["shadow_copies"] == 2
    assert info["space"]["limit"] == 64 << 20
    assert info["on_full"] == "drop-oldest"
    delta = report("diff", f"{image}@2", f"{image}@1")
    assert (delta["bytes"], delta["extents"]) == (0, [])
    out = image.with_name("out.img")
    copied = report("copy", f"{image}@newest", out)
    assert (copied["id"], copied["size"], copied["out"]) == (2, SIZE, str(out))
    checked = report("check", image)
    assert (checked["ok"], checked["findings"]) == (True, [])
    assert report("revert", f"{image}@1")["reverted"] == 1
    assert report("delete", f"{image}@2", f"{image}@1")["deleted"] == [2, 1]
    assert report("list", image) == []


def test_labels_are_shown_as_they_are(ready: Path) -> None:
    assert "second [b]x[/b] :smile:" in run("list", ready).stdout


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("frobnicate",),
        ("list",),
        ("copy", "disk.img", "out"),
        ("copy", "disk.img@", "out"),
        ("copy", "disk.img@x", "out"),
        ("copy", "@3", "out"),
        ("delete",),
        ("diff", "a.img@1", "b.img@2"),
        ("delete", "a.img@1", "b.img@2"),
        ("init", "x.img", "--size", "huge"),
        ("init", "x.img", "--size", "1M", "--chunk-size", "5000"),
        ("init", "x.img", "--on-full", "panic"),
        ("list", "x.img", "--frobnicate"),
        ("backup", "x.img"),
        ("backup", "x.img", "x.img", "repository"),
        ("set", "x.img", "x.img"),
        ("demo", "--seconds", "1000"),
        ("demo", "--readers", "1"),
        ("demo", "--act", "3"),
        ("demo", "--act", "1", "--sabotage", "leftover"),
        ("demo", "--dir", ".", "--keep", "kept"),
    ],
)
def test_what_is_not_understood_ends_with_2(args: tuple[str, ...], tmp_path: Path) -> None:
    args = tuple(str(tmp_path / arg) if ".img" in arg else arg for arg in args)
    assert run(*args, status=2).stderr
    assert not list(tmp_path.iterdir())


def test_what_fails_ends_with_1_and_a_line(ready: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.img"
    missing = tmp_path / "missing.img"
    for args, words in (
        (("list", missing), str(missing)),
        (("snapshot", missing), str(missing)),
        (("init", missing), str(missing)),
        (("init", ready), "diff"),
        (("copy", f"{ready}@9", out), "no shadow copy 9"),
        (("delete", f"{ready}@1", f"{ready}@9"), "no shadow copy 9"),
        (("revert", f"{ready}@9"), "no shadow copy 9"),
        (("diff", f"{ready}@1", f"{ready}@9"), "no shadow copy 9"),
        (("copy", f"{ready}@1", tmp_path / "no" / "folder"), str(tmp_path / "no")),
        (("copy", f"{ready}@1", ready), "--force"),
        (("list", f"{ready}@1"), f"takes the image, not one of its shadow copies: {ready}"),
        (("snapshot", f"{ready}@newest"), f"not one of its shadow copies: {ready}"),
        (("verify", ready), "backup IMAGE REPOSITORY --init"),
        (("init", missing, "--size", "99999999999P"), "no volume reaches there"),
    ):
        result = run(*args, status=1)
        assert result.stderr.startswith("Error: ")
        assert words in result.stderr
        assert "Traceback" not in result.stderr
        assert not result.stdout
    assert not out.exists()
    run("copy", f"{ready}@1", ready, "--force", status=1)  # its own image, even so
    with sv.Volume.open(ready) as vol:
        assert [copy.id for copy in vol.shadow_copies()] == [1, 2]


def test_a_label_that_is_no_text(ready: Path) -> None:
    assert "no text" in run("snapshot", ready, "--label", "l\udcff", status=2).stderr


def test_a_deleted_copy(ready: Path, tmp_path: Path) -> None:
    run("delete", f"{ready}@1")
    assert "gone" in run("copy", f"{ready}@1", tmp_path / "out", status=1).stderr
    assert "gone" in run("delete", f"{ready}@1", status=1).stderr
    assert not (tmp_path / "out").exists()


def test_copy_replaces_only_when_told_to(ready: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.img"
    out.write_bytes(b"precious")
    assert "--force" in run("copy", f"{ready}@1", out, status=1).stderr
    assert out.read_bytes() == b"precious"
    run("copy", f"{ready}@1", out, "--force")
    assert not difference(out.read_bytes(), fill(0, SIZE, version=1))


def test_another_diff_area(image: Path) -> None:
    area = image.with_name("elsewhere")
    run("init", image, "--size", "64K", "--diff", area)
    assert area.exists()
    assert report("snapshot", image, "--diff", area)["id"] == 1
    assert len(report("list", image, "--diff", area)) == 1
    assert report("info", image, "--diff", area)["diff"] == str(area)
    run("list", image, status=1)


def test_while_another_process_has_the_volume(ready: Path, shadowvol: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.img"
    with sv.Volume.open(ready) as vol:
        for args in (
            ("list", ready),
            ("info", ready),
            ("diff", f"{ready}@1", f"{ready}@2"),
            ("copy", f"{ready}@1", out),
            ("check", ready),
        ):
            done = shadowvol(*map(str, args))
            assert done.returncode == 0, done.stderr
            assert not done.stderr
        assert not difference(out.read_bytes(), fill(0, SIZE, version=1))
        for command, name in (("snapshot", ready), ("delete", f"{ready}@1")):
            done = shadowvol(command, str(name))
            assert done.returncode == 1
            assert done.stderr.startswith("Error: ")
            assert "has the volume open" in done.stderr
            assert "Traceback" not in done.stderr
        assert [copy.id for copy in vol.shadow_copies()] == [1, 2]
        assert not difference(vol.read(0, 8192), fill(0, 8192, version=1))


def test_check_fails_on_damage(ready: Path) -> None:
    with sv.Volume.open(ready) as vol:
        vol.write(0, bytes(SIZE))
    area = Path(sv.diff_path(ready))
    data = bytearray(area.read_bytes())
    data[data.index(fill(8192, 512, version=2)) + 9] ^= 4
    area.write_bytes(data)
    result = run("check", ready, status=1)
    assert "8192+4096" in result.stdout
    assert f"Damaged there: {ready}@2;" in result.stdout
    found = report("check", ready, status=1)
    assert not found["ok"]
    assert found["findings"][0]["copies"] == [2]
    assert found["findings"][0]["extents"] == [{"offset": 8192, "length": 4096}]


def test_every_command_is_listed_once() -> None:
    listed = re.findall(r"(?m)^  ([a-z]+)  +[A-Z]", run("--help").stdout)
    assert sorted(listed) == sorted(main.commands)
    assert {name for names in SECTIONS.values() for name in names} <= set(main.commands)


def test_as_a_real_process(shadowvol: Run) -> None:
    assert shadowvol("--version").stdout.strip().endswith(sv.__version__)
    assert "snapshot" in shadowvol("--help").stdout
    assert shadowvol("init", "disk.img", "--size", "64K").returncode == 0
    assert shadowvol("snapshot", "disk.img").stdout == "disk.img@1\n"
    listed = shadowvol("list", "disk.img")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "\x1b" not in listed.stdout
    assert shadowvol("list", "nothing.img").returncode == 1
    assert shadowvol("lisst").returncode == 2


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("disk.img@3", Target(Path("disk.img"), 3)),
        ("disk.img@newest", Target(Path("disk.img"), None)),
        ("me@home.img@12", Target(Path("me@home.img"), 12)),
        ("a@1@2", Target(Path("a@1"), 2)),
        ("/dev/mapper/x@007", Target(Path("/dev/mapper/x"), 7)),
    ],
)
def test_image_at_id(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert str(parse_target(str(target))) == str(target)


def test_an_image_with_an_at_in_its_name(tmp_path: Path) -> None:
    image = tmp_path / "vm@5"
    run("init", image, "--size", "64K")
    run("snapshot", image)
    run("copy", f"{image}@1", tmp_path / "out")
    assert run("snapshot", image).stdout.strip() == f"{image}@2"


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("4096", 4096), ("4k", 4096), ("64KiB", 65536), ("1M", 1 << 20), ("3TB", 3 << 40)],
)
def test_sizes(text: str, count: int) -> None:
    assert parse_size(text) == count


def test_sizes_for_people() -> None:
    assert [size_text(n) for n in (0, 1023, 1024, 1536, 1 << 20, (1 << 30) - 1, 1 << 60)] == [
        "0 B",
        "1023 B",
        "1 KiB",
        "1.5 KiB",
        "1 MiB",
        "1 GiB",
        "1024 PiB",
    ]


def test_files_inside_a_copy(image: Path, tmp_path: Path) -> None:
    ext4.make(image, ext4.tree(tmp_path / "folder"))
    run("init", image)
    run("snapshot", image)
    with sv.Volume.open(image) as vol:
        # What reads works while another node writes over everything.
        vol.discard(0, vol.size)
        assert run("cat", f"{image}@1", "latest", "home/script").stdout == (
            "Dear Ann,\nall is well.\n#!/bin/sh\n"
        )
        lines = run("ls", f"{image}@1").stdout
        assert re.search(r"^ *drwx\S+ +\d+ +\d{4}-\S+ \S+ +home *$", lines, re.MULTILINE)
        assert "latest -> home/letters/to Ann" in lines
        assert r"gr\xfc\xdfe" in lines or r"gr\udcfc\udcdfe" in lines
        assert "/home/letters/to Ann" in run("ls", "-R", f"{image}@newest").stdout
        assert run("ls", f"{image}@1", "home/photo").stdout.split()[-1] == "home/photo"
    found = {file["path"]: file for file in report("ls", f"{image}@1", "-R")}
    assert found["/home/script"]["mode"] == "-rwsr-x---"
    assert found["/home/script"]["modified"].startswith("2009-02-13T23:31:30")
    assert found["/home/photo"]["size"] == 256 * 800
    assert found["/out"]["target"] == "../../../etc/passwd"
    assert found[os.fsdecode(b"/gr\xfc\xdfe")]["size"] == len("no UTF-8")
    wrong = run("cat", f"{image}@1", "nothing", status=1)
    assert wrong.stderr == "Error: nothing: there is no such file\n"
    run("snapshot", image)
    assert "only zeros" in run("ls", f"{image}@2", status=1).stderr
    with sv.Volume.open(image) as vol:
        vol.write(510, b"\x55\xaa")
        vol.create_shadow_copy()
    assert "--offset" in run("ls", f"{image}@newest", status=1).stderr
    assert "no size" in run("ls", f"{image}@1", "--offset", "some", status=2).stderr
