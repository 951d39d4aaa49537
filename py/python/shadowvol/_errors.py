"""The exception tree.

Every exception of this package is an :class:`Error`. The attributes say with which numbers it
happened, so that no message needs to be taken apart; they are ``None`` where they are not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shadowvol._report import Report


class Error(Exception):
    """What went wrong, and what to do next."""


# What a request can meet.


class Gone(Error):
    """The shadow copy was deleted, perhaps while it was being read."""

    copy: int | None = None
    """Number of the shadow copy."""


class NoSuchCopy(Error):
    """No shadow copy with this number was ever taken."""

    copy: int | None = None
    """Number of the shadow copy; ``None`` when the newest was asked for and there is none."""


class Retained(Error):
    """The shadow copy may not be deleted yet."""

    copy: int | None = None
    """Number of the shadow copy; its ``retained_until`` says until when."""


class Unfinished(Error):
    """The shadow copy is in the making, so that nobody but its maker may use it."""

    copy: int | None = None
    """Number of the shadow copy."""


class Finished(Error):
    """The shadow copy is finished, so that it is a constant: write to a fork of it."""

    copy: int | None = None
    """Number of the shadow copy."""


class Reverting(Error):
    """The volume is being reverted to a shadow copy, and that has to end first."""

    copy: int | None = None
    """Number of the shadow copy: revert to it again to finish."""


class RetentionShortened(Error, ValueError):
    """The shadow copy is retained for longer than what was asked for."""

    copy: int | None = None
    """Number of the shadow copy."""


# What a shadow copy set can meet.


class SetFailed(Error):
    """There is no set: a volume or a participant failed, or it took too long."""

    report: Report | None = None
    """What happened, and who took part."""

    @property
    def retryable(self) -> bool:
        """Whether another try may succeed."""
        failure = self.report.failure if self.report else None
        return failure.retryable if failure else False


class CreationInProgress(Error):
    """Another set is taking a copy of the same volume."""


class WrongState(Error):
    """That does not come next in a set."""


class TooManyVolumes(Error, ValueError):
    """A set has 64 volumes at most."""


class DuplicateVolume(Error, ValueError):
    """A volume is in the set twice, or two have one name."""


class CopiesExhausted(Error):
    """All copy numbers of this diff area are used up."""


class OutOfRange(Error, ValueError):
    """The request reaches past the end of the volume, or begins before it."""

    offset: int | None = None
    length: int | None = None
    size: int | None = None


class BadChunkSize(Error, ValueError):
    """The chunk size is not a power of two from 4096 to 1048576."""

    chunk_size: int | None = None


class LabelTooLong(Error, ValueError):
    """The label is longer than a record can carry."""

    limit: int | None = None
    """The most bytes of UTF-8 that fit."""


class BadTarget(Error, ValueError):
    """What was to be written to cannot be: the volume's own files, or a place that is too small."""


class Closed(Error, ValueError):
    """The volume or node was closed."""


# Space.


class DiffAreaFull(Error):
    """The diff area has no room for old bytes, and the policy says that the write fails."""

    needed: int | None = None
    free: int | None = None
    limit: int | None = None


class DiffAreaTooSmall(Error):
    """The diff area's medium has no room for a journal."""

    needed: int | None = None
    found: int | None = None


# The active role.


class RoleTaken(Error):
    """Another process on this host has the volume open as the active node."""


class Fenced(Error):
    """A newer holder has taken the active role; nothing was acknowledged after that."""

    mine: int | None = None
    """This node's epoch."""
    holder: int | None = None
    """The epoch that was found."""


class RoleEnded(Error):
    """An earlier failure ended the active role of this node: open the volume again."""


# What opening can find.


class Corrupt(Error):
    """The diff area is damaged: ``shadowvol check`` lists what is affected."""

    at: int | None = None
    """Where, in bytes from the diff area's start."""


class NotADiffArea(Error):
    """The file does not begin like a diff area."""


class UnknownFormat(Error):
    """The diff area was made by a version that this one does not know."""

    found: int | None = None
    known: int | None = None


