"""Every key of a plan: type, unit, default, meaning, example. `docs/plan.md` is written from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from openmined_syft.rules import rule_names
from pysonar.protocol.amounts import format_ppm
from pysonar.protocol.artifacts import DEFAULT_STEPS
from pysonar.protocol.artifacts.spec.algorithm import FAMILIES, defaults_of, metrics_of
from pysonar.protocol.artifacts.spec.least_gain import FEE_SHARE_PPM, LEAST_FEE, LEAST_SPLIT, USUAL_GAIN
from pysonar.scientist.planning.plan import DEFAULT_STAKE, Plan

_AMOUNT, _SHARE, _SPAN = (
    "text with its unit: '2 ETH'",
    "text with its unit: '90 %'",
    "text with its unit: '7d'",
)


@dataclass(frozen=True)
class Key:
    """One key at the top of a plan.

    Attributes:
        kind: type and unit. meaning: a sentence or two. example: as it stands in a TOML file.
        default: what is taken if it is left out; empty: it must be given.
    """

    name: str
    kind: str
    meaning: str
    example: str
    default: str = ""


def _default(name: str) -> str:
    """The default of Plan's own field, as it would be written."""
    (field,) = (field for field in dataclasses.fields(Plan) if field.name == name)
    value = field.default
    return _shown(name, value)


def _shown(name: str, value: Any) -> str:
    if name in ("min_gain", "start_tolerance"):
        return f"{value / 10_000:g} %"
    if name in ("submit_for", "review_for"):
        return f"{value // 86_400}d"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}" if not isinstance(value, tuple) else ", ".join(map(str, value))


_MIN_GAIN = f"{format_ppm(USUAL_GAIN)}, or more where validation records are few"

KEYS = (
    Key("title", "text", "What data owners read first.", 'title = "Irises"'),
    Key(
        "description",
        "text",
        "What for, in which units; for data owners.",
        'description = "Lengths in cm."',
        "empty",
    ),
    Key("family", f"one of {', '.join(FAMILIES)}", "The kind of model, see below.", 'family = "logistic"'),
    Key("capsule", "address", "The Capsule that judges; or --capsule at `create`.", 'capsule = "0x00...aa"'),
    Key("bounty", _AMOUNT, "Goes into escrow; what nobody earns comes back.", 'bounty = "2 ETH"'),
    Key(
        "target",
        _SHARE,
        "The score, on your validation records, that ends it. A gain earns bounty x gain / target.",
        'target = "90 %"',
    ),
    Key(
        "pay_by_gap",
        "true or false",
        "Divide by (target - start) in place of the target: reaching the target pays the whole bounty.",
        "pay_by_gap = true",
        _default("pay_by_gap"),
    ),
    Key("min_gain", _SHARE, "The smallest increase that is paid.", 'min_gain = "1 %"', _MIN_GAIN),
    Key(
        "stake",
        _AMOUNT,
        "Of each submission; comes back unless it was unusable. In a token it must be given.",
        'stake = "0.01 ETH"',
        f"{DEFAULT_STAKE / 10**18:g} ETH",
    ),
    Key(
        "fee",
        _AMOUNT,
        "Of each submission, to Capsule. In a token it must be given.",
        'fee = "0.001 ETH"',
        f"{FEE_SHARE_PPM / 10_000:g} % of the bounty, {LEAST_FEE / 10**18:g} ETH at least",
    ),
    Key(
        "asset",
        "'ether' or a token's address",
        "What bounty, stake and fee are paid in.",
        'asset = "ether"',
        "ether",
    ),
    Key("submit_for", _SPAN, "How long mines may submit.", 'submit_for = "7d"', _default("submit_for")),
    Key(
        "review_for",
        _SPAN,
        "How long Capsule may judge after that.",
        'review_for = "2d"',
        _default("review_for"),
    ),
    Key(
        "max_pending",
        "whole number",
        "Submissions that may wait for a verdict.",
        "max_pending = 32",
        _default("max_pending"),
    ),
    Key(
        "guiding_share",
        _SHARE,
        "The share of the validation records that guides the search for the step; the others alone decide"
        " what is paid, and nobody who sends gradients knows which those are.",
        'guiding_share = "50 %"',
        f"half, of {LEAST_SPLIT} records or more, where `min_gain` is left out as well; else none",
    ),
    Key(
        "evaluations",
        "whole number",
        "Submissions after which the validation records count as used up: later ones gain nothing.",
        "evaluations = 200",
        "any number",
    ),
    Key(
        "metric",
        "text",
        "How the model is measured, see the table of families.",
        'metric = "auc"',
        "accuracy for classes, r2 for numbers",
    ),
    Key(
        "purpose",
        "text of a closed list",
        "What the model is for; data owners can allow or refuse purposes.",
        'purpose = "research"',
        "none",
    ),
    Key(
        "scheme",
        "paillier or rlwe",
        "What linear models are encrypted with: rlwe is quicker from hundreds of inputs on.",
        'scheme = "rlwe"',
        "paillier; ckks for mlp",
    ),
    Key(
        "key_bits",
        "whole number",
        "Size of the campaign's key: 2048, 3072 or 4096 for paillier; the other schemes have one size only.",
        "key_bits = 3072",
        "the scheme's own: 3072, 8192 or 16384",
    ),
    Key(
        "rule",
        "table",
        f"How a mine trains: name ({', '.join(rule_names())}) and its parameters.",
        "[rule]\nsteps = 20",
        "gradient_descent",
    ),
    Key("parameters", "table", "Of the family, see below.", "[parameters]\nalpha = 0.01", "the family's"),
    Key(
        "steps",
        "list of numbers",
        "What Capsule may multiply a gradient with.",
        "steps = [0.5, 1, 2]",
        f"{_shown('steps', DEFAULT_STEPS)}; for the metric log_loss also 4 and 8",
    ),
    Key("weight_bound", "number", "Largest absolute weight.", "weight_bound = 8", _default("weight_bound")),
    Key(
        "difference_norm",
        "number",
        "A longer gradient is scaled down to this length.",
        "difference_norm = 1000",
        _default("difference_norm"),
    ),
    Key(
        "start",
        _SHARE,
        "Score of the first model; needed with continue_from, else measured.",
        'start = "85 %"',
        "measured",
    ),
    Key(
        "start_tolerance",
        _SHARE,
        "How far Capsule's measure of the start may be from it.",
        'start_tolerance = "1 %"',
        _default("start_tolerance"),
    ),
    Key(
        "continue_from",
        "id of a campaign",
        "Start from the model of an earlier campaign of yours.",
        'continue_from = "0x12...ef"',
        "zeros; a network from its seed",
    ),
    Key(
        "privacy_floor",
        "table",
        "Least privacy of each release: epsilon (up to 100) and delta (up to 0.1). Not for networks.",
        "privacy_floor = { epsilon = 3, delta = 1e-6 }",
        "none",
    ),
    Key(
        "auditor_certificate",
        "CID",
        "OpenPGP certificate of an auditor (`sonar certificate`), who may open everything once the campaign"
        " is over, and judge every submission anew. Mines whose owners do not list it stay away.",
        'auditor_certificate = "Qm..."',
        "none",
    ),
    Key(
        "label",
        "table",
        "What is predicted: name, and classes, or clip with center and scale.",
        '[label]\nname = "ill"\nclasses = ["no", "yes"]',
    ),
    Key(
        "fields",
        "list of tables",
        "What it is predicted from, see below.",
        '[[fields]]\nname = "age"\nclip = [0, 110]\ncenter = 45\nscale = 20',
    ),
    Key(
        "input_schema",
        "JSON Schema",
        "In place of fields, the document itself.",
        "see `pysonar.protocol.schema`",
        "made of fields",
    ),
    Key(
        "output_schema", "JSON Schema", "In place of label.", "see `pysonar.protocol.schema`", "made of label"
    ),
)

