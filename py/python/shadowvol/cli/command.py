"""A command that the user gives with ``--exec``."""

import os
from collections.abc import Mapping

from shadowvol.cli.signals import run_in_front


def run(command: str, env: Mapping[str, str]) -> int:
    """Run it by the shell, with more in its environment; its exit status."""
    status = run_in_front(command, os.environ | env)
    # A command that a signal has killed ends as a shell says it.
    return status if status >= 0 else 128 - status