class OriginSize(Error):
    """The origin does not have the size that the diff area was made for."""

    recorded: int | None = None
    found: int | None = None


class OtherOrigin(Error):
    """The diff area belongs to another origin."""


class ExternalWrite(Error):
    """The origin was changed while no active node was running."""


class CoherentCrash(Error):
    """The machine went down while the volume was open in coherent mode."""


class CachedMedium(Error):
    """Reads would be answered from a cache that the active node does not share."""


# Traces.


class AlreadyRecording(Error):
    """The volume is being recorded: one recording at a time."""


class BadTrace(Error, ValueError):
    """A trace is not as its format has it, or of no use for what was asked."""

    line: int | None = None
    """Number of the line that is wrong, if one is."""


# Backups.


class NotARepository(Error):
    """The folder holds no backup repository."""


class RepositoryBusy(Error):
    """Others work with the repository, and what was asked for must be alone with it."""


class NoSuchBackup(Error):
    """No backup has this name, or the name is the beginning of several."""


class BackupDamaged(Error):
    """A file of the repository is damaged or missing: ``shadowvol verify`` lists what is lost."""


# Files inside a shadow copy.


class NotAFileSystem(Error):
    """No ext4 file system begins there; the message says what does."""


class UnsupportedFileSystem(Error):
    """The file system, or the file, has a feature that is not read: mount a fork of the copy."""


class FileSystemDamaged(Error):
    """The file system contradicts its checksums or itself: run e2fsck on a fork of the copy."""


class NoSuchFile(Error, FileNotFoundError):
    """The file system has no file with this path."""


class NotADirectory(Error, NotADirectoryError):
    """The path, or a part of it, is no directory."""


class IsADirectory(Error, IsADirectoryError):
    """The path is a directory, which has no bytes to read."""


class BadFile(Error, OSError):
    """The path is no regular file, no symbolic link, or one that leads in circles."""


# Mounts.


class CannotMount(Error):
    """The folder could not be mounted, or not be unmounted."""


class MountBusy(Error):
    """Something in the mounted folder is in use: it could not be unmounted."""


# Media.


class MediumError(Error, OSError):
    """An operation on a medium failed.

    ``errno``, ``strerror`` and ``filename`` are set as in every ``OSError``. When the medium is a
    Python object, ``__cause__`` is the exception that its method raised.
    """


class MissingMedium(MediumError, FileNotFoundError):
    """The image, its diff area or a trace does not exist."""


class MediumExists(MediumError, FileExistsError):
    """A diff area or file of this name is already there; nothing was changed."""


class ReadOnly(MediumError):
    """The image or its diff area cannot be written, so this node cannot be the active one."""


__all__ = [
    "AlreadyRecording",
    "BackupDamaged",
    "BadChunkSize",
    "BadFile",
    "BadTarget",
    "BadTrace",
    "CachedMedium",
    "CannotMount",
    "Closed",
    "CoherentCrash",
    "CopiesExhausted",
    "Corrupt",
    "CreationInProgress",
    "DiffAreaFull",
    "DiffAreaTooSmall",
    "DuplicateVolume",
    "Error",
    "ExternalWrite",
    "Fenced",
    "FileSystemDamaged",
    "Finished",
    "Gone",
    "IsADirectory",
    "LabelTooLong",
    "MediumError",
    "MediumExists",
    "MissingMedium",
    "MountBusy",
    "NoSuchBackup",
    "NoSuchCopy",
    "NoSuchFile",
    "NotADiffArea",
    "NotADirectory",
    "NotAFileSystem",
    "NotARepository",
    "OriginSize",
    "OtherOrigin",
    "OutOfRange",
    "ReadOnly",
    "RepositoryBusy",
    "Retained",
    "RetentionShortened",
    "Reverting",
    "RoleEnded",
    "RoleTaken",
    "SetFailed",
    "TooManyVolumes",
    "Unfinished",
    "UnknownFormat",
    "UnsupportedFileSystem",
    "WrongState",
]

for _name in __all__:
    globals()[_name].__module__ = "shadowvol"
