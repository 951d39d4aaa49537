"""Numbers of bytes, as the command line reads and writes them."""

import re

import click

_UNITS = "KMGTP"
_PATTERN = re.compile(rf"(?i)([0-9]+)(?:([{_UNITS}])?(?:iB|B)?)")


def parse_size(text: str) -> int:
    """A number of bytes: ``4096``, ``64K``, ``10GiB``; the units are powers of 1024."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} is no size: write whole numbers, as 4096, 64K, 1536M, 10G"
        )
    number, unit = found.groups()
    power = _UNITS.index(unit.upper()) + 1 if unit else 0
    return int(number) << (10 * power)


def size_text(count: int) -> str:
    """A number of bytes with three digits and a unit."""
    if count < 1024:  # noqa: PLR2004 - the number that defines the units
        return f"{count} B"
    value = float(count)
    for unit in _UNITS:
        value /= 1024
        if value < 999.5:  # noqa: PLR2004 - what rounds to four digits takes the next unit
            return f"{value:.3g} {unit}iB"
    return f"{value:.0f} {_UNITS[-1]}iB"
