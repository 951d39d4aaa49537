"""Lengths of time, as the command line reads them."""

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PATTERN = re.compile(rf"([0-9]{{1,6}})([{''.join(_UNITS)}])")


def parse_duration(text: str) -> timedelta:
    """A length of time: ``90s``, ``30m``, ``12h``, ``7d``, ``4w``."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no length of time: write 90s, 30m, 12h, 7d, 4w")
    number, unit = found.groups()
    return timedelta(**{_UNITS[unit]: int(number)})
