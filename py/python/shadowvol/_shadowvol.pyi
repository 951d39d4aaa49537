"""The extension module: the engine of :mod:`shadowvol`, in Rust.

Import these names from ``shadowvol``. What holds for all of them:

* Offsets, lengths and sizes are in bytes. Requests need no alignment. A request of no bytes does
  nothing; one that reaches past the end raises ``OutOfRange`` and does nothing either.
* A volume, a node and a shadow copy may be used by many threads at once. No method holds the
  interpreter lock while it waits for a disk or for another thread.
* Buffers are anything with C-contiguous bytes (``bytes``, ``bytearray``, ``memoryview``, ``mmap``,
  NumPy arrays), used in place. A buffer that is read into must be writable; no other thread may
  change a buffer while a request uses it.
* A volume or node belongs to the process that opened it: after a fork, open it again.
* Long operations can be interrupted with Ctrl-C, whether or not they report progress.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, final

from typing_extensions import Buffer

from shadowvol._backend import Backend, ReadBackend
from shadowvol._extent import Extent
from shadowvol._files import Files
from shadowvol._raw import ForkIO, ShadowCopyIO
from shadowvol._types import (
    BackupKind,
    Caching,
    Durability,
    ImageFormat,
    MemoryMapping,
    OnExternalWrite,
    OnFull,
    Progress,
    StrPath,
    TraceAction,
    TraceFormat,
)
from shadowvol.participants import Participant

__all__ = [
    "Backup",
    "CheckReport",
    "Draft",
    "Event",
    "FileNode",
    "FileTree",
    "Finding",
    "Fork",
    "Memory",
    "Mount",
    "Passive",
    "PassiveStats",
    "PruneReport",
    "Recording",
    "Repository",
    "SetCreation",
    "ShadowCopy",
    "Space",
    "VerifyReport",
    "Volume",
    "VolumeStats",
    "__version__",
    "check",
    "diff_path",
    "replay",
]

__version__: str

@final
class Volume:
    """A live volume: the active node, which reads, writes and takes shadow copies.

    There is one active node at a time. On one host a second one is refused with ``RoleTaken``;
    an active node on another host is fenced when this one opens, and fails its next write with
    ``Fenced``. A volume is a context manager that closes itself.
    """

    @classmethod
    def create(
        cls,
        path: StrPath,
        *,
        diff: StrPath | None = None,
        size: int | None = None,
        chunk_size: int = 4096,
        limit: int | None = None,
        on_full: OnFull = "fail",
        durability: Durability = "durable",
        caching: Caching = "auto",
        on_event: Callable[[Event], object] | None = None,
    ) -> Self:
        """Make a diff area for an image, and open the volume.

        An image that exists is adopted as it is: its bytes stay where they are.

        Args:
            path: the image, a raw file or block device: the origin.
            diff: the diff area, a file to be made, or a block device; ``diff_path(path)`` if not
                given, but for a device, beside which it would not last.
            size: make a new sparse image of this many bytes if there is none. An image that is
                there must have this size.
            chunk_size: the unit of preservation, a power of two from 4096 to 1048576, fixed for
                the diff area's life.
            limit: the most bytes the diff area may take; it grows as far as its medium lets it if
                not given.
            on_full: whether a write fails with ``DiffAreaFull`` when there is no room for the old
                bytes, or the oldest shadow copies are let go, which is an ``Event``.
            durability: ``"durable"``: flushed writes and shadow copies survive power loss;
                ``"coherent"``: they survive the death of the process, but not of the machine. Who
                cuts the diff area short meanwhile ends the process (``SIGBUS``).
            caching: ``"direct"`` bypasses this host's page cache; ``"auto"`` does so where others
                could not see what is cached; ``"buffered"`` never does, and raises
                ``CachedMedium`` where passive nodes on other hosts would read wrong bytes.
            on_event: called with every event, by the volume's own thread, so that no request waits
                for it; by the caller's for what opening finds, and in :meth:`events` and
                :meth:`close`. What it raises goes to ``sys.unraisablehook``.

        Raises:
            MissingMedium: there is no image, and no size was given; or it is a device, and no
                diff area was given.
            MediumExists: the diff area already exists, or is the image itself. Nothing was changed.
            OriginSize: the image exists with a size that is not ``size``.
            BadChunkSize, ReadOnly, RoleTaken, CachedMedium, DiffAreaTooSmall, MediumError.
        """

    @classmethod
    def open(
        cls,
        path: StrPath,
        *,
        diff: StrPath | None = None,
        durability: Durability | None = None,
        limit: int | None = None,
        on_full: OnFull | None = None,
        external_write: OnExternalWrite = "error",
        caching: Caching = "auto",
        on_event: Callable[[Event], object] | None = None,
    ) -> Self:
        """Take the active role of a volume whose diff area exists.

        Args:
            path: the image.
            diff: the diff area; ``diff_path(path)`` if not given.
            durability: as in :meth:`create`; as before if not given.
            limit: a new cap, 0 for none; as before if not given.
            on_full: a new policy; as before if not given.
            external_write: what to do when the origin was changed while no active node was
                running, or the machine went down in coherent mode, so that shadow copies may be
                wrong: ``"error"`` raises ``ExternalWrite`` or ``CoherentCrash``; ``"drop"``
                deletes all shadow copies, which is an ``Event``; ``"trust"`` says that the
                content is the same nevertheless (a faithful copy of the image, say), which also
                answers ``OtherOrigin``.
            caching: as in :meth:`create`.
            on_event: as in :meth:`create`.

        Raises:
            MissingMedium: the image or the diff area does not exist.
            RoleTaken: a process on this host has the volume open, with whatever diff area.
            ExternalWrite, CoherentCrash, OtherOrigin, OriginSize: see ``external_write``.
            NotADiffArea, UnknownFormat, Corrupt: the diff area cannot be used.
            ReadOnly, CachedMedium, MediumError.
        """

    @classmethod
    def create_on(
        cls,
        origin: Backend,
        diff: Backend,
        *,
        chunk_size: int = 4096,
        limit: int | None = None,
        on_full: OnFull = "fail",
        durability: Durability = "durable",
        on_event: Callable[[Event], object] | None = None,
    ) -> Self:
        """Make a diff area on a medium of your own, and open the volume; see :meth:`create`.

        Raises:
            MediumExists: the medium ``diff`` already holds a diff area.
        """

    @classmethod
    def open_on(
        cls,
        origin: Backend,
        diff: Backend,
        *,
        durability: Durability | None = None,
        limit: int | None = None,
        on_full: OnFull | None = None,
        external_write: OnExternalWrite = "error",
        on_event: Callable[[Event], object] | None = None,
    ) -> Self:
        """Take the active role of a volume on media of your own; see :meth:`open`.

        An active node that is running on the same media is fenced.
        """

    @property
    def size(self) -> int:
        """Bytes of the volume."""

    @property
    def chunk_size(self) -> int:
        """Bytes of a chunk, the unit of preservation."""

    @property
    def durability(self) -> Durability:
        """What flushed writes and shadow copies survive."""

    @property
    def on_full(self) -> OnFull:
        """What a write does when the diff area is full."""

    @property
    def closed(self) -> bool:
        """Whether the volume was closed."""

    def read(self, offset: int, length: int) -> bytes:
        """The ``length`` bytes from ``offset`` on.

        Raises:
            OutOfRange, Closed, MediumError.
        """

    def readinto(self, offset: int, buffer: Buffer) -> int:
        """Fill ``buffer`` with the bytes from ``offset`` on; returns their number.

        Raises:
            OutOfRange, Closed, MediumError.
        """

    def write(self, offset: int, data: Buffer) -> int:
        """Write ``data`` from ``offset`` on; returns the number of bytes, always all of them.

        The old bytes that a shadow copy needs are preserved first. The write is in the cache that
        this host's processes share when it returns; :meth:`flush` makes it durable.

        Raises:
            OutOfRange: nothing was written.
            DiffAreaFull: nothing was written.
            Fenced, RoleEnded, Closed, MediumError: any part may be written.
        """

    def flush(self) -> None:
        """Return when every write that returned before is durable, in durable mode.

        In coherent mode they already are all that they will be.

        Raises:
            Fenced, RoleEnded, Closed, MediumError: nothing is known about writes since the last
                flush. A failed flush ends the role, because a second try would prove nothing.
        """

    def discard(self, offset: int, length: int) -> None:
        """Make a range read as zeros, and give back its space where that is possible.

        Shadow copies keep what was there.

        Raises:
            OutOfRange, DiffAreaFull, Fenced, RoleEnded, Closed, MediumError: as :meth:`write`.
        """

    def create_shadow_copy(
        self,
        label: str = "",
        *,
        auto_release: bool = False,
        expires: datetime | timedelta | None = None,
        retain_until: datetime | timedelta | None = None,
    ) -> ShadowCopy:
        """Take a shadow copy: the volume as it is now, for good.

        Writes that are in flight in other threads are each wholly in it or wholly out. When it
        returns, the copy survives what flushed writes survive, and so does every write in it.

        Args:
            label: what to call it, 1,024 bytes of UTF-8 at most.
            auto_release: let it go with this process: at the end of a ``with`` block, when the
                volume is closed, or, after a crash, at the next :meth:`gc`.
            expires: when :meth:`gc` may delete it whatever has become of its owner: a datetime
                with a time zone, or a timedelta from now.
            retain_until: until when it cannot be deleted, nor dropped for want of space.

        Raises:
            LabelTooLong, CopiesExhausted: nothing was taken.
            DiffAreaFull, Fenced, RoleEnded, Closed, MediumError.
        """

    def shadow_copy(self, id: int) -> ShadowCopy:
        """The shadow copy with this number.

        Raises:
            Gone: it was deleted.
            NoSuchCopy: it was never taken.
        """

    def newest(self) -> ShadowCopy:
        """The newest shadow copy; one that is unfinished does not count.

        Raises:
            NoSuchCopy: there is none.
        """

    def shadow_copies(self) -> list[ShadowCopy]:
        """The shadow copies that exist, oldest first."""

    def delete_shadow_copy(self, id: int) -> None:
        """Delete a shadow copy. Copies can be deleted in any order; no data is moved.

        Reads of it that are under way, here or in other processes, raise ``Gone``.

        Raises:
            Gone: it was deleted before.
            NoSuchCopy: it was never taken.
            Retained: it may not be deleted yet.
            Fenced, RoleEnded, Closed, MediumError.
        """

    def describe_shadow_copy(
        self,
        id: int,
        *,
        label: str | None = None,
        auto_release: bool | None = None,
        expires: datetime | timedelta | None = None,
        retain_until: datetime | timedelta | None = None,
    ) -> ShadowCopy:
        """Change what is known of a shadow copy; what is not given stays as it is.

        One that is to expire at ``datetime.max`` never does.

        Raises:
            RetentionShortened: it is retained for longer; nothing was changed.
            Gone, NoSuchCopy, LabelTooLong, DiffAreaFull, Fenced, RoleEnded, Closed, MediumError.
        """

    def gc(self) -> list[ShadowCopy]:
        """Delete the shadow copies that nobody is left to delete; returns them.

        These are the ones with ``auto_release``, or unfinished, whose process on this host has
        ended; and those that have expired. One that is retained stays.

        Raises:
            Fenced, RoleEnded, Closed, MediumError.
        """

    def rotate(self, label: str, keep: int) -> list[ShadowCopy]:
        """Delete the oldest persistent copies with a label, all but ``keep``; returns them.

        Copies that are retained, or go with a process, are neither counted nor deleted.

        Raises:
            Fenced, RoleEnded, Closed, MediumError.
        """

    def revert(
        self, id: int, *, drop_newer: bool = False, progress: Progress | None = None
    ) -> None:
        """Revert the volume to a shadow copy in place, or go on with that.

        The volume is the copy from the first moment, while its bytes are still being brought to
        the image: it can be read and written meanwhile. If ``progress`` raises, or the process
        ends, the revert is paused; to revert to the same copy again goes on. Until it has ended no
        copy can be taken, and the image file alone is not the volume. All other copies stay.

        Args:
            id: the shadow copy.
            drop_newer: delete the copies that are newer first, so that nothing has to be preserved
                for them.
            progress: called with the bytes done and the bytes to do; see ``ShadowCopy.copy_to``.

        Raises:
            Gone: it was deleted.
            NoSuchCopy: it was never taken.
            Reverting: the volume is being reverted to another copy.
            Retained: a newer copy may not be deleted yet.
            DiffAreaFull: there is no room for what has to be preserved; the volume is the copy all
                the same.
            Fenced, RoleEnded, Closed, MediumError.
        """

    @property
    def reverting(self) -> int | None:
        """Number of the shadow copy that the volume is being reverted to.

        Until that has ended, the image file alone is not the volume.
        """

    def changes(self, since_id: int, until_id: int | None = None) -> list[Extent]:
        """What may differ between two shadow copies, or between one and the volume now.

        The extents are whole chunks, in order, not touching each other, and end at the volume's
        end. Bytes outside them are equal; bytes inside them may be, if they were overwritten with
        the same. The order of the two copies does not matter.

        Raises:
            Gone, NoSuchCopy, Closed, MediumError.
        """

    def mount(self, dir: StrPath, *, allow_other: bool = False) -> Mount:
        """Show the volume and its shadow copies as files in a folder, for other programs.

        ``DIR/volume`` is the live volume, which loop devices, virtual machines and databases can
        use like a disk, while this process goes on taking copies. ``DIR/copies/3.img`` is shadow
        copy 3, there as long as the copy is. This needs Linux, with FUSE, and root or the program
        ``fusermount3``.

        Args:
            dir: an empty folder.
            allow_other: let other users in, as far as the image's own permissions let them.

        Raises:
            CannotMount: the folder is missing or not empty, or this process may not mount.
            Closed, Corrupt, MediumError.
        """

    def record(self, path: StrPath) -> Recording:
        """Write down what is done to the volume from now on, in a new file.

        When and where bytes are written and discarded, flushes, and shadow copies that are taken
        and deleted; not the bytes. :func:`shadowvol.plan` reads it. The recording ends when what is
        returned is stopped or leaves a ``with`` block, or the volume is closed. If the trace cannot
        be written any further, the volume goes on, and stopping raises.

        Raises:
            AlreadyRecording, Closed.
            MediumExists: there is a file of this name.
            MediumError: the file cannot be made.
        """

    def compact(self) -> None:
        """Rewrite the journal without the records that answer for nothing any more.

        It happens by itself when it pays. Passive nodes may read meanwhile.

        Raises:
            DiffAreaFull, Fenced, RoleEnded, Closed, MediumError.
        """

    def events(self) -> list[Event]:
        """The events since the last call, oldest first.

        The newest thousand are kept, whether or not ``on_event`` was given.
        """

    def stats(self) -> VolumeStats:
        """What the node has done since it was opened, and the space it has."""

    def close(self, *, release: bool = True) -> None:
        """Flush, and give up the active role. Requests under way end first; closing twice is fine.

        A volume that was fenced, or whose role has ended, closes without an error: it was told.

        Args:
            release: delete the copies with ``auto_release``. Without it they stay until this
                process ends, or has opened the volume and closed it again.

        Raises:
            MediumError: the flush failed. The volume is closed nevertheless.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Passive:
    """A passive node: reads shadow copies straight from the storage, while an active node writes.

    It takes no lock, sends no message and writes nothing. Any number of them may be open, whether
    or not there is an active node. It is a context manager that closes itself.
    """

    @classmethod
    def open(
        cls,
        path: StrPath,
        *,
        diff: StrPath | None = None,
        caching: Caching = "auto",
        mapping: MemoryMapping = "auto",
    ) -> Self:
        """Open the shadow copies of an image for reading.

        Args:
            path: the image.
            diff: the diff area; ``diff_path(path)`` if not given.
            caching: as in :meth:`Volume.create`.
            mapping: whether the journal is looked at by way of a shared mapping, without a system
                call, where this host's page cache is used (Linux). ``"auto"`` does so on tmpfs, and
                on ext4, XFS and Btrfs as far as the process may lock memory (``ulimit -l``), a
                hundred kilobytes for each node. ``"always"`` does so on all local disks, without
                locks and for preserved chunks as well, twice as fast where these are small: but a
                disk that fails then ends the process (``SIGBUS``) where it would else raise. So
                does truncating the diff area, but with ``"never"``. With ``caching="direct"``
                nothing is mapped, but on these file systems, if they are mounted to be written to,
                the journal is looked at in the page cache, which spares the disk two requests for
                each read; ``"never"`` reads it past the page cache as well.

        Raises:
            MissingMedium: the image or the diff area does not exist.
            CachedMedium: this host would answer from a cache that the active node's host does not
                share.
            OtherOrigin, OriginSize, NotADiffArea, UnknownFormat, Corrupt, MediumError.
        """

    @classmethod
    def open_on(cls, origin: ReadBackend, diff: ReadBackend) -> Self:
        """Open the shadow copies of a volume on media of your own."""

    @property
    def size(self) -> int:
        """Bytes of the volume."""

    @property
    def chunk_size(self) -> int:
        """Bytes of a chunk, the unit of preservation."""

    @property
    def durability(self) -> Durability:
        """What flushed writes and shadow copies survive."""

    @property
    def on_full(self) -> OnFull:
        """What a write of the active node does when the diff area is full."""

    @property
    def closed(self) -> bool:
        """Whether the node was closed."""

    def shadow_copy(self, id: int) -> ShadowCopy:
        """The shadow copy with this number, as the journal has it now.

        Raises:
            Gone: it was deleted.
            NoSuchCopy: it was never taken.
            Closed, Corrupt, MediumError.
        """

    def newest(self) -> ShadowCopy:
        """The newest shadow copy, as the journal has it now.

        One that is unfinished, because its set is being taken, does not count.

        Raises:
            NoSuchCopy: there is none.
            Closed, Corrupt, MediumError.
        """

    def shadow_copies(self) -> list[ShadowCopy]:
        """The shadow copies that exist, oldest first, as the journal has them now."""

    def fork(self, id: int, *, folder: StrPath | None = None) -> Fork:
        """A writable fork of the shadow copy with this number; see :meth:`ShadowCopy.fork`.

        Raises:
            Gone, NoSuchCopy, MediumError, Closed.
        """

    def changes(self, since_id: int, until_id: int) -> list[Extent]:
        """What may differ between two shadow copies; see :meth:`Volume.changes`."""

    @property
    def reverting(self) -> int | None:
        """The shadow copy that the volume is being reverted to, as the journal has it now.

        Until that has ended, the image file alone is not the volume.
        """

    def mount(self, dir: StrPath, *, allow_other: bool = False) -> Mount:
        """Show the shadow copies as files in a folder; see :meth:`Volume.mount`.

        There is no live volume among them. New copies appear there, and deleted ones vanish.

        Raises:
            CannotMount, Closed, Corrupt, MediumError.
        """

    def stats(self) -> PassiveStats:
        """What the node has done since it was opened."""

    def space(self) -> Space:
        """The room in the diff area, as the journal has it now. It looks at the whole journal.

        Raises:
            Closed, Corrupt, MediumError.
        """

    def close(self) -> None:
        """Close the node. Its shadow copies cannot be read any more. Closing twice is fine."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Mount:
    """A folder in which a volume and its shadow copies are files.

    :meth:`Volume.mount` and :meth:`Passive.mount` make it. It is a context manager that unmounts,
    and it unmounts when the interpreter ends. Leave the block before the volume is closed: what is
    in use then fails. When the process is killed, ``umount DIR`` clears what is left.

    No request waits for the interpreter lock, unless the volume lies on Python objects. So this
    process may use the files itself, and may freeze a file system that lies on the volume.
    """

    @property
    def dir(self) -> Path:
        """The folder."""

    @property
    def volume(self) -> Path | None:
        """The file that is the live volume; ``None`` if a passive node is mounted.

        It has one size. ``fsync`` is a flush, and punching a hole is a discard.
        """

    @property
    def mounted(self) -> bool:
        """Whether it is mounted still."""

    def copy(self, id: int) -> Path:
        """The file that is the shadow copy with this number, whether or not there is one.

        Reading a copy that is deleted meanwhile fails with ``ESTALE``, except for what the kernel
        remembers of it, which is right.
        """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until somebody unmounts it, for so many seconds; whether that has happened."""

    def unmount(self) -> None:
        """Unmount it. What was written is flushed. Doing it twice is fine.

        Raises:
            MountBusy: something there is in use; it stays mounted. At the end of a block it is
                taken out of sight nevertheless, and who uses it can go on as long as the volume is
                open.
            CannotMount: this process may not unmount.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class SetCreation:
    """A shadow copy set, from state to state; see :class:`shadowvol.BackupSet`."""

    def __new__(
        cls,
        volumes: list[tuple[str, Volume]],
        participants: list[tuple[Participant, bool]],
        *,
        label: str = "",
        auto_release: bool = True,
        expires: datetime | timedelta | None = None,
        retain_until: datetime | timedelta | None = None,
        application_consistent: bool = False,
        wait: float = 0.0,
        freeze_window: float = 60.0,
        hold_window: float = 10.0,
    ) -> Self: ...
    @property
    def state(self) -> str:
        """Where it is: new, prepared, created, over; busy while another thread is at it."""

    @property
    def id(self) -> str:
        """The set's identity, in hexadecimal."""

    def prepare(self) -> None:
        """Let all participants prepare."""

    def create(self) -> None:
        """Freeze the participants, hold the volumes, and take the copies."""

    def copies(self) -> list[ShadowCopy]:
        """The copies, in the order of the volumes."""

    def complete(self, succeeded: bool) -> None:
        """Tell the participants that the requester has read what it wanted."""

    def abort(self) -> None:
        """Let everyone go, and delete the copies."""

    def report(self) -> dict[str, Any] | None:
        """What it came to, and who took part; None before anybody was told of it."""

