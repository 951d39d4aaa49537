"""What a reader does with one shadow copy: everything that could show a wrong byte."""

from pathlib import Path

import apsw

import shadowvol as sv
from shadowvol.demo import bank, digest, vfs
from shadowvol.demo.layout import Layout
from shadowvol.demo.live.messages import ReaderDone, Taken
from shadowvol.demo.overlay import Overlay


def examine(node: sv.Passive, taken: Taken, scratch: Path, done: ReaderDone) -> None:
    """Audit the database in a copy, copy it out, and compare; ``Gone`` comes out of it."""
    shadow_copy = node.shadow_copy(taken.id)
    audit(shadow_copy, done)
    _copy_out(shadow_copy, taken, scratch, done)
    compare(shadow_copy, taken, done)


def compare(shadow_copy: sv.ShadowCopy, taken: Taken, done: ReaderDone) -> None:
    """Read a whole copy as a file, and compare it with the digest of its instant."""
    found = digest.of_copy(shadow_copy)
    done.compared += 1
    if found != taken.digest:
        done.wrong.append(f"copy {taken.id}: the bytes read are not those of the instant")


def audit(shadow_copy: sv.ShadowCopy, done: ReaderDone) -> None:
    """Let SQLite recover what the copy caught half done, and audit the bank."""
    overlay = Overlay(shadow_copy)
    try:
        with vfs.connected({"bank": Layout(overlay)}) as connection:
            wrong = bank.audit(connection)
    except apsw.Error as error:
        gone = _gone(error)
        if gone is not None:
            raise gone from error
        wrong = [f"SQLite: {error}"]
    done.audited += 1
    done.rolled_back += overlay.written
    done.wrong += (f"copy {shadow_copy.id}: {line}" for line in wrong)


def _copy_out(shadow_copy: sv.ShadowCopy, taken: Taken, scratch: Path, done: ReaderDone) -> None:
    out = scratch / f"copy-{taken.id}.img"
    try:
        shadow_copy.copy_to(out)
    except sv.Gone:
        if list(scratch.iterdir()):
            done.wrong.append(f"copy {taken.id}: a half-made file was left behind")
        raise
    try:
        found = digest.of_file(out)
    finally:
        out.unlink()
    done.copied += 1
    if found != taken.digest:
        done.wrong.append(f"copy {taken.id}: the file copied out is not the volume of the instant")


def _gone(error: BaseException) -> sv.Gone | None:
    """The ``Gone`` that made SQLite fail, if one did."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sv.Gone):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
