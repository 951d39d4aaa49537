"""A command that the user gives with ``--exec``."""

import os
import subprocess
from collections.abc import Mapping


def run(command: str, env: Mapping[str, str]) -> int:
    """Run it by the shell, with more in its environment; its exit status."""
    done = subprocess.run(  # noqa: S602 - it is the user's own command
        command, shell=True, check=False, env=os.environ | env
    )
    # A command that a signal has killed ends as a shell says it.
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