@final
class ShadowCopy:
    """The volume as it was at one instant: a constant, until it is deleted.

    It comes from a :class:`Volume` or a :class:`Passive`, and reads through it. What is known of
    it is what was known when it was looked up. As a context manager, one with ``auto_release`` is
    deleted at the end of the block, through the volume that took it.
    """

    @property
    def id(self) -> int:
        """Its number: 1, 2, 3 ... in the order of creation, never given twice."""

    @property
    def label(self) -> str:
        """What it was called when it was taken; empty if nothing."""

    @property
    def created(self) -> datetime:
        """When it was taken by the active node's clock, in UTC."""

    @property
    def volume_id(self) -> str:
        """Identity of the volume, 32 hexadecimal digits."""

    @property
    def size(self) -> int:
        """Bytes of the volume."""

    @property
    def auto_release(self) -> bool:
        """Whether it goes when the process that took it goes."""

    @property
    def unfinished(self) -> bool:
        """Whether it is in the making: nobody but its maker may read it."""

    @property
    def recovered(self) -> bool:
        """Whether applications may have changed it after the instant, when they recovered."""

    @property
    def consistency(self) -> Literal["application", "crash"]:
        """Whether all applications that had to take part were at rest at the instant."""

    @property
    def expires(self) -> datetime | None:
        """When ``gc`` may delete it whatever has become of its owner."""

    @property
    def retained_until(self) -> datetime | None:
        """Until when it cannot be deleted."""

    @property
    def set_id(self) -> str | None:
        """The shadow copy set that it is part of, in hexadecimal."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def read(self, offset: int, length: int) -> bytes:
        """The ``length`` bytes from ``offset`` on, as they were.

        Raises:
            Gone: the copy was deleted before the bytes were known to be right.
            OutOfRange, Closed, Corrupt, MediumError.
        """

    def readinto(self, offset: int, buffer: Buffer) -> int:
        """Fill ``buffer`` with the bytes from ``offset`` on; returns their number.

        When it raises, the buffer holds anything.

        Raises:
            Gone, OutOfRange, Closed, Corrupt, MediumError: as :meth:`read`.
        """

    def open(self) -> ShadowCopyIO:
        """The copy as a raw file object (an ``io.RawIOBase``); see ``io.BufferedReader``."""

    def files(self, *, offset: int = 0) -> Files:
        """The files of an ext4 file system inside the copy, to be listed and read.

        Nothing is mounted, and nothing but what is asked for is read. A file system that was in use
        when the copy was taken is read as it would be after its journal was replayed.

        Args:
            offset: where the file system begins: the first byte of a partition, if the volume has
                such.

        Raises:
            NotAFileSystem: no ext4 file system begins there.
            UnsupportedFileSystem, FileSystemDamaged: it cannot be read.
            Gone, OutOfRange, Closed, Corrupt, MediumError: as :meth:`read`.
        """

    def fork(self, *, folder: StrPath | None = None) -> Fork:
        """A writable fork of the copy, which is discarded at its end.

        It costs nothing until it is written to. As many as you like can be at work on one copy; the
        copy, the volume and its media are never written. A fork does not keep its copy from being
        deleted.

        Args:
            folder: whose file system keeps what is written; the system's folder for temporary
                files if not given.

        Raises:
            MediumError: no temporary file can be made.
            Gone, Closed.
        """

    def copy_to(
        self,
        path: StrPath,
        *,
        sparse: bool = True,
        format: ImageFormat = "raw",
        progress: Progress | None = None,
    ) -> int:
        """Copy the whole shadow copy into a file; returns the bytes written, holes left out.

        The copy is written under a temporary name beside ``path`` and renamed when it is
        complete: ``path`` is either the whole copy or untouched, and no half-made file is left
        after an error. A file that is there is replaced.

        Args:
            path: the file to make.
            sparse: leave holes where there are only zeros.
            format: ``"raw"``, or ``"qcow2"`` for QEMU and its kin.
            progress: called now and then with the bytes done and the bytes to do; what it raises
                cancels the copy and comes out here.

        Raises:
            BadTarget: ``path`` is the volume's own image or diff area.
            MediumError: also when ``path`` is there and no regular file.
            Gone: the copy was deleted while it was being copied.
            Closed, Corrupt.
        """

@final
class FileTree:
    """The files of an ext4 file system inside a shadow copy, by numbers; ``Files`` has names."""

    @property
    def label(self) -> bytes:
        """The file system's name; empty if it has none."""

    @property
    def replayed(self) -> int:
        """Blocks whose newest bytes are read from the journal."""

    def find(self, path: bytes, *, follow: bool) -> FileNode:
        """The file at a path; what a symbolic link at its end leads to, or the link itself."""

    def node(self, number: int, path: bytes) -> FileNode:
        """The file that a directory has under a number; the path is for messages."""

    def list(self, directory: FileNode) -> list[tuple[bytes, int]]:
        """The names in a directory, each with its number, without ``.`` and ``..``."""

    def target(self, link: FileNode) -> bytes:
        """What a symbolic link has in it."""

    def readinto(self, file: FileNode, offset: int, buffer: Buffer) -> int:
        """Fill ``buffer`` with a file's bytes from ``offset`` on; returns how many there were."""

