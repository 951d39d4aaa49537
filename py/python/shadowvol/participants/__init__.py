"""Applications that take part in shadow copy sets: Windows calls them writers.

A participant brings its data into a good state for the instant, and keeps quiet until it is told
to go on. These are ready to use; for anything else, write a subclass of :class:`Participant`.

==================  =========================================================
:class:`SQLite`     a SQLite database, by its path or a connection of its own
:class:`PostgreSQL` a running PostgreSQL server
:class:`FileSystem` a mounted Linux file system, frozen by the kernel
:class:`Command`    any command, run before and after the instant
==================  =========================================================
"""

from shadowvol.participants._base import Deadlines, Level, Participant, SetCopy, Veto
from shadowvol.participants._command import Command
from shadowvol.participants._filesystem import FileSystem
from shadowvol.participants._postgresql import PostgreSQL
from shadowvol.participants._sqlite import SQLite

__all__ = [
    "Command",
    "Deadlines",
    "FileSystem",
    "Level",
    "Participant",
    "PostgreSQL",
    "SQLite",
    "SetCopy",
    "Veto",
]
