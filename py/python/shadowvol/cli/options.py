"""Options and arguments that several commands have."""

from pathlib import Path

import click

from shadowvol.cli.target import parse_target

image = click.argument("image", type=click.Path(path_type=Path))

target = click.argument("target", metavar="IMAGE@ID", type=parse_target)

diff = click.option(
    "--diff",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The diff area, if it is not IMAGE.diff.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Report in JSON.")
