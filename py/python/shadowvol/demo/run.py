"""Both acts, one after the other."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from shadowvol.demo.backup import act as backup
from shadowvol.demo.live import act as live
from shadowvol.demo.outcome import Outcome

if TYPE_CHECKING:
    from shadowvol.demo.outcome import Settings
    from shadowvol.demo.screen import Screen

_ACTS = {1: ("live", live), 2: ("backup", backup)}


def run(settings: Settings, screen: Screen) -> Outcome:
    """Run the demo."""
    outcome = Outcome(settings)
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = _folder(settings, stack)
        for number in settings.acts:
            name, act = _ACTS[number]
            place = folder / name
            place.mkdir()
            screen.headline(f"Act {number}: {act.TITLE}", act.STORY)
            act.play(outcome, place, screen)
    outcome.seconds = time.monotonic() - begun
    return outcome


def _folder(settings: Settings, stack: ExitStack) -> Path:
    if settings.keep is not None:
        settings.keep.mkdir(parents=True, exist_ok=True)
        return settings.keep
    return Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="shadowvol-demo-", dir=settings.directory)
        )
    )
