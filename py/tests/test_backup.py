"""The story: a volume is backed up every night, by hand and by program, and one day it is gone.

Backups are complete each by itself. What the next one needs is kept, what it does not need is
deleted, and nothing is full, or lost, in silence.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import shadowvol as sv
from sectors import difference, fill
from shadowvol.cli import main

SIZE = 1 << 20


@pytest.fixture
def repository(tmp_path: Path) -> sv.Repository:
    return sv.Repository.create(tmp_path / "backups")


def run(*args: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def report(*args: object, status: int = 0) -> Any:  # noqa: ANN401 - JSON is anything
    return json.loads(run(*args, "--json", status=status).stdout)


def copies(image: Path) -> list[int]:
    with sv.Passive.open(image) as node:
        return [copy.id for copy in node.shadow_copies()]


def write(image: Path, offset: int, length: int, version: int) -> None:
    with sv.Volume.open(image) as vol:
        vol.write(offset, fill(offset, length, version))


def test_a_backup_comes_back(
    volume: sv.Volume, image: Path, repository: sv.Repository, tmp_path: Path
) -> None:
    volume.write(0, fill(0, SIZE // 2, version=1))
    first = volume.create_shadow_copy("monday")
    with sv.Passive.open(image) as node:
        full = repository.backup(
            node.shadow_copy(first.id),
            set="set",
            consistency="application-consistent",
            participants=["database"],
        )
    assert (full.kind, full.read, full.base, full.full_because) == ("full", SIZE, None, None)
    assert (full.name, full.label, full.copy) == ("disk.img", "monday", first.id)
    assert (full.copy_created, full.volume_id) == (first.created, first.volume_id)
    assert full.created >= full.copy_created
    assert (full.set, full.participants) == ("set", ("database",))
    assert full.consistency == "application-consistent"
    volume.write(4096, b"tuesday")
    second = volume.create_shadow_copy()
    next_one = repository.backup(second, kind="incremental", name="disk")
    assert (next_one.base, next_one.read, next_one.name) == (full.id, 65536, "disk")
    assert repository.needed(second, "incremental") == second.id
    assert repository.needed(second, "differential") == first.id
    assert repository.needed(second, "full") is None
    assert [backup.id for backup in repository.backups()] == [full.id, next_one.id]
    out = tmp_path / "out.img"
    for copy, name in ((first, full.id[:8]), (second, "latest")):
        assert repository.restore(name, out) <= SIZE // 2 + 65536
        assert not difference(out.read_bytes(), copy.read(0, SIZE))
    checked = repository.verify()
    assert (checked.ok, checked.findings, checked.harmed) == (True, [], {})
    assert checked.backups == [full.id, next_one.id]
    assert repository.verify([full.id]).chunks == 8
    pruned = repository.prune(keep_last=1)
    assert (pruned.removed, pruned.kept) == ([full.id], [next_one.id])
    repository.restore(next_one.id, out)
    assert not difference(out.read_bytes(), second.read(0, SIZE))


def test_a_lost_base_is_told(volume: sv.Volume, repository: sv.Repository) -> None:
    copy = volume.create_shadow_copy()
    repository.backup(copy)
    volume.delete_shadow_copy(copy.id)
    made = repository.backup(volume.create_shadow_copy(), kind="incremental")
    assert made.kind == "full"
    assert made.full_because is not None
    assert "is gone" in made.full_because


def test_what_progress_raises_comes_out(volume: sv.Volume, repository: sv.Repository) -> None:
    copy = volume.create_shadow_copy()

    def refuse(done: int, total: int) -> None:
        assert (done, total) == (0, SIZE)
        raise LookupError

    with pytest.raises(LookupError):
        repository.backup(copy, progress=refuse)
    assert repository.backups() == []
    heard: list[tuple[int, int]] = []
    repository.backup(copy, progress=lambda done, total: heard.append((done, total)))
    assert (heard[0], heard[-1]) == ((0, SIZE), (SIZE, SIZE))


def test_errors_have_classes(
    volume: sv.Volume, image: Path, repository: sv.Repository, tmp_path: Path
) -> None:
    with pytest.raises(sv.NotARepository):
        sv.Repository.open(tmp_path / "none")
    with pytest.raises(sv.MediumExists):
        sv.Repository.create(tmp_path)
    with pytest.raises(sv.NoSuchBackup):
        repository.restore("latest", tmp_path / "out")
    with pytest.raises(ValueError, match="kind is"):
        repository.backup(volume.create_shadow_copy(), kind="huge")  # type: ignore[arg-type]
    volume.write(0, fill(0, SIZE, version=1))
    made = repository.backup(volume.create_shadow_copy())
    with pytest.raises(sv.BadTarget, match="shadow copies"):
        repository.restore(made.id, image)
    small = tmp_path / "small"
    small.write_bytes(b"small")
    with pytest.raises(sv.BadTarget, match="5 bytes"):
        repository.restore(made.id, small, in_place=True)

    def prune(_done: int, _total: int) -> None:
        with pytest.raises(sv.RepositoryBusy):
            repository.prune()

    repository.restore(made.id, tmp_path / "out", progress=prune)
    for pack in (Path(repository.path) / "packs").iterdir():
        bytes_ = bytearray(pack.read_bytes())
        bytes_[50] ^= 1
        pack.write_bytes(bytes_)
    with pytest.raises(sv.BackupDamaged):
        repository.restore(made.id, tmp_path / "out")
    checked = repository.verify()
    assert not checked.ok
    assert list(checked.harmed) == [made.id]
    assert checked.harmed[made.id][0].length == 65536


def test_qcow2_can_be_asked_for(
    volume: sv.Volume, repository: sv.Repository, tmp_path: Path
) -> None:
    copy = volume.create_shadow_copy()
    copy.copy_to(tmp_path / "a.qcow2", format="qcow2")
    made = repository.backup(copy)
    repository.restore(made.id, tmp_path / "b.qcow2", format="qcow2")
    for name in ("a.qcow2", "b.qcow2"):
        assert (tmp_path / name).read_bytes()[:4] == b"QFI\xfb"


def test_nights_of_the_command(image: Path, tmp_path: Path) -> None:
    place, out = tmp_path / "backups", tmp_path / "out.img"
    run("init", image, "--size", "1M")
    assert "--init makes one" in run("backup", image, place, status=1).stderr
    assert "full backup" in run("backup", image, place, "--init").stdout
    assert copies(image) == [1]
    truths = {"latest": image.read_bytes()}
    for night in range(2, 5):
        write(image, night * 8192, 4096, night)
        done = report("backup", image, place, "--type", "incremental")
        (made,) = done["backups"]
        assert (made["kind"], made["full_because"], done["not_deleted"]) == (
            "incremental",
            None,
            [],
        )
        truths[made["id"]] = image.read_bytes()
        assert copies(image) == [night], "only what the next one needs"
    del truths["latest"]
    for name, truth in truths.items():
        run("restore", name, out, "--from", place, "--force")
        assert not difference(out.read_bytes(), truth)
    assert "use --force" in run("restore", "latest", out, "--from", place, status=1).stderr
    done = report("restore", "latest", out, "--from", place, "--in-place")
    assert (done["out"], done["size"]) == (str(out), SIZE)
    listed = report("backups", place)
    assert [one["kind"] for one in listed] == ["full", *["incremental"] * 3]
    assert listed[-1]["id"] in run("backups", place).stdout
    assert "everything verifies" in run("verify", place).stdout
    assert report("verify", place, "latest")["backups"] == [listed[-1]["id"]]
    tried = report("prune", place, "--keep", 2, "--dry-run")
    assert len(report("backups", place)) == 4
    pruned = report("prune", place, "--keep", 2)
    assert pruned["removed"] == tried["removed"] == [one["id"] for one in listed[:2]]
    run("prune", place, "--remove", listed[2]["id"])
    assert "1 backup kept" in run("prune", place).stdout
    run("restore", "latest", out, "--from", place, "--force", "--format", "qcow2")
    assert out.read_bytes()[:4] == b"QFI\xfb"


def test_differentials_keep_the_full_ones_copy(image: Path, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    run("init", image, "--size", "1M")
    run("backup", image, place, "--init")
    for night in range(2, 4):
        write(image, 0, 4096, night)
        (made,) = report("backup", image, place, "--type", "differential")["backups"]
        assert (made["kind"], made["read"]) == ("differential", 65536)
        assert copies(image) == [1]
    report("backup", image, place, "--type", "incremental", "--keep-full")
    assert copies(image) == [1, 4]
    (made,) = report("backup", image, place, "--type", "copy")["backups"]
    assert made["base"] is None
    assert copies(image) == [4]
    lost = run("backup", image, place, "--type", "differential")
    assert "a full backup was made: shadow copy 1" in lost.stderr


def test_a_copy_of_the_users_own_stays(volume: sv.Volume, image: Path, tmp_path: Path) -> None:
    """And the image may be in use meanwhile."""
    place = tmp_path / "backups"
    taken = volume.create_shadow_copy("mine")
    run("backup", f"{image}@{taken.id}", place, "--init")
    run("backup", f"{image}@newest", place, "--type", "incremental")
    assert [copy.id for copy in volume.shadow_copies()] == [taken.id]
    refused = run("backup", image, place, status=1)
    assert "active role" in refused.stderr


def test_two_images_are_a_set(tmp_path: Path) -> None:
    place, images = tmp_path / "backups", [tmp_path / "a.img", tmp_path / "b.img"]
    for image in images:
        run("init", image, "--size", "1M")
    made = report("backup", *images, place, "--init")["backups"]
    assert [one["name"] for one in made] == ["a.img", "b.img"]
    assert made[0]["set"] == made[1]["set"] is not None
    run("backup", *images, place, "--name", "x", status=2)
    run("backup", *images, place, "--diff", "x", status=2)
    area = tmp_path / "area"
    run("init", tmp_path / "c.img", "--size", "1M", "--diff", area)
    run("backup", tmp_path / "c.img", place, "--diff", area)


def test_applications_take_part(tmp_path: Path) -> None:
    images = [tmp_path / "a.img", tmp_path / "b.img"]
    for image in images:
        run("init", image, "--size", "1M")
    folder, shop = tmp_path / "repository", tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.execute("CREATE TABLE sold (what TEXT)")
    told = report("backup", *images, folder, "--init", "--sqlite", shop, "--pre", "true")
    for made in told["backups"]:
        assert made["consistency"] == "application-consistent"
        assert made["participants"] == ["command", f"SQLite {shop}"]
    assert len({made["set"] for made in told["backups"]}) == 1
    with sv.Passive.open(images[0]) as node:
        base = node.newest()
        assert (base.consistency, base.set_id) == ("application", told["backups"][0]["set"])
        # What the next incremental backup builds on does not expire.
        assert not base.auto_release
        assert base.expires is None

    refused = run("backup", *images, folder, "--pre", "echo the shop is open; exit 1", status=1)
    assert "the shop is open" in refused.stderr
    assert [copies(image) for image in images] == [[1], [1]]
    assert len(sv.Repository.open(folder).backups()) == 2
    run("backup", f"{images[0]}@1", folder, "--pre", "true", status=2)


def test_a_failed_backup_leaves_no_copy(image: Path, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    run("init", image, "--size", "1M")
    sv.Repository.create(place)
    (place / "packs").rmdir()
    write(image, 0, 4096, 1)
    run("backup", image, place, status=1)
    assert copies(image) == []


DIE = """
import os, sys
from shadowvol.cli import main
sys.modules["shadowvol.cli.backup"]._back_up = lambda *_, **__: os._exit(9)
main()
"""


def test_the_copies_of_a_killed_backup_are_collected(image: Path, tmp_path: Path) -> None:
    """They stayed for thirty days."""
    run("init", image, "--size", "1M")
    run("backup", image, tmp_path / "backups", "--init")
    words = [sys.executable, "-c", DIE, "backup", str(image), str(tmp_path / "backups")]
    died = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert died.returncode == 9, died.stderr
    with sv.Passive.open(image) as node:
        assert [copy.id for copy in node.shadow_copies()] == [1, 2]
    assert f"deleted {image}@2" in run("gc", image).stdout
    done = run("backup", image, tmp_path / "backups", "--type", "incremental")
    assert "incremental backup" in done.stdout


def test_backups_of_one_image_take_turns(image: Path, tmp_path: Path) -> None:
    run("init", image, "--size", "1M")
    run("backup", image, tmp_path / "backups", "--init")
    script = "from shadowvol.cli import main; main()"
    words = [sys.executable, "-c", script, "backup", str(image), str(tmp_path / "backups")]
    words += ["--type", "incremental", "--wait", "120"]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    for process in both:
        said, _ = process.communicate(timeout=180)
        assert process.returncode == 0, said
        assert "Traceback" not in said
    assert len(report("backups", tmp_path / "backups")) == 4
    with sv.Passive.open(image) as node:
        assert len(node.shadow_copies()) == 1


def test_damage_is_an_exit_status(image: Path, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    run("init", image, "--size", "1M")
    write(image, 0, SIZE, 1)
    (made,) = report("backup", image, place, "--init")["backups"]
    for pack in (place / "packs").iterdir():
        pack.unlink()
    found = report("verify", place, status=1)
    assert (found["ok"], list(found["harmed"])) == (False, [made["id"]])
    assert made["id"] in run("verify", place, status=1).stdout
    run("restore", "latest", tmp_path / "out", "--from", place, status=1)
    assert not (tmp_path / "out").exists()
    (healed,) = report("backup", image, place, "--type", "incremental")["backups"]
    assert "has lost chunks" in healed["full_because"]
    run("restore", "latest", tmp_path / "out", "--from", place)
    assert not difference((tmp_path / "out").read_bytes(), image.read_bytes())
