"""A plan written down: one TOML or JSON file, or the same keys as options of the command line.

    title = "Handwritten digits"
    family = "one_vs_rest"                 # linear, ridge, logistic, one_vs_rest, mlp
    scheme = "paillier"                    # may be left out; "rlwe" for hundreds of inputs and more
    capsule = "0x..."
    bounty = "10 ETH"
    target = "90 %"
    asset = "ether"                        # may be left out; or a token's address, then bounty = "10 USDC"
    submit_for = "2h"
    purpose = "research"                   # may be left out; one of a closed list, for data owners' rules

    [rule]                                 # may be left out; of mlp there is none to choose
    steps = 50

    [parameters]                           # may be left out; alpha of ridge; hidden and seed of mlp
    features = { name = "fourier", count = 512, gamma = 0.01 }     # of the others but mlp

    [label]
    name = "digit"
    classes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]       # or, for a number: clip = [0, 100]

    [[fields]]
    names = ["pixel_0_0", "pixel_0_1"]     # or name = "..."
    kind = "number"                        # number, integer, boolean, category, text
    clip = [-4, 4]
    center = 5
    scale = 6
    missing = { value = 5 }                # may be left out: then the record counts as unusable; or "drop"
    # of categories also: unknown = { value = "other" }, or "drop"
    # of texts instead: columns = 1024, words = 1, characters = [5, 5], seed = "..."

Further keys are those of `Plan`. The documents `input_schema` and `output_schema` may stand there in place
of `fields` and `label`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openmined_syft.errors import OpenMinedError
from pysonar.chain.address import parse_bytes32, require_address
from pysonar.chain.contract.tokens import ETHER, Asset
from pysonar.chain.errors import BadAddressError, BadArgumentError
from pysonar.files.documents import normalised, read_document
from pysonar.files.text import UnreadableFileError
from pysonar.protocol.artifacts import Algorithm, FromCampaign, PrivacyFloor, Zeros
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.cid import Cid, CidError
from pysonar.protocol.schema import (
    ProfileError,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
    text_field,
)
from pysonar.protocol.schema.gaps import KEYWORDS
from pysonar.scientist.errors import PlanError, PlanFileError
from pysonar.scientist.planning.plan import Plan

MAX_BYTES = 1024 * 1024

_PLAIN = (
    "title", "description", "capsule", "bounty", "target", "min_gain", "stake", "fee", "submit_for",
    "review_for", "max_pending", "pay_by_gap", "metric", "start", "start_tolerance", "steps", "key_bits",
    "weight_bound", "difference_norm", "purpose", "guiding_share", "evaluations",
)  # fmt: skip
AssetAt = Callable[[str], Asset]
"""Gives the asset of a token's address, as the chain says it."""

_REQUIRED = ("title", "family", "capsule", "bounty", "target")
_OTHER = (
    "family", "scheme", "parameters", "rule", "label", "fields", "input_schema", "output_schema",
    "continue_from", "privacy_floor", "auditor_certificate", "asset",
)  # fmt: skip
_WITH_UNIT = (
    (("bounty", "stake", "fee"), "'2 ETH', '5 gwei' or '25 wei'"),
    (("target", "min_gain", "start", "start_tolerance", "guiding_share"), "'90 %' or '900000 ppm'"),
    (("submit_for", "review_for"), "'7d', '2h' or '90s'"),
)
_TEXT_KEYS = ("columns", "words", "characters", "seed")
_TEXTS = ("title", "description", "capsule", "metric", "family", "scheme", "asset", "purpose")


def read_plan(
    path: str | Path, overrides: Mapping[str, Any] | None = None, *, asset_at: AssetAt | None = None
) -> Plan:
    """The plan of a file ending in .toml or .json; `overrides` go before what the file says. `asset_at`: is
    asked if the plan names a token.

    Raises:
        PlanError: the file cannot be read, a key is unknown, missing, or out of range, or an amount, a share
            or a span of time is a number without its unit.
    """
    path = Path(path).expanduser()
    loaded = load_values(path)
    _require_units(str(path), loaded)
    return plan_from({**loaded, **(overrides or {})}, source=str(path), asset_at=asset_at)


def plan_from(
    values: Mapping[str, Any], *, source: str = "the plan", asset_at: AssetAt | None = None
) -> Plan:
    """The plan of the keys above.

    Raises:
        PlanError: a key is unknown, missing, or out of range.
    """
    for key in values:
        if key not in _PLAIN and key not in _OTHER:
            allowed = ", ".join(sorted(_PLAIN + _OTHER))
            raise PlanError(source, key, values[key], f"no such key, but one of {allowed}")
    for key in _REQUIRED:
        if values.get(key) is None:
            raise PlanError(source, key, None, "a value")
    for key in _TEXTS:
        if not isinstance(values.get(key, ""), str):
            raise PlanError(source, key, values[key], "a text")
    plain = {key: values[key] for key in _PLAIN if key in values}
    if "steps" in plain:
        plain["steps"] = tuple(_list(source, "steps", plain["steps"]))
    return Plan(
        **plain,
        asset=_asset(source, values, asset_at),
        input_schema=_inputs(source, values),
        output_schema=_output(source, values),
        algorithm=_algorithm(source, values),
        initial=_initial(source, values),
        privacy_floor=_privacy_floor(source, values),
        auditor_certificate=_auditor(source, values),
    )


def _asset(source: str, values: Mapping[str, Any], asset_at: AssetAt | None) -> Asset:
    named = values.get("asset", "ether")
    if named.lower() in ("ether", "eth"):
        return ETHER
    try:
        address = require_address("the asset", named)
    except BadAddressError:
        raise PlanError(source, "asset", named, "'ether', or a token's address: 0x and 40 digits") from None
    if asset_at is None:
        raise PlanError(
            source, "asset", named, "'ether', where no chain can be asked for the token's decimals"
        )
    return asset_at(address)


