"""What the processes of the first act tell each other: digests, verdicts and sums; never data."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Opened:
    """From the writer: the bank is there."""

    volume_size: int


@dataclass(frozen=True)
class Taken:
    """From the writer to every reader: a shadow copy exists, and this was the volume."""

    id: int
    digest: bytes


@dataclass(frozen=True)
class Checked:
    """From a reader: it has looked at everything in a shadow copy, right or wrong."""

    id: int


@dataclass(frozen=True)
class WriterDone:
    """From the writer: what it did."""

    transfers: int
    copies: int
    mid_transaction: int
    """Copies taken while a transaction was half done."""
    deleted: int
    seconds: float
    written_bytes: int
    preserved_bytes: int
    wrong: tuple[str, ...]
    """What its own audit of the database found at the end."""


@dataclass
class ReaderDone:
    """From a reader: what it did."""

    audited: int = 0
    """Copies whose database was checked and whose money was added up."""
    rolled_back: int = 0
    """Those in which SQLite had a half-done transaction to roll back."""
    copied: int = 0
    """Copies that were copied out to a file."""
    compared: int = 0
    """Times that all bytes of a copy were compared with the digest of the instant."""
    gone: int = 0
    """Times that a copy was deleted while it was in use."""
    missed: int = 0
    """Copies that were deleted before this reader came to them."""
    reads: int = 0
    """Requests that were answered, and validated by what was made of them."""
    redirected: int = 0
    restarts: int = 0
    read_bytes: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


Message = Opened | Taken | Checked | WriterDone | ReaderDone
