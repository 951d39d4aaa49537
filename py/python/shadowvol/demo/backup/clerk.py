"""The passive process: it audits shadow copies, backs them up, and sees that they come back."""

from __future__ import annotations

import io
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import apsw

import shadowvol as sv
from shadowvol.demo import bank, digest, vfs
from shadowvol.demo.backup.messages import (
    BRANCHES,
    Audited,
    BackedUp,
    Pair,
    Restored,
    Verified,
)
from shadowvol.demo.layout import Layout
from shadowvol.demo.overlay import Overlay
from shadowvol.demo.sabotage import flip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from shadowvol._types import BackupKind
    from shadowvol.demo.overlay import Source
    from shadowvol.demo.sabotage import Sabotage


class Clerk:
    """Opens the images as passive nodes; of the office it knows the numbers of copies only."""

    def __init__(self, folder: Path, sabotage: Sabotage | None) -> None:
        """Have a repository, and what is restored, beside the images in ``folder``."""
        self._images = {name: folder / f"{name}.img" for name in BRANCHES}
        self._restored = folder / "restored"
        self._restored.mkdir()
        self._repository = sv.Repository.create(folder / "repository")
        self._sabotage = sabotage

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is held open between two questions."""

    def audit(self, pair: Pair) -> Audited:
        """Open both databases in a pair of copies, and audit the bank."""
        with self._copies(pair) as copies:
            return _audit(copies)

    def back_up(self, pair: Pair, kind: BackupKind) -> BackedUp:
        """Back up a pair."""
        begun = time.monotonic()
        with self._copies(pair) as copies:
            made = {
                name: self._repository.backup(
                    shadow_copy,
                    kind=kind,
                    set=pair.set_id,
                    consistency=pair.consistency,
                    participants=pair.took_part,
                )
                for name, shadow_copy in copies.items()
            }
            seconds = time.monotonic() - begun
            needed = {
                name: self._repository.needed(shadow_copy, "incremental")
                for name, shadow_copy in copies.items()
            }
        return BackedUp(
            kind="full" if any(backup.full_because for backup in made.values()) else kind,
            backups={name: backup.id for name, backup in made.items()},
            needed=needed,
            read=sum(backup.read for backup in made.values()),
            new=sum(backup.new for backup in made.values()),
            stored=sum(backup.stored for backup in made.values()),
            seconds=seconds,
            full_because=tuple(
                backup.full_because for backup in made.values() if backup.full_because
            ),
        )

    def verify(self) -> Verified:
        """Read every byte of the repository."""
        if self._sabotage == "backup":
            pack = min(Path(self._repository.path, "packs").iterdir())
            flip(pack, pack.stat().st_size // 2)
        report = self._repository.verify()
        return Verified(len(report.backups), report.chunks, report.bytes, tuple(report.findings))

    def restore(self, backups: Mapping[str, str], digests: Mapping[str, bytes]) -> Restored:
        """Restore a pair of backups to files, compare them with the instant, audit the bank."""
        begun = time.monotonic()
        files = {name: self._restored / f"{name}.img" for name in backups}
        for name, backup in backups.items():
            self._repository.restore(backup, files[name])
        seconds = time.monotonic() - begun
        if self._sabotage == "restored":
            flip(files[BRANCHES[0]], 12_345)
        different = [name for name, file in files.items() if digest.of_file(file) != digests[name]]
        with ExitStack() as stack:
            sources = {
                name: _FileSource(stack.enter_context(file.open("rb")))
                for name, file in files.items()
            }
            audited = _audit(sources)
            size = sum(source.size for source in sources.values())
        return Restored(
            bytes=size,
            seconds=seconds,
            identical=len(files) - len(different),
            audited=audited,
            different=tuple(different),
        )

    @contextmanager
    def _copies(self, pair: Pair) -> Iterator[dict[str, sv.ShadowCopy]]:
        with ExitStack() as stack:
            nodes = {
                name: stack.enter_context(sv.Passive.open(image))
                for name, image in self._images.items()
            }
            yield {name: node.shadow_copy(pair.ids[name]) for name, node in nodes.items()}


class _FileSource:
    """The bytes of a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)

    def read(self, offset: int, length: int, /) -> bytes:
        """The bytes from ``offset`` on."""
        self._file.seek(offset)
        return self._file.read(length)


def _audit(sources: Mapping[str, Source]) -> Audited:
    """Let SQLite recover what was caught half done, in memory, and audit the bank."""
    overlays = {name: Overlay(source) for name, source in sources.items()}
    try:
        layouts = {name: Layout(overlay) for name, overlay in overlays.items()}
        with vfs.connected(layouts) as connection:
            wrong = bank.audit(connection)
    except apsw.Error as error:
        wrong = [f"SQLite: {error}"]
    return Audited(tuple(wrong), any(overlay.written for overlay in overlays.values()))