@final
class FileNode:
    """A file that was found, whatever its name."""

    @property
    def number(self) -> int:
        """Its number in the file system."""

    @property
    def mode(self) -> int:
        """What it is and what may be done with it, as in ``os.stat``."""

    @property
    def links(self) -> int:
        """How many names it has."""

    @property
    def user(self) -> int:
        """Its owner."""

    @property
    def group(self) -> int:
        """Its group."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def accessed(self) -> int:
        """When it was last read, in nanoseconds since 1970."""

    @property
    def modified(self) -> int:
        """When its bytes were last changed, in nanoseconds since 1970."""

    @property
    def changed(self) -> int:
        """When anything of it was last changed, in nanoseconds since 1970."""

@final
class Fork:
    """A writable fork of a shadow copy: it reads like the copy until it is written to.

    What is written is kept in whole chunks in a file without a name, and is gone when the fork is
    closed, when its last user is gone, or when this process ends. As a context manager it is closed
    at the end of the block. Any number of threads may use it at once.
    """

    @property
    def id(self) -> int:
        """Number of the shadow copy that it is a fork of."""

    @property
    def size(self) -> int:
        """Bytes of the volume."""

    @property
    def chunk_size(self) -> int:
        """Bytes of a chunk: what is written is kept in whole chunks."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, offset: int, length: int) -> bytes:
        """The ``length`` bytes from ``offset`` on.

        Raises:
            Gone: the copy was deleted, and not all of these bytes were written to the fork.
            OutOfRange, Closed, Corrupt, MediumError.
        """

    def readinto(self, offset: int, buffer: Buffer) -> int:
        """Fill ``buffer`` with the bytes from ``offset`` on; returns their number.

        When it raises, the buffer holds anything.

        Raises:
            Gone, OutOfRange, Closed, Corrupt, MediumError: as :meth:`read`.
        """

    def write(self, offset: int, data: Buffer) -> int:
        """Write ``data`` from ``offset`` on; returns its length.

        Raises:
            Gone: the copy was deleted, and a chunk is written in part for the first time.
            Finished: it is the writable copy of a set that goes on already.
            OutOfRange, Closed, Corrupt, MediumError.
        """

    def discard(self, offset: int, length: int) -> None:
        """Make a range read as zeros.

        Raises:
            Gone, Finished, OutOfRange, Closed, Corrupt, MediumError: as :meth:`write`.
        """

    def flush(self) -> None:
        """Does nothing: what was written is there for all, and never outlives the fork.

        Raises:
            Closed.
        """

    def changes(self) -> list[Extent]:
        """What was written or discarded: whole chunks, in order, ending at the volume's end."""

    def open(self) -> ForkIO:
        """The fork as a raw file object to read and write; see ``io.BufferedRandom``."""

    def copy_to(
        self,
        path: StrPath,
        *,
        sparse: bool = True,
        format: ImageFormat = "raw",
        progress: Progress | None = None,
    ) -> int:
        """Copy the whole fork into a file, as :meth:`ShadowCopy.copy_to` does.

        Other threads may write meanwhile; each of their writes is in the file or not, or in part.
        """

    def close(self) -> None:
        """Discard it. Closing twice is fine."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Draft:
    """A shadow copy of a set that participants may still write to; see ``SetCopy.writable``."""

    def writable(self) -> Fork:
        """The copy, to be read and written to until the set is finished."""

@final
class Repository:
    """Backups of any volumes in a folder: deduplicated, compressed, complete each by itself.

    Any number of processes can back up, restore and verify at the same time; pruning must be alone.
    Nothing is held open between two calls. Where a method takes the name of a backup, the beginning
    of its id will do if it is the only one, and ``"latest"`` is the last of all.
    """

    @classmethod
    def create(cls, path: StrPath) -> Self:
        """Make a repository in a folder that is not there or empty.

        Raises:
            MediumExists: something is in the folder.
            MediumError.
        """

    @classmethod
    def open(cls, path: StrPath) -> Self:
        """Open a repository.

        Raises:
            NotARepository, UnknownFormat, BackupDamaged, MediumError.
        """

    @property
    def path(self) -> str:
        """The folder."""

    def backups(self) -> list[Backup]:
        """The backups, oldest first. One whose manifest is damaged is told of by :meth:`verify`."""

    def backup_named(self, name: str) -> Backup:
        """The backup with this name.

        Raises:
            NoSuchBackup, MediumError.
        """

    def needed(self, copy: ShadowCopy, kind: BackupKind) -> int | None:
        """The shadow copy that the next backup of this kind builds on, of the volume of ``copy``.

        Keep it until then, or the next backup is a full one. ``None`` if there is none.
        """

    def backup(
        self,
        copy: ShadowCopy,
        *,
        kind: BackupKind = "full",
        base: str | None = None,
        name: str | None = None,
        set: str | None = None,
        consistency: str | None = None,
        participants: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Backup:
        """Back up a shadow copy.

        The backup is there when this returns. If the process dies before, the others are whole, and
        what it has stored is not stored again.

        Args:
            copy: the shadow copy. That of a :class:`Passive` can be backed up on another host.
            kind: ``"full"`` reads all, and others build on it; ``"copy"`` reads all and nothing
                builds on it; ``"incremental"`` reads what has changed since the last full or
                incremental one, ``"differential"`` since the last full one. If that or its shadow
                copy is lost, a full one is made, and says why in :attr:`Backup.full_because`.
            base: the backup to build on instead.
            name: what the volume is called; the file name of its image if not given.
            set: the shadow copy set, to be kept in the manifest as the next two are.
            consistency: ``"application-consistent"`` or ``"crash-consistent"``.
            participants: who took part.
            progress: called now and then with the bytes done and the bytes to do; what it raises
                cancels the backup and comes out here.

        Raises:
            Gone: the shadow copy was deleted while it was being read.
            RepositoryBusy: the repository is being pruned.
            NoSuchBackup, BackupDamaged, Closed, Corrupt, MediumError.
        """

    def restore(
        self,
        backup: str,
        path: StrPath,
        *,
        format: ImageFormat = "raw",
        in_place: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Restore a backup to a file or block device; returns the bytes written, holes left out.

        Every chunk is verified. A new file is written under a temporary name and renamed when it is
        complete; a file that is there is replaced then.

        Args:
            backup: which one.
            path: the file to make, or the device to overwrite.
            format: of a new file.
            in_place: overwrite an image that is there, instead of replacing it. It is a mixture
                until this returns. Block devices are always overwritten.
            progress: as in :meth:`backup`.

        Raises:
            BadTarget: ``path`` has shadow copies that this would spoil, or is too small.
            NoSuchBackup, BackupDamaged, RepositoryBusy, MediumError.
        """

    def verify(
        self, backups: Sequence[str] | None = None, *, progress: Progress | None = None
    ) -> VerifyReport:
        """Read and check every byte of the repository, or every chunk of some backups.

        Raises:
            NoSuchBackup, RepositoryBusy, MediumError. Damage is in the report.
        """

    def prune(
        self,
        *,
        keep_last: int = 0,
        keep_daily: int = 0,
        keep_weekly: int = 0,
        keep_monthly: int = 0,
        remove: Sequence[str] | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> PruneReport:
        """Remove backups and what only they need.

        Args:
            keep_last: how many of the last backups of each volume stay. What any of the four
                wants stays; if all are 0, all stay.
            keep_daily: of how many of the last days that have any the last one stays.
            keep_weekly: of how many weeks.
            keep_monthly: of how many months.
            remove: backups to remove in any case.
            dry_run: say what would be done, and leave it at that.
            progress: as in :meth:`backup`.

        Raises:
            RepositoryBusy: a backup, a restore or a verification is running.
            BackupDamaged: it cannot be known what a backup that stays needs; nothing was removed.
            NoSuchBackup, MediumError.
        """

@final
class Backup:
    """A backup in a repository. It can be restored by itself, whatever its kind."""

    @property
    def id(self) -> str:
        """What it is called, 32 hexadecimal digits."""

    @property
    def kind(self) -> BackupKind:
        """What it was in the end."""

    @property
    def volume_id(self) -> str:
        """Identity of the volume, 32 hexadecimal digits."""

    @property
    def name(self) -> str:
        """What the volume was called."""

    @property
    def size(self) -> int:
        """Bytes of the volume."""

    @property
    def copy(self) -> int:
        """Number of the shadow copy."""

    @property
    def copy_created(self) -> datetime:
        """When the shadow copy was taken, in UTC."""

    @property
    def label(self) -> str:
        """What the shadow copy was called."""

    @property
    def created(self) -> datetime:
        """When the backup was complete, in UTC."""

    @property
    def base(self) -> str | None:
        """The backup that it was built on; ``None`` if the whole volume was read."""

    @property
    def full_because(self) -> str | None:
        """Why it is full although something else was asked for; ``None`` if it is not so."""

    @property
    def set(self) -> str | None:
        """The shadow copy set, if there was one."""

    @property
    def consistency(self) -> str | None:
        """What the set's maker has said."""

    @property
    def participants(self) -> tuple[str, ...]:
        """Who took part."""

    @property
    def read(self) -> int:
        """Bytes of the volume that were read."""

    @property
    def new(self) -> int:
        """Bytes that the repository did not have."""

    @property
    def stored(self) -> int:
        """Bytes by which the repository has grown."""

@final
class VerifyReport:
    """What a verification looked at, and what it found."""

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""

    @property
    def backups(self) -> list[str]:
        """The backups that were looked at."""

    @property
    def packs(self) -> int:
        """Packs that were read; 0 if only some backups were asked for."""

    @property
    def chunks(self) -> int:
        """Chunks that were read and verified."""

    @property
    def bytes(self) -> int:
        """Their bytes: stored ones, or those of the volumes if some backups were asked for."""

    @property
    def findings(self) -> list[str]:
        """What is damaged or missing, in words."""

    @property
    def harmed(self) -> dict[str, list[Extent]]:
        """The backups that cannot be restored whole, and their bytes that are lost."""

@final
class PruneReport:
    """What a pruning has done, or would do."""

    @property
    def removed(self) -> list[str]:
        """Backups that were removed."""

    @property
    def kept(self) -> list[str]:
        """Backups that stay."""

    @property
    def packs_removed(self) -> int:
        """Packs that were removed."""

    @property
    def packs_rewritten(self) -> int:
        """Packs among them of which something was written anew."""

    @property
    def freed(self) -> int:
        """Bytes in them that nobody needed."""

@final
class Memory:
    """A medium in memory, to be shared by several nodes: a :class:`Backend` without Python calls.

    It has what a Python backend has, and can so be looked at, damaged, or wrapped.
    """

    def __new__(cls, size: int = 0) -> Self:
        """Make a medium of ``size`` zeros, which grows when it is asked to."""

    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, buffer: Buffer, /) -> None:
        """Fill ``buffer`` with the bytes from ``offset`` on.

        Raises:
            ValueError: the range reaches past the end.
        """

    def write_at(self, offset: int, data: Buffer, /) -> None:
        """Write ``data`` from ``offset`` on.

        Raises:
            ValueError: the range reaches past the end.
        """

    def barrier(self) -> None:
        """Do nothing: writes are visible at once, in order."""

    def grow(self, size: int, /) -> int:
        """Make the medium at least ``size`` bytes large; returns how large it is now."""

    def punch(self, offset: int, length: int, /) -> None:
        """Turn a range into zeros.

        Raises:
            ValueError: the range reaches past the end.
        """

