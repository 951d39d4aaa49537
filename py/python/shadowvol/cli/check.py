"""``shadowvol check``: whether the diff area is whole, and what is affected if not."""

from pathlib import Path

import click

import shadowvol as sv
from shadowvol.cli import options, output
from shadowvol.cli.progress import Meter
from shadowvol.cli.size import size_text


@click.command()
@options.image
@options.diff
@options.as_json
def check(*, image: Path, diff: Path | None, as_json: bool) -> None:
    """Verify every record and every checksum of IMAGE's diff area.

    It says which shadow copies, and which of their bytes, are affected by damage; the exit status
    is then 1. The volume may be in use meanwhile.
    """
    with Meter(f"Checking {image}", quiet=as_json) as meter:
        report = sv.check(image, diff, progress=meter)
    if as_json:
        output.emit(_json(image, report))
    else:
        _print(image, report)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _json(image: Path, report: sv.CheckReport) -> dict[str, object]:
    return {
        "image": str(image),
        "ok": report.ok,
        "shadow_copies": report.copies,
        "reverting": report.reverting,
        "records": report.records,
        "chunks": report.chunks,
        "bytes": report.bytes,
        "findings": [
            {
                "what": finding.what,
                "at": finding.at,
                "copies": finding.copies,
                "extents": [extent._asdict() for extent in finding.extents],
            }
            for finding in report.findings
        ],
    }


def _print(image: Path, report: sv.CheckReport) -> None:
    click.echo(
        f"{image}: {len(report.copies)} shadow {'copy' if len(report.copies) == 1 else 'copies'}, "
        f"{output.count_text(report.records, 'record')}, "
        f"{output.count_text(report.chunks, 'preserved chunk')} ({size_text(report.bytes)})"
    )
    if report.reverting is not None:
        click.echo(
            f"The volume is being reverted to {image}@{report.reverting}: until that has ended, "
            f"the image file alone is not the volume. To finish: shadowvol revert "
            f"{image}@{report.reverting}"
        )
    if report.ok:
        click.echo("everything verifies")
        return
    rows = (
        (
            finding.what,
            str(finding.at),
            ", ".join(map(str, finding.copies)) or "none",
            ", ".join(f"{extent.offset}+{extent.length}" for extent in finding.extents) or "none",
        )
        for finding in report.findings
    )
    output.table(
        ("damage", "at byte", "shadow copies affected", "their bytes affected"), rows, right=[1]
    )
    harmed = sorted({copy_id for finding in report.findings for copy_id in finding.copies})
    if harmed:
        click.echo(
            f"Damaged there: {', '.join(f'{image}@{copy_id}' for copy_id in harmed)}; all other "
            f"bytes are right. {_consequence(report)}"
        )


def _consequence(report: sv.CheckReport) -> str:
    if report.reverting is None:
        return "The volume itself is not affected: copy what is whole, then delete them."
    return "So may be the volume, which is being reverted: copy what is whole."
