"""``shadowvol demo``: the whole story on real databases, in two acts."""

from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click

from shadowvol._types import Durability
from shadowvol.cli import options, output
from shadowvol.demo.sabotage import SECOND_ACT_ONLY, Sabotage


@click.command()
@click.option(
    "--act",
    "acts",
    type=click.Choice(["1", "2"]),
    multiple=True,
    help="Play this act only.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 45),
    metavar="N",
    default=12,
    show_default=True,
    help="How long the writer of the first act runs.",
)
@click.option(
    "--readers",
    type=click.IntRange(2, 32),
    metavar="N",
    default=2,
    show_default=True,
    help="How many other processes check its shadow copies.",
)
@click.option(
    "--pairs",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=8,
    show_default=True,
    help="How many pairs of shadow copies the second act takes in each of three ways.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="For the transfers' amounts.")
@click.option(
    "--durability",
    type=click.Choice(get_args(Durability)),
    default="coherent",
    show_default=True,
    help="What the databases' commits survive: power loss, or the end of the process.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where to make a temporary folder for the files, if not where the system has them.",
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put the files into this folder, and leave them there to be looked at.",
)
@click.option(
    "--sabotage",
    type=click.Choice(get_args(Sabotage)),
    help="Break something on purpose, to see that it is noticed: take a coin past the books; "
    "change a byte of an image behind the engine's back, a bit of the repository, or one of a "
    "restored image; leave a shadow copy behind.",
)
@options.as_json
def demo(
    *,
    acts: tuple[str, ...],
    seconds: int,
    readers: int,
    pairs: int,
    seed: int,
    durability: Durability,
    directory: Path | None,
    keep: Path | None,
    sabotage: Sabotage | None,
    as_json: bool,
) -> None:
    """See the whole story on real databases, in two acts.

    First, one process moves money between accounts in an SQLite database as fast as it can, and
    takes shadow copies of its volume. Other processes open each copy straight from the files, check
    the database, add up the money, and compare every byte with a digest taken at the instant.

    Then, money moves between two databases on two volumes. Shadow copy sets take both at one
    instant, another process backs them up, in full and incrementally, and restores them; every byte
    is compared, and nothing is left behind.

    The exit status is 1 if anything was not as it must be.
    """
    if find_spec("apsw") is None:
        raise click.ClickException(
            "the demo needs APSW, an SQLite for Python: pip install 'shadowvol[demo]'"
        )
    from shadowvol.demo.outcome import Settings  # noqa: PLC0415 - they need APSW
    from shadowvol.demo.report import report_json, show  # noqa: PLC0415 - as above
    from shadowvol.demo.run import run  # noqa: PLC0415 - as above
    from shadowvol.demo.screen import Screen  # noqa: PLC0415 - as above

    if sabotage in SECOND_ACT_ONLY and set(acts) == {"1"}:
        raise click.UsageError(f"--sabotage {sabotage} is for the second act")
    if keep is not None and directory is not None:
        raise click.UsageError("--dir is for a temporary folder, --keep for one that stays")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise click.ClickException(f"{keep} is not empty: give --keep a new folder")
    screen = Screen(quiet=as_json)
    settings = Settings(
        acts=tuple(sorted(map(int, set(acts)))) or (1, 2),
        seconds=seconds,
        readers=readers,
        pairs=pairs,
        seed=seed,
        durability=durability,
        directory=directory,
        keep=keep,
        sabotage=sabotage,
    )
    outcome = run(settings, screen)
    if as_json:
        output.emit(report_json(outcome))
    else:
        show(outcome, screen)
    if not outcome.ok:
        raise click.exceptions.Exit(1)
