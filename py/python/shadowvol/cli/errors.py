"""Errors of the engine and of the system, as one line on standard error."""

from pathlib import Path
from typing import Any

import click

import shadowvol as sv
from shadowvol.cli.signals import ending_in_order
from shadowvol.cli.target import Target, parse_source


class ErrorGroup(click.Group):
    """A group of commands that fail with a message and status 1, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - it passes on what a command returns
        """Run the command."""
        try:
            with ending_in_order():
                return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe goes away
        except UnicodeEncodeError as error:
            raise click.UsageError(f"{error.object!r} is no text in UTF-8") from error
        except (sv.Error, OSError) as error:
            raise click.ClickException(message_of(error)) from error


def message_of(error: Exception) -> str:
    """What a person is told."""
    if isinstance(error, OSError) and error.strerror:
        message = error.strerror
        if error.filename is not None:
            message = f"{error.filename}: {message}"
    else:
        message = str(error)
    match error:
        case sv.RoleTaken():
            message += (
                "\nReading shadow copies works meanwhile (list, info, diff, copy, ls, cat, check). "
                "Taking and deleting them is for the process that has the volume open, by its own "
                "API. If it will not be long, `set` and `backup` wait with --wait SECONDS."
            )
        case sv.RepositoryBusy():
            message += "\nA pruning has to be alone; all other commands work side by side."
        case sv.ExternalWrite() | sv.CoherentCrash() | sv.OtherOrigin():
            message += (
                "\nTo decide, give --external-write drop or trust to snapshot, delete or revert."
            )
        case sv.MissingMedium() if (image := _image_of_copy(error.filename)) is not None:
            message = f"this command takes the image, not one of its shadow copies: {image}"
        case sv.NotAFileSystem() if "partition" in message:
            message += "\nGive it by --offset, as 1M."
        case sv.NotARepository():
            message += "\n`shadowvol backup IMAGE REPOSITORY --init` makes one."
        case sv.MissingMedium() if str(error.filename).endswith(".diff"):
            message += "\nA diff area is made by init; one that lies elsewhere is given by --diff."
        case _:
            pass
    return message


def _image_of_copy(name: object) -> Path | None:
    """The image, if what is missing is IMAGE@ID, or a diff area beside it, where IMAGE is meant."""
    named = parse_source(str(name).removesuffix(".diff"))
    return named.image if isinstance(named, Target) and named.image.exists() else None
