"""Options and arguments that several commands have."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from shadowvol._types import OnExternalWrite
from shadowvol.cli.target import parse_target

image = click.argument("image", type=click.Path(path_type=Path))

target = click.argument("target", metavar="IMAGE@ID", type=parse_target)

diff = click.option(
    "--diff",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The diff area, if it is not IMAGE.diff.",
)

external_write = click.option(
    "--external-write",
    type=click.Choice(get_args(OnExternalWrite)),
    default="error",
    show_default=True,
    help="When IMAGE was changed by others, so that shadow copies may be wrong: fail, delete them "
    "all, or trust that the content is the same.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Report in JSON.")


def refuse_twice(named: Sequence[object]) -> None:
    """A volume has one active node, and so can be named once."""
    for nth, one in enumerate(named):
        if one in named[:nth]:
            raise click.UsageError(f"{one} is named twice")