@final
class Recording:
    """A recording of a volume that is under way; a context manager that stops it."""

    @property
    def path(self) -> str:
        """The trace."""

    @property
    def events(self) -> int:
        """Events so far."""

    def stop(self) -> None:
        """End it, and return when the trace is whole and durable. Stopping twice is fine.

        Raises:
            MediumError: a part of the trace could not be written.
            Closed: it belongs to another process.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Event:
    """Something that happened to a volume without being anyone's error."""

    @property
    def kind(self) -> Literal["low-space", "copies-dropped"]:
        """What happened: little room is left, or shadow copies were let go."""

    @property
    def copies(self) -> list[int]:
        """The shadow copies that were let go, oldest first."""

    @property
    def reason(self) -> Literal["diff-area-full", "external-write", "coherent-crash"]:
        """Why; ``"diff-area-full"`` also for the warning."""

    @property
    def message(self) -> str:
        """All of it in a sentence."""

@final
class Space:
    """The room in a diff area, in bytes."""

    @property
    def used(self) -> int:
        """Taken by the old bytes of shadow copies."""

    @property
    def free(self) -> int | None:
        """Left for more, with what it may still grow; ``None`` if there is no limit."""

    @property
    def limit(self) -> int | None:
        """The most that it may take: the cap, or a medium of fixed size; ``None`` if neither."""

    @property
    def low(self) -> bool:
        """Whether little is left: delete shadow copies, or raise the limit, before it is full."""

    @property
    def journal(self) -> int:
        """Taken by the journal."""

    @property
    def allocated(self) -> int:
        """How large the diff area's medium is now."""