FIELD_KEYS = (
    ("name", "the column's name; or `names`, a list of columns that are alike"),
    ("kind", "`number` (default), `integer`, `boolean`, `category` or `text`"),
    ("clip", "smallest and largest value, in the data's own unit; others are cut to them (numbers only)"),
    (
        "center, scale",
        "a number counts as (value - center) / scale; most should be within -1 and 1",
    ),
    ("values", "a category's texts or whole numbers; each becomes a column of 0 and 1"),
    (
        "missing",
        '`{ value = v }` puts v in a gap, `"drop"` leaves the record out; else it is unusable',
    ),
    ("unknown", "the same for a category that is not on the list"),
    (
        "columns",
        "into how many numbers a text is hashed, 16 to 4,096 (default 1,024): more of them tell words apart"
        " better; from a few hundred on, scheme `rlwe` is the quick one",
    ),
    ("words", "longest run of words of a text that counts as one part, 0 to 3 (default 1)"),
    (
        "characters",
        "shortest and longest part of a word that counts, within 1 to 8, as `[5, 5]` (default none): for"
        " languages that bend or join their words, or write no spaces",
    ),
    ("seed", "public text of up to 64 characters that decides which parts share a column (default empty)"),
)

WHEN = {
    "linear": "A number to predict, few fields, records by the hundred.",
    "ridge": "A number to predict: the usual choice. The penalty alpha holds weights of similar fields down.",
    "logistic": "Two classes: the usual choice, for tables and for texts.",
    "one_vs_rest": "Three classes or more: the usual choice.",
    "mlp": (
        "Classes of images, or where products of fields matter, with 8 to 127 fields and mines that gave up"
        " their privacy budget for it. On tables it is seldom better than a linear family, see"
        " [benchmarks/TABLES.md](../benchmarks/TABLES.md)."
    ),
}
MAPS = (
    (
        '`features = { name = "fourier", count = 512, gamma = 0.01 }`',
        "curved relations, in tables of up to a few dozen fields; gamma about 0.3 divided by the number of"
        " fields, count"
        " 128 to 512; a visit's time grows with its square. `sonar campaign draft` tries it on your data",
    ),
)

