"""Options of the `data` commands, and the headings of what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

import typer

from pysonar.party.wording import short_id
from pysonar.protocol.amounts import AmountError, parse_ppm

FEW = 20
"""So many columns or fields are shown, unless all are wanted."""
AllOption = Annotated[
    bool,
    typer.Option(
        "--all", help=f"Show every column or field, not only the first {FEW} and what needs a look."
    ),
]
_FEW_WORDS = 3
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


def mapping_rows(
    suggestions: Sequence[Mapping[str, Any]], *, all_of_them: bool
) -> tuple[list[dict[str, Any]], int]:
    """Suggestions as lines of a table, and how many are left out: sure ones rather than guesses and fields
    without a column.
    """
    shown = list(suggestions)
    if not all_of_them:
        sure_last = sorted(
            range(len(shown)), key=lambda at: bool(shown[at]["column"] and not shown[at]["doubt"])
        )
        shown = [shown[at] for at in sorted(sure_last[:FEW])]
    return [
        {"field": one["field"], "column": one["column"], "changed": _changed(one, all_of_them=all_of_them)}
        for one in shown
    ], len(suggestions) - len(shown)


def _changed(one: Mapping[str, Any], *, all_of_them: bool) -> str | None:
    """What becomes of a column's values; None if they stay as they are."""
    parts = [f"x {one['factor']:.6g}"] if one["factor"] is not None else []
    parts += ["rounded"] if one["round"] else []
    words = one["values"].split("; ") if one["values"] else []
    told = words if all_of_them else words[:_FEW_WORDS]
    parts += ["; ".join(told)] if told else []
    if len(told) < len(words):
        parts.append(f"and {len(words) - len(told)} more")
    return " ".join(parts) or None


def sentences_of(fits: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is converted or left out, each sentence once, with the campaigns of which it is true."""
    campaigns: dict[str, list[str]] = defaultdict(list)
    for fit in fits:
        for sentence in fit["changed"]:
            campaigns[sentence].append(short_id(fit["campaign"]))
    return [f"{_told(of)}: {sentence}" for sentence, of in campaigns.items()]


def _told(campaigns: Sequence[str]) -> str:
    few = campaigns[:2] if len(campaigns) > 3 else campaigns
    return ", ".join(few) + (f" and {len(campaigns) - len(few)} more" if len(few) < len(campaigns) else "")
