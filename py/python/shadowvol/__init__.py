r"""Point-in-time shadow copies of a block volume that other nodes read while it is written.

One *active* node reads and writes a volume and takes shadow copies of it. Any number of *passive*
nodes, in other threads, processes or on other hosts, read those copies straight from the shared
storage while the active node goes on writing: no lock, no message, no pause.

>>> import shadowvol as sv
>>> vol = sv.Volume.create("disk.img", size=1 << 20)
>>> copy = vol.create_shadow_copy(label="nightly")
>>> vol.write(0, b"new")
3
>>> with sv.Passive.open("disk.img") as node:
...     node.newest().read(0, 3)
b'\x00\x00\x00'
>>> vol.close()

:class:`Volume` is the active node, :class:`Passive` a passive one, :class:`ShadowCopy` the volume
as it was at one instant, :class:`Fork` a copy that can be written to and is thrown away, and
:class:`Repository` where copies are backed up. :func:`plan` says how much room shadow copies take.
Everything that goes wrong is an :class:`Error`.
"""

from shadowvol._backend import Backend, ReadBackend
from shadowvol._errors import (
    AlreadyRecording,
    BackupDamaged,
    BadChunkSize,
    BadTarget,
    BadTrace,
    CachedMedium,
    CannotMount,
    Closed,
    CoherentCrash,
    CopiesExhausted,
    Corrupt,
    CreationInProgress,
    DiffAreaFull,
    DiffAreaTooSmall,
    DuplicateVolume,
    Error,
    ExternalWrite,
    Fenced,
    Finished,
    Gone,
    LabelTooLong,
    MediumError,
    MediumExists,
    MissingMedium,
    MountBusy,
    NoSuchBackup,
    NoSuchCopy,
    NotADiffArea,
    NotARepository,
    OriginSize,
    OtherOrigin,
    OutOfRange,
    ReadOnly,
    RepositoryBusy,
    Retained,
    RetentionShortened,
    Reverting,
    RoleEnded,
    RoleTaken,
    SetFailed,
    TooManyVolumes,
    Unfinished,
    UnknownFormat,
    WrongState,
)
from shadowvol._extent import Extent
from shadowvol._plan import Plan, PlanInterval, PlanRow, TraceFacts, plan
from shadowvol._raw import ForkIO, ShadowCopyIO
from shadowvol._report import Failure, Part, Report
from shadowvol._sets import BackupSet, ShadowCopySet, backup_set
from shadowvol._shadowvol import (
    Backup,
    CheckReport,
    Event,
    Finding,
    Fork,
    Memory,
    Mount,
    Passive,
    PassiveStats,
    PruneReport,
    Recording,
    Repository,
    ShadowCopy,
    Space,
    VerifyReport,
    Volume,
    VolumeStats,
    __version__,
    check,
    diff_path,
)

__all__ = [
    "AlreadyRecording",
    "Backend",
    "Backup",
    "BackupDamaged",
    "BackupSet",
    "BadChunkSize",
    "BadTarget",
    "BadTrace",
    "CachedMedium",
    "CannotMount",
    "CheckReport",
    "Closed",
    "CoherentCrash",
    "CopiesExhausted",
    "Corrupt",
    "CreationInProgress",
    "DiffAreaFull",
    "DiffAreaTooSmall",
    "DuplicateVolume",
    "Error",
    "Event",
    "Extent",
    "ExternalWrite",
    "Failure",
    "Fenced",
    "Finding",
    "Finished",
    "Fork",
    "ForkIO",
    "Gone",
    "LabelTooLong",
    "MediumError",
    "MediumExists",
    "Memory",
    "MissingMedium",
    "Mount",
    "MountBusy",
    "NoSuchBackup",
    "NoSuchCopy",
    "NotADiffArea",
    "NotARepository",
    "OriginSize",
    "OtherOrigin",
    "OutOfRange",
    "Part",
    "Passive",
    "PassiveStats",
    "Plan",
    "PlanInterval",
    "PlanRow",
    "PruneReport",
    "ReadBackend",
    "ReadOnly",
    "Recording",
    "Report",
    "Repository",
    "RepositoryBusy",
    "Retained",
    "RetentionShortened",
    "Reverting",
    "RoleEnded",
    "RoleTaken",
    "SetFailed",
    "ShadowCopy",
    "ShadowCopyIO",
    "ShadowCopySet",
    "Space",
    "TooManyVolumes",
    "TraceFacts",
    "Unfinished",
    "UnknownFormat",
    "VerifyReport",
    "Volume",
    "VolumeStats",
    "WrongState",
    "__version__",
    "backup_set",
    "check",
    "diff_path",
    "plan",
]
