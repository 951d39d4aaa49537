"""The files inside a shadow copy, with the words of :mod:`os`."""

from __future__ import annotations

import io
import os
import posixpath
import stat
from typing import TYPE_CHECKING

from shadowvol._errors import BadFile, Error, FileSystemDamaged, NoSuchFile, NotADirectory
from shadowvol._raw import RawIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from shadowvol._shadowvol import FileNode, FileTree
    from shadowvol._types import StrPath


class Files:
    """The files of an ext4 file system inside a shadow copy: read only, and nothing is mounted.

    ``copy.files()`` makes it. Paths are those of the file system, from its root: ``"/etc/hosts"``,
    or any path object that has slashes. Names that are not UTF-8 are what :func:`os.fsdecode` makes
    of them on Linux. Symbolic links lead to files inside, never to those of this machine.

    Every method raises :class:`Gone` when the shadow copy was deleted meanwhile, and
    :class:`FileSystemDamaged` or :class:`UnsupportedFileSystem` for what cannot be read. Any number
    of threads may use it at once.
    """

    def __init__(self, tree: FileTree, copy_id: int) -> None:
        """Made by ``ShadowCopy.files``."""
        self._tree = tree
        self._copy_id = copy_id

    @property
    def label(self) -> str:
        """The file system's name; empty if it has none."""
        return _text(self._tree.label)

    @property
    def replayed(self) -> int:
        """Blocks whose newest bytes are read from the journal: 0 if the file system was at rest."""
        return self._tree.replayed

    def listdir(self, path: StrPath = "/") -> list[str]:
        """The names in a directory, sorted.

        Raises:
            NoSuchFile, NotADirectory, BadFile.
        """
        return sorted(_text(name) for name, _ in self._tree.list(self._find(path)))

    def scandir(self, path: StrPath = "/") -> Iterator[FileEntry]:
        """The names in a directory, sorted, each with what is known of its file.

        Raises:
            NoSuchFile, NotADirectory, BadFile.
        """
        return self._scan(os.fspath(path), self._find(path))

    def walk(
        self, top: StrPath = "/", *, onerror: Callable[[Error], object] | None = None
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """All directories from ``top`` down, each with its directories and its other names.

        As :func:`os.walk`: who removes names from the first list keeps out of those directories,
        and symbolic links are not followed. But what cannot be read is raised, unless ``onerror``
        is called with it.

        Raises:
            NoSuchFile, NotADirectory, BadFile.
        """
        trail: list[tuple[str, int | None, frozenset[int]]] = [(os.fspath(top), None, frozenset())]
        while trail:
            path, number, above = trail.pop()
            try:
                node = self._find(path) if number is None else self._node(number, path)
                if node.number in above:
                    # It would have no end.
                    raise FileSystemDamaged(
                        f"{path}: the file system is damaged: a directory lies "
                        "in itself; run e2fsck on a fork of the copy"
                    )
                entries = {entry.name: entry for entry in self._scan(path, node)}
            except Error as error:
                if onerror is None:
                    raise
                onerror(error)
                continue
            inner = [name for name, entry in entries.items() if entry.is_dir()]
            yield path, inner, [name for name, entry in entries.items() if not entry.is_dir()]
            below = above | {node.number}
            trail += [
                (entries[name].path, entries[name].inode(), below)
                for name in reversed(inner)
                if name in entries
            ]

    def stat(self, path: StrPath, *, follow_symlinks: bool = True) -> os.stat_result:
        """What is known of a file, as :func:`os.stat` says it.

        Raises:
            NoSuchFile, NotADirectory, BadFile.
        """
        return _stat(self._find(path, follow=follow_symlinks))

    def lstat(self, path: StrPath) -> os.stat_result:
        """The same, of a symbolic link itself."""
        return self.stat(path, follow_symlinks=False)

    def exists(self, path: StrPath) -> bool:
        """Whether there is such a file; a symbolic link that leads nowhere is none."""
        return self._mode(path) is not None

    def isdir(self, path: StrPath) -> bool:
        """Whether it is a directory, or a symbolic link to one."""
        return stat.S_ISDIR(self._mode(path) or 0)

    def isfile(self, path: StrPath) -> bool:
        """Whether it is a regular file, or a symbolic link to one."""
        return stat.S_ISREG(self._mode(path) or 0)

    def readlink(self, path: StrPath) -> str:
        """What a symbolic link has in it.

        Raises:
            BadFile: it is none.
            NoSuchFile, NotADirectory.
        """
        return _text(self._tree.target(self._find(path, follow=False)))

    def open(self, path: StrPath) -> FileIO:
        """A file as a raw file object (an ``io.RawIOBase``); see ``io.BufferedReader``.

        Raises:
            NoSuchFile, NotADirectory, IsADirectory, BadFile.
        """
        node = self._find(path)
        # Refuses what has no bytes.
        self._tree.readinto(node, 0, bytearray(1))
        return FileIO(self._tree, node, os.fspath(path))

    def read_bytes(self, path: StrPath) -> bytes:
        """All bytes of a file.

        Raises:
            NoSuchFile, NotADirectory, IsADirectory, BadFile.
        """
        with self.open(path) as file:
            return file.readall()

    def read_text(self, path: StrPath, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text of a file, as it is: line ends are not changed.

        Raises:
            UnicodeDecodeError: it is no text in this encoding.
            NoSuchFile, NotADirectory, IsADirectory, BadFile.
        """
        return self.read_bytes(path).decode(encoding, errors)

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        return f"<Files{label} of shadow copy {self._copy_id}>"

    def _find(self, path: StrPath, *, follow: bool = True) -> FileNode:
        return self._tree.find(_bytes(path), follow=follow)

    def _node(self, number: int, path: str) -> FileNode:
        return self._tree.node(number, _bytes(path))

    def _mode(self, path: StrPath) -> int | None:
        try:
            return self._find(path).mode
        except (NoSuchFile, NotADirectory, BadFile):
            return None

    def _scan(self, path: str, directory: FileNode) -> Iterator[FileEntry]:
        names = sorted((_text(name), number) for name, number in self._tree.list(directory))
        for name, number in names:
            whole = posixpath.join(path, name)
            yield FileEntry(name, whole, self._node(number, whole))


class FileEntry:
    """A name in a directory, with what is known of its file: as :class:`os.DirEntry`."""

    __slots__ = ("_node", "name", "path")

    def __init__(self, name: str, path: str, node: FileNode) -> None:
        """Made by ``Files.scandir``."""
        self.name = name
        self.path = path
        self._node = node

    def inode(self) -> int:
        """The file's number in the file system."""
        return self._node.number

    def is_dir(self) -> bool:
        """Whether it is a directory; a symbolic link to one is none."""
        return stat.S_ISDIR(self._node.mode)

    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self._node.mode)

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self._node.mode)

    def stat(self) -> os.stat_result:
        """What is known of it, not of what a symbolic link leads to."""
        return _stat(self._node)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<FileEntry {self.name!r}>"


