"""The story: any command is run before the instant, and another one after it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from shadowvol.participants import Command, Veto

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def noting(log: Path) -> str:
    return f"echo $SHADOWVOL_PHASE $WHO >> '{log}'"


def test_the_commands_know_what_they_are_run_for(log: Path) -> None:
    participant = Command(noting(log), noting(log), env={"WHO": "shop"})
    participant.prepare()
    participant.freeze()
    participant.thaw()
    participant.abort()
    assert log.read_text().splitlines() == ["freeze shop", "thaw shop"]


def test_the_second_is_run_whenever_the_first_was_begun(log: Path) -> None:
    participant = Command("exit 3", noting(log))
    participant.abort()
    assert not log.exists()
    with pytest.raises(Veto, match="exit status 3: it said nothing"):
        participant.freeze()
    participant.abort()
    participant.abort()
    assert log.read_text().split() == ["abort"]


def test_what_it_wrote_last_is_the_reason() -> None:
    script = "import sys; print('first', 'x' * 1000); sys.exit('the shop is open')"
    participant = Command([sys.executable, "-c", script])
    assert participant.name == sys.executable
    with pytest.raises(Veto, match=r"the shop is open$") as veto:
        participant.freeze()
    assert "first" not in str(veto.value)
    assert not veto.value.retryable


def test_one_that_takes_too_long_is_killed_with_its_children(log: Path) -> None:
    participant = Command(f"(sleep 2; echo late > '{log}') & echo asking; sleep 60", timeout=0.3)
    begun = time.monotonic()
    with pytest.raises(Veto, match=r"killed after 0\.3 s: asking") as veto:
        participant.freeze()
    assert veto.value.retryable
    time.sleep(max(0.0, begun + 2.5 - time.monotonic()))
    assert not log.exists()


def test_what_the_first_leaves_running_is_ended_by_the_second(log: Path) -> None:
    """A lock is held by a session: it must live from one command to the other."""
    session = f"sleep 3600 & echo $! > '{log}'"
    participant = Command(session, f"kill $(cat '{log}')")
    participant.freeze()
    os.kill(int(log.read_text()), 0)
    participant.thaw()


def test_there_must_be_a_command() -> None:
    with pytest.raises(ValueError, match="give a command"):
        Command()
    Command(post="true").freeze()


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    participant = Command([str(tmp_path / "none")])
    with pytest.raises(FileNotFoundError):
        participant.freeze()
