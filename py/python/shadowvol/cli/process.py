"""Commands of the user's own that a command of ours runs."""

import os
import subprocess
from collections.abc import Mapping


def run_command(command: str, env: Mapping[str, str]) -> int:
    """Run a command in the shell, with these variables; returns its exit status."""
    done = subprocess.run(  # noqa: S602 - it is the user's own command
        command, shell=True, check=False, env={**os.environ, **env}
    )
    # A command that a signal has killed ends as a shell says it.
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