class FileIO(RawIO):
    """A file inside a shadow copy as a raw, seekable, read-only file object.

    It keeps a position, and so is for one thread at a time; open as many as you like.
    ``io.BufferedReader``, ``io.TextIOWrapper``, ``shutil.copyfileobj`` and parsers that take file
    objects work with it.
    """

    def __init__(self, tree: FileTree, node: FileNode, path: str) -> None:
        """Made by ``Files.open``."""
        super().__init__(_Source(tree, node))
        self._path = path

    @property
    def name(self) -> str:
        """Its path."""
        return self._path

    @property
    def mode(self) -> str:
        """``"rb"``, always."""
        return "rb"

    def write(self, _data: Buffer, /) -> int:
        """Refuse: a shadow copy is a constant."""
        raise io.UnsupportedOperation(f"{self.name} is in a shadow copy: read only")


class _Source:
    """A file's bytes, at any place."""

    def __init__(self, tree: FileTree, node: FileNode) -> None:
        self._tree = tree
        self._node = node

    @property
    def size(self) -> int:
        return self._node.size

    def readinto(self, offset: int, buffer: Buffer) -> int:
        return self._tree.readinto(self._node, offset, buffer)

    def read(self, offset: int, length: int) -> bytes:
        buffer = bytearray(length)
        self.readinto(offset, buffer)
        return bytes(buffer)


def _stat(node: FileNode) -> os.stat_result:
    times = (node.accessed, node.modified, node.changed)
    facts = (node.mode, node.number, 0, node.links, node.user, node.group, node.size)
    seconds = tuple(time // 10**9 for time in times)
    exact = tuple(time / 10**9 for time in times)
    return os.stat_result((*facts, *seconds, *exact, *times))


def _bytes(path: StrPath) -> bytes:
    return os.fspath(path).encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
