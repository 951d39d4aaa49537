"""``shadowvol demo``: a database that is written while others check frozen copies of it."""

from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click

from shadowvol._types import Durability
from shadowvol.cli import options, output


@click.command()
@click.option(
    "--seconds",
    type=click.IntRange(1, 45),
    default=20,
    show_default=True,
    help="How long the writer runs.",
)
@click.option(
    "--readers",
    type=click.IntRange(2, 32),
    default=2,
    show_default=True,
    help="How many other processes check the shadow copies.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="For the transfers' amounts.")
@click.option(
    "--durability",
    type=click.Choice(get_args(Durability)),
    default="coherent",
    show_default=True,
    help="What the database's commits survive: the end of the process, or power loss.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where to put the image; a temporary directory if not given.",
)
@options.as_json
def demo(
    *,
    seconds: int,
    readers: int,
    seed: int,
    durability: Durability,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Run a bank while others audit its copies.

    One process moves money between accounts in a real SQLite database as fast as it can, and takes
    shadow copies, mostly in the middle of a transaction. Other processes open each copy straight
    from the files, check the database, add up the money, and compare every byte with a digest taken
    at the instant. The exit status is 1 if anything differed.
    """
    if find_spec("apsw") is None:
        raise click.ClickException(
            "the demo needs APSW, an SQLite for Python: pip install 'shadowvol[demo]'"
        )
    from shadowvol.demo.report import report_json, show  # noqa: PLC0415 - they need APSW
    from shadowvol.demo.run import Settings, run  # noqa: PLC0415 - as above

    settings = Settings(
        seconds=seconds, readers=readers, seed=seed, durability=durability, directory=directory
    )
    outcome = run(settings, quiet=as_json)
    if as_json:
        output.emit(report_json(outcome))
    else:
        show(outcome)
    if not outcome.ok:
        raise click.exceptions.Exit(1)
