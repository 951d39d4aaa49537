"""Commands that read shadow copies as a passive node: list, info, diff, copy.

They work while another process has the volume open and writes.
"""

from pathlib import Path
from typing import get_args

import click

import shadowvol as sv
from shadowvol._types import ImageFormat
from shadowvol.cli import options, output
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import size_text
from shadowvol.cli.target import Target, parse_target


@click.command("list")
@options.image
@options.diff
@options.as_json
def list_copies(*, image: Path, diff: Path | None, as_json: bool) -> None:
    """List the shadow copies of IMAGE, oldest first."""
    with sv.Passive.open(image, diff=diff) as node:
        copies = node.shadow_copies()
    if as_json:
        output.emit([output.copy_json(copy) for copy in copies])
    elif copies:
        output.table(
            ("id", "created", "label", ""),
            (
                (
                    str(copy.id),
                    output.time_text(copy.created),
                    copy.label,
                    output.copy_notes(copy),
                )
                for copy in copies
            ),
            right=[0],
        )
    else:
        click.echo(f"{image} has no shadow copies")


@click.command()
@options.image
@options.diff
@options.as_json
def info(*, image: Path, diff: Path | None, as_json: bool) -> None:
    """Show what is known about IMAGE and its diff area."""
    with sv.Passive.open(image, diff=diff) as node:
        copies = node.shadow_copies()
        space = node.space()
        report: dict[str, object] = {
            "image": str(image),
            "diff": str(diff) if diff else sv.diff_path(image),
            "size": node.size,
            "chunk_size": node.chunk_size,
            "durability": node.durability,
            "on_full": node.on_full,
            "shadow_copies": len(copies),
            "newest": output.copy_json(copies[-1]) if copies else None,
            "reverting": node.reverting,
            "space": {
                "used": space.used,
                "free": space.free,
                "limit": space.limit,
                "low": space.low,
                "journal": space.journal,
                "allocated": space.allocated,
            },
        }
        if as_json:
            output.emit(report)
            return
        newest = copies[-1] if copies else None
        output.facts(
            [
                ("image", str(image)),
                ("diff area", str(report["diff"])),
                ("size", f"{size_text(node.size)} ({node.size} bytes)"),
                ("chunk size", size_text(node.chunk_size)),
                ("durability", node.durability),
                ("when full", node.on_full),
                ("shadow copies", str(len(copies))),
                (
                    "newest",
                    f"{newest.id}, {output.time_text(newest.created)}" if newest else "none",
                ),
                ("being reverted to", _reverting(node.reverting)),
                ("old bytes", size_text(space.used)),
                ("journal", size_text(space.journal)),
                ("takes up", size_text(space.allocated)),
                ("limit", _optional(space.limit, "none")),
                ("free", _optional(space.free, "what the medium has")),
                ("space is low", "yes: delete shadow copies" if space.low else "no"),
            ]
        )


def _reverting(copy_id: int | None) -> str:
    if copy_id is None:
        return "no copy"
    return f"{copy_id}: the image file alone is not the volume until that has ended"


@click.command()
@click.argument("first", metavar="IMAGE@A", type=parse_target)
@click.argument("second", metavar="IMAGE@B", type=parse_target)
@options.diff
@options.as_json
def diff(*, first: Target, second: Target, diff: Path | None, as_json: bool) -> None:
    """Show which bytes may differ between two copies.

    They are shadow copies of one image. The extents are whole chunks; all bytes outside them are
    equal.
    """
    if first.image != second.image:
        raise click.UsageError("the two shadow copies must be of one image")
    with sv.Passive.open(first.image, diff=diff) as node:
        ids = (first.of(node).id, second.of(node).id)
        extents = node.changes(*ids)
    total = sum(extent.length for extent in extents)
    if as_json:
        output.emit(
            {
                "image": str(first.image),
                "since": ids[0],
                "until": ids[1],
                "bytes": total,
                "extents": [extent._asdict() for extent in extents],
            }
        )
        return
    if extents:
        rows = ((str(e.offset), str(e.length), size_text(e.length)) for e in extents)
        output.table(("offset", "length", ""), rows, right=[0, 1, 2])
    click.echo(f"{len(extents)} extent{'' if len(extents) == 1 else 's'}, {size_text(total)}")


@click.command()
@options.target
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
@click.option(
    "--format",
    "image_format",
    type=click.Choice(get_args(ImageFormat)),
    default="raw",
    show_default=True,
    help="How OUT is laid out.",
)
@click.option("--sparse/--no-sparse", default=True, help="Leave holes where there are only zeros.")
@options.diff
@options.as_json
def copy(
    *,
    target: Target,
    out: Path,
    force: bool,
    image_format: ImageFormat,
    sparse: bool,
    diff: Path | None,
    as_json: bool,
) -> None:
    """Copy a shadow copy into the file OUT.

    OUT is there when it is complete, or not at all.
    """
    if out.exists() and not force:
        raise click.ClickException(f"{out} exists: use --force to replace it")
    with sv.Passive.open(target.image, diff=diff) as node:
        chosen = target.of(node)
        with Meter(f"Copying {target.image}@{chosen.id}", quiet=as_json) as meter:
            written = chosen.copy_to(out, sparse=sparse, format=image_format, progress=meter)
    if as_json:
        output.emit(
            {
                "image": str(target.image),
                "id": chosen.id,
                "out": str(out),
                "size": chosen.size,
                "written": written,
            }
        )
    else:
        click.echo(
            f"{out}: {size_text(chosen.size)}, {size_text(written)} written, the rest holes"
            if written < chosen.size
            else f"{out}: {size_text(chosen.size)}"
        )


def _optional(count: int | None, missing: str) -> str:
    return missing if count is None else size_text(count)
