"""``IMAGE@ID``: which shadow copy of which image."""

import re
from dataclasses import dataclass
from pathlib import Path

import click

import shadowvol as sv

# The last @ counts: an image's own name may have some.
_PATTERN = re.compile(r"(?s)(?P<image>.+)@(?P<id>[0-9]+|newest)")


@dataclass(frozen=True)
class Target:
    """A shadow copy as the command line names it."""

    image: Path
    id: int | None
    """``None`` for the newest."""

    def of(self, node: sv.Volume | sv.Passive) -> sv.ShadowCopy:
        """The shadow copy itself."""
        return node.newest() if self.id is None else node.shadow_copy(self.id)

    def __str__(self) -> str:
        return f"{self.image}@{'newest' if self.id is None else self.id}"


def parse_source(text: str) -> Target | Path:
    """An image, or a shadow copy of one."""
    return parse_target(text) if _PATTERN.fullmatch(text) else Path(text)


def parse_target(text: str) -> Target:
    """Take the last ``@`` that digits or ``newest`` follow."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} does not name a shadow copy: write IMAGE@NUMBER or IMAGE@newest"
        )
    copy_id = found["id"]
    return Target(Path(found["image"]), None if copy_id == "newest" else int(copy_id))
