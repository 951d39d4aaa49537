"""Names for the kinds of arguments that appear in several signatures."""

import os
from collections.abc import Callable
from typing import Literal, TypeAlias

StrPath: TypeAlias = str | os.PathLike[str]
"""A path in the file system."""

OnFull: TypeAlias = Literal["fail", "drop-oldest"]
"""What a write does when the diff area is full: fail, or let the oldest shadow copies go."""

Durability: TypeAlias = Literal["durable", "coherent"]
"""What acknowledged writes and shadow copies survive: power loss, or the death of the process."""

Caching: TypeAlias = Literal["auto", "buffered", "direct"]
"""Whether reads may be answered from this host's page cache."""

MemoryMapping: TypeAlias = Literal["auto", "always", "never"]
"""Whether small reads go through a shared mapping: where it is safe, on all disks, or nowhere."""

OnExternalWrite: TypeAlias = Literal["error", "drop", "trust"]
"""What opening does when the origin was changed while no active node was running."""

BackupKind: TypeAlias = Literal["full", "copy", "incremental", "differential"]
"""What a backup is to the next ones: what they build on, and what it builds on."""

ImageFormat: TypeAlias = Literal["raw", "qcow2"]
"""How the bytes of a volume are laid out in a file."""

TraceFormat: TypeAlias = Literal["blkparse", "fio", "csv", "shadowvol"]
"""How a trace of what was written is written down."""

TraceAction: TypeAlias = Literal["queued", "issued", "completed"]
"""Which appearance of a request counts in the output of blkparse."""

Progress: TypeAlias = Callable[[int, int], object]
"""Called now and then with the bytes done and the bytes to do; raising cancels the operation."""
