"""The command line, ``shadowvol``.

Reports go to standard output, as a table or as JSON; progress and errors go to standard error.
The exit status is 0, 1 when something failed, and 2 when the command was not understood.
"""

import click

from shadowvol import __version__
from shadowvol.cli.backup import backup
from shadowvol.cli.check import check
from shadowvol.cli.copies import copy, diff, info, list_copies
from shadowvol.cli.demo import demo
from shadowvol.cli.files import cat, ls
from shadowvol.cli.fork import fork
from shadowvol.cli.mount import mount
from shadowvol.cli.plan import plan
from shadowvol.cli.repository import backups, prune, restore, verify
from shadowvol.cli.sections import SectionedGroup
from shadowvol.cli.set import take_set
from shadowvol.cli.snapshot import delete, gc, snapshot
from shadowvol.cli.volume import init, revert

_EXAMPLES = """\b
A day with it:
  shadowvol init disk.img --size 64M
  shadowvol snapshot disk.img --label nightly
  shadowvol copy disk.img@newest nightly.img
  shadowvol ls disk.img@newest /etc
  shadowvol backup disk.img backups --init
  shadowvol restore latest restored.img --from backups

Each command tells more with --help, and most report in JSON with --json. `shadowvol demo` shows
all of it at work in half a minute.
"""


@click.group(
    cls=SectionedGroup,
    epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="shadowvol")
def main() -> None:
    """Take shadow copies of a disk image, and read them while it is being written.

    IMAGE is a raw image file or a block device. IMAGE@3 names its shadow copy number 3, and
    IMAGE@newest the one taken last.
    """


_COMMANDS = (
    *(init, snapshot, take_set, list_copies, info, delete, gc, copy, fork, diff, revert, check),
    *(ls, cat),
    mount,
    *(backup, backups, restore, verify, prune),
    *(plan, demo),
)

for _command in _COMMANDS:
    main.add_command(_command)

__all__ = ["main"]
