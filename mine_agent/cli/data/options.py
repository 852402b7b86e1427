"""Options of the `data` commands, and the headings of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import typer

from pysonar.protocol.amounts import AmountError, parse_ppm

COLUMN_HEADINGS = {
    "name": "column",
    "kind": "kind",
    "missing_share": "missing",
    "range": "range",
    "samples": "for instance",
    "remark": "remark",
}


def read_options(given: Sequence[str]) -> dict[str, str]:
    """`key=value` texts as a dictionary."""
    made = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--set")
        made[key.strip()] = value.strip()
    return made


def read_share(text: str) -> Fraction:
    """ "2 %" as a fraction."""
    try:
        return Fraction(parse_ppm(text), 1_000_000)
    except AmountError as error:
        raise typer.BadParameter(str(error), param_hint="--unusable") from None