LIMITS = """\
What was measured on tables, three mines with exact gradients against scikit-learn with all of their
records in the clear ([benchmarks/TABLES.md](../benchmarks/TABLES.md)):

| data | logistic or one_vs_rest | on random features | network |
| --- | --- | --- | --- |
| classes of about equal size, 10 to 30 fields | as good, within 1 point | as good; 3 below on the smallest |\
 with bias 1 to 4 points below, without 7 to 24 |
| one class of 16 or 22 % | 9 to 10 points of balanced accuracy below | 9 below, or nothing learned | \
with bias 6 to 10 below, without 9 to 17 |

The usual noise of mines (epsilon 3) costs more on top where records are few, fields or classes many: 5
points on breast cancer with 100 records a mine ([privacy.md](privacy.md))."""
PAYOUTS = """\
Each gain earns bounty x gain / target (or / (target - start) with `pay_by_gap`), whoever makes it. Early
gains are easy: the first mine takes most, whatever it knows. A `target` close to what your records allow,
a small `min_gain` and several mines with different data spread it more, and so do few steps of the rule:
on breast cancer, three mines and exact gradients, the first took 100 % of what was paid at 50 or 8 steps
a visit, 97 % at 3 and 53 % at 1; the target was reached with 1, 1, 2 and 3 submissions (`sonar campaign
simulate` plays it on your data).

`draft` proposes a target that is about the best mines can reach, so that the campaign goes on until
`submit_for` is over, and what nobody earned comes back. On five tables (loans, wine, diabetes, breast
cancer, attrition; three mines with 30 to 833 records each, epsilon 3, 3 steps a visit, four draws each)
2.0 to 2.5 of the three mines were paid then, and the first submission took 64 to 88 % of it.

Other ways were played with the same tables and mines, and are not keys of their own:

* Smaller steps, `steps = [0.125, 0.25]`: on classes the first share stayed between 69 and 93 %. With a
  number to predict it fell from 64 to 24 %, but without noise a mine that sends its gradient eight times
  as long took 69 % there instead of 37 %: only honest mines are held back.
* `difference_norm` at an eighth of a usual gradient's length: sending more gains nothing. With a number
  to predict the first took 23 % instead of 64 %, with 7 instead of 3 paid submissions and 0.02 less of
  r2: worth a try for `ridge`. On classes the first share stayed between 67 and 87 %, and where one class
  is rare up to 12 points of balanced accuracy were lost.
* Several versions that must each bring a part: a target above what the first mine reaches does it."""


def page() -> str:
    """The whole of docs/plan.md."""
    lines = [
        "# The plan of a campaign",
        "",
        "Written from the code by `make plan-docs`; a test compares the two. `sonar campaign draft DATA.csv`",
        "writes a first plan from a table of yours, `sonar campaign check PLAN --validation FILE.csv`",
        "rehearses it.",
        "",
        "A plan is a TOML file (or JSON with the same keys). Amounts, shares and spans of time are texts",
        "with their unit, so that nothing is guessed. Keys that have a default may be left out.",
        "",
        "| key | type | default | meaning |",
        "| --- | --- | --- | --- |",
        *(f"| `{key.name}` | {key.kind} | {key.default or '**required**'} | {key.meaning} |" for key in KEYS),
        "",
        "## An example of each",
        "",
        "```toml",
        *(key.example for key in KEYS if not key.example.startswith(("see", "["))),
        *(f"\n{key.example}" for key in KEYS if key.example.startswith("[")),
        "```",
        "",
        "## Fields",
        "",
        "| key | meaning |",
        "| --- | --- |",
        *(f"| `{name}` | {meaning} |" for name, meaning in FIELD_KEYS),
        "",
        "A label that is a number needs center and scale as a field does, or no mine can train it.",
        "",
        "## Families: which one, when",
        "",
        "| family | label | metrics | parameters | when |",
        "| --- | --- | --- | --- | --- |",
    ]
    for family in FAMILIES:
        metrics = ", ".join(metrics_of(family))
        label = "a number" if "r2" in metrics else "two classes" if family == "logistic" else "classes"
        own = ", ".join(f"{key} = {_toml(value)}" for key, value in defaults_of(family).items()) or "-"
        lines.append(f"| `{family}` | {label} | {metrics} | {own} | {WHEN[family]} |")
    lines += [
        "",
        "`auc` is what to take where one class is rare: under `accuracy` a model that always",
        "names the frequent class starts so high that nobody can gain, and under `balanced_accuracy` or",
        "`macro_f1` whoever shifts the bias of the first mine's model is paid without a record",
        "(docs/noise-mining.md). `auc` leaves it to you where to draw the line between the classes.",
        "",
        *LIMITS.splitlines(),
        "",
        "Feature maps, for the linear families, in `[parameters]`:",
        "",
        *(f"* {example}: {meaning}." for example, meaning in MAPS),
        "",
        "## What to expect of payouts",
        "",
        *PAYOUTS.splitlines(),
        "",
    ]
    return "\n".join(lines)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"