@final
class VolumeStats:
    """What a volume has done since it was opened."""

    @property
    def copies(self) -> int:
        """Shadow copies that exist."""

    @property
    def reads(self) -> int:
        """Requests to read the volume; those of its shadow copies are not among them."""

    @property
    def read_bytes(self) -> int:
        """Bytes that they returned."""

    @property
    def writes(self) -> int:
        """Requests to write or discard."""

    @property
    def written_bytes(self) -> int:
        """Bytes that they wrote."""

    @property
    def preserved_bytes(self) -> int:
        """Old bytes put into slots for shadow copies."""

    @property
    def zero_bytes(self) -> int:
        """Old bytes preserved without a slot, because they were zeros."""

    @property
    def records(self) -> int:
        """Records in the journal."""

    @property
    def barriers(self) -> int:
        """Barriers on the diff area. Writes that wait at the same time share one."""

    @property
    def compactions(self) -> int:
        """How often the journal was rewritten."""

    @property
    def epoch(self) -> int:
        """Number of this holding of the active role."""

    @property
    def table_bytes(self) -> int:
        """Memory taken by the table of preserved chunks."""

    @property
    def space(self) -> Space:
        """The room in the diff area."""

@final
class PassiveStats:
    """What a passive node has done since it was opened."""

    @property
    def copies(self) -> int:
        """Shadow copies that existed at the last catching up."""

    @property
    def reads(self) -> int:
        """Requests that were answered."""

    @property
    def read_bytes(self) -> int:
        """Bytes that they returned."""

    @property
    def redirected(self) -> int:
        """Requests that the re-check sent to slots: each could have been wrong without it."""

    @property
    def restarts(self) -> int:
        """Requests begun again because the journal had moved to a new generation."""

    @property
    def gone(self) -> int:
        """Requests that ended in ``Gone``."""

    @property
    def catch_ups(self) -> int:
        """Times the journal's tail was looked at."""

    @property
    def records(self) -> int:
        """Records learnt from the journal."""

    @property
    def epoch(self) -> int:
        """Number of the holding of the active role that was last seen."""

    @property
    def table_bytes(self) -> int:
        """Memory taken by the table of preserved chunks."""

