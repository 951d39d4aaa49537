"""A PostgreSQL cluster of its own, for a test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def programs() -> Path:
    """Where PostgreSQL's own programs are; skips the test where they are not."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    pytest.skip("needs a PostgreSQL server (Debian: postgresql)")


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the server's user can reach.

    Those of pytest are closed to others, anew by each session of it that begins.
    """
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        yield place


class Cluster:
    """A server on a socket of its own; it never runs as root."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._programs = programs()
        # A socket's path has a hundred bytes at most.
        self._socket = Path(tempfile.mkdtemp(prefix="pg"))
        self._user = "postgres" if os.geteuid() == 0 else None
        self._server: int | None = None
        if self._user:
            shutil.chown(self._socket, self._user)

    def make(self, *options: str) -> None:
        """Make the cluster in its folder, which is empty."""
        if self._user:
            shutil.chown(self.data, self._user)
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", *options)

    def forget_server(self) -> None:
        """The server of which a copied folder tells was never here."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._socket}"
        log = self._socket / "log"
        self.run("pg_ctl", "-D", self.data, "-l", log, "-w", "-o", options, "start")
        self._server = int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-m", how, "stop")
        self._server = None

    def kill(self) -> None:
        """End it without its folder, which may not be readable any more."""
        server, self._server = self._server, None
        if server is None:
            return
        os.kill(server, signal.SIGQUIT)
        until = time.monotonic() + 60
        with suppress(ProcessLookupError):
            while time.monotonic() < until:
                os.kill(server, 0)
                time.sleep(0.05)
            os.kill(server, signal.SIGKILL)

    def end(self) -> None:
        """Stop it if it runs, and leave nothing."""
        if self._server is not None:
            self.stop("immediate")
        shutil.rmtree(self._socket)

    @property
    def socket(self) -> str:
        """The folder of its socket."""
        return str(self._socket)

    @property
    def conninfo(self) -> str:
        return f"host={self._socket} user=postgres dbname=postgres"

    def ask(self, query: str) -> Any:  # noqa: ANN401 - the first value of the answer
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def begin(self, program: str, *args: object) -> subprocess.Popen[str]:
        """Start one of PostgreSQL's programs."""
        command = [str(self._programs / program), *(str(arg) for arg in args)]
        if self._user:
            home = pwd.getpwnam(self._user)
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd="/",
                user=home.pw_uid,
                group=home.pw_gid,
                extra_groups=[],
            )
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, program: str, *args: object) -> str:
        process = self.begin(program, *args)
        if program == "pg_ctl":
            # The server inherits the pipe, and would keep it open.
            assert process.stdout is not None
            status = process.wait(timeout=90)
            process.stdout.close()
            log = self._socket / "log"
            assert status == 0, (args, log.read_text()[-2000:] if log.exists() else "no log")
            return ""
        said, _ = process.communicate(timeout=90)
        assert process.returncode == 0, said
        return said