def load_values(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = normalised(read_document(path, most_bytes=MAX_BYTES))
    except FileNotFoundError:
        raise PlanFileError(str(path), "the file does not exist", "a plan as .toml or .json") from None
    except UnreadableFileError as error:
        raise PlanFileError(str(path), error.why, "TOML, or JSON with the ending .json") from None
    return loaded


def _require_units(source: str, values: Mapping[str, Any]) -> None:
    """In a file 2 may be ether or wei, 90 a percentage or ppm, 7 days or seconds: money is not guessed at."""
    for keys, example in _WITH_UNIT:
        for key in keys:
            value = values.get(key, 0)
            if isinstance(value, int | float) and (value != 0 or isinstance(value, bool)):
                raise PlanError(source, key, value, f"text with its unit, such as {example}")


def _algorithm(source: str, values: Mapping[str, Any]) -> Algorithm:
    rule = _table(source, "rule", values.get("rule", {}))
    try:
        parameters = _table(source, "parameters", values.get("parameters", {}))
        return Algorithm(values["family"], rule, parameters, values.get("scheme", ""))
    except ArtifactError as error:
        key = error.field.removeprefix("algorithm.")
        raise PlanError(source, key, str(error.value), error.expected) from None


def _inputs(source: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if "input_schema" in values:
        return _table(source, "input_schema", values["input_schema"])
    fields: dict[str, Any] = {}
    for place, entry in enumerate(_list(source, "fields", values.get("fields"))):
        at = f"fields[{place}]"
        table = _table(source, at, entry)
        names = table.pop("names", None) or [table.pop("name", None)]
        for name in _list(source, f"{at}.names", names):
            if not isinstance(name, str) or not name or name in fields:
                raise PlanError(source, f"{at}.name", name, "the name of a column, each once")
            fields[name] = _field(source, at, table)
    try:
        return input_schema(fields)
    except ProfileError as error:
        raise PlanError(source, f"fields ({error.path})", error.value, error.expected) from None


def _output(source: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if "output_schema" in values:
        return _table(source, "output_schema", values["output_schema"])
    table = _table(source, "label", values.get("label"))
    name = table.pop("name", None)
    if not isinstance(name, str) or not name:
        raise PlanError(source, "label.name", name, "the name of a column")
    gaps = _gaps(table)
    try:
        if "classes" in table:
            label = class_label(_list(source, "label.classes", table.pop("classes")))
        else:
            label = number_label(**_numbers(source, "label", table))
        _nothing_left(source, "label", table)
        return output_schema(name, _with(label, gaps))
    except ProfileError as error:
        raise PlanError(source, f"label ({error.path})", error.value, error.expected) from None


def _field(source: str, at: str, table: Mapping[str, Any]) -> dict[str, Any]:
    left = dict(table)
    kind = left.pop("kind", "number")
    gaps = _gaps(left)
    if kind == "boolean":
        made = boolean_field()
    elif kind == "category":
        made = category_field(_list(source, f"{at}.values", left.pop("values", None)))
    elif kind in ("number", "integer"):
        make = number_field if kind == "number" else integer_field
        made = make(**_numbers(source, at, left))
    elif kind == "text":
        made = text_field(**{key: left.pop(key) for key in _TEXT_KEYS if key in left})
    else:
        raise PlanError(source, f"{at}.kind", kind, "number, integer, boolean, category or text")
    _nothing_left(source, at, left)
    return _with(made, gaps)


def _gaps(table: dict[str, Any]) -> dict[str, Any]:
    """What the entry says of values that are missing or unknown, taken out."""
    return {key: table.pop(key) for key in KEYWORDS if key in table}


def _with(field: dict[str, Any], gaps: Mapping[str, Any]) -> dict[str, Any]:
    return {**field, "openmined": {**field["openmined"], **gaps}}


def _numbers(source: str, at: str, table: dict[str, Any]) -> dict[str, Any]:
    clip = _list(source, f"{at}.clip", table.pop("clip", None))
    if len(clip) != 2:
        raise PlanError(source, f"{at}.clip", clip, "the smallest and the largest value")
    return {"clip": tuple(clip), "center": table.pop("center", 0.0), "scale": table.pop("scale", 1.0)}


def _initial(source: str, values: Mapping[str, Any]) -> Zeros | FromCampaign:
    earlier = values.get("continue_from")
    if earlier is None:
        return Zeros()
    try:
        return FromCampaign(parse_bytes32("continue_from", str(earlier)))
    except BadArgumentError:
        raise PlanError(
            source, "continue_from", earlier, "the id of an earlier campaign, 0x and 64 digits"
        ) from None


def _privacy_floor(source: str, values: Mapping[str, Any]) -> PrivacyFloor | None:
    if values.get("privacy_floor") is None:
        return None
    table = _table(source, "privacy_floor", values["privacy_floor"])
    try:
        return PrivacyFloor(**table)
    except (TypeError, OpenMinedError):
        raise PlanError(source, "privacy_floor", table, "epsilon (up to 100) and delta (up to 0.1)") from None


def _auditor(source: str, values: Mapping[str, Any]) -> Cid | None:
    text = values.get("auditor_certificate")
    if text is None:
        return None
    try:
        return Cid.parse(str(text))
    except CidError:
        raise PlanError(source, "auditor_certificate", text, "the CID of a certificate, Qm...") from None


def _table(source: str, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PlanError(source, key, value, "a table of keys and values")
    return dict(value)


def _list(source: str, key: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise PlanError(source, key, value, "a list that is not empty")
    return list(value)


def _nothing_left(source: str, at: str, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        raise PlanError(source, f"{at}.{key}", value, "no such key here")