@final
class Finding:
    """One thing that a check found damaged."""

    @property
    def what(self) -> str:
        """What does not agree, in words."""

    @property
    def at(self) -> int:
        """Where, in bytes from the diff area's start."""

    @property
    def copies(self) -> list[int]:
        """The shadow copies that are affected."""

    @property
    def extents(self) -> list[Extent]:
        """The bytes of those copies that are affected."""

@final
class CheckReport:
    """What a check looked at, and what it found."""

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""

    @property
    def copies(self) -> list[int]:
        """The shadow copies that exist."""

    @property
    def reverting(self) -> int | None:
        """The one that the volume is being reverted to; the image file alone is not the volume."""

    @property
    def records(self) -> int:
        """Journal records that were verified."""

    @property
    def chunks(self) -> int:
        """Preserved chunks whose checksum was verified."""

    @property
    def bytes(self) -> int:
        """Bytes of those chunks."""

    @property
    def findings(self) -> list[Finding]:
        """What is damaged, in the diff area's order."""

def check(
    path: StrPath,
    diff: StrPath | None = None,
    *,
    caching: Caching = "auto",
    progress: Progress | None = None,
) -> CheckReport:
    """Verify every record and the checksum of every preserved chunk.

    It reads as a passive node does, so it can run while an active node writes; what is deleted
    meanwhile is left out.

    Raises:
        NotADiffArea, UnknownFormat, Corrupt: nothing can be said, because no superblock is whole.
        MissingMedium, OtherOrigin, OriginSize, CachedMedium, MediumError.
    """

def replay(
    trace: StrPath,
    *,
    every: Sequence[timedelta],
    keep: Sequence[timedelta | int],
    chunk_size: Sequence[int],
    format: TraceFormat | None,
    size: int | None,
    device: str | None,
    action: TraceAction,
    columns: dict[str, str | int] | None,
    units: dict[str, str | int],
    progress: Progress | None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Replay a trace for each chunk size and schedule; returns what it tells, and what each takes.

    This is what :func:`shadowvol.plan` is made of: the keys are the fields of ``TraceFacts`` and
    ``PlanRow``.

    Raises:
        BadTrace, BadChunkSize, MissingMedium, MediumError.
        ValueError: a word is none of its choices, or a column or unit has no such name.
    """

def diff_path(path: StrPath, /) -> str:
    """Where an image's diff area is if nothing else is said: its path with ``.diff`` added."""
