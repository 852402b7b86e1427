"""What the demo's Data Scientist wants, as the plan file that `sonar campaign create` reads."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from scripts._demo.data import CENTER, LABEL, PIXELS, SCALE

NAME = "digits"


@dataclass(frozen=True)
class Wish:
    """A kind of model and what it should reach.

    `algorithm` and `lasts` are lines of the plan; `most_seconds` is how long a party may wait for another;
    `privacy` is what the mines' owners choose at `mine-agent init`.
    """

    told: str
    algorithm: str
    target: str
    lasts: str
    rule: str = ""
    most_seconds: int = 60
    privacy: str = "none"


DIGITS = Wish(
    told="ten classes, one against the rest; 50 steps at each mine",
    algorithm='family = "one_vs_rest"\nkey_bits = 2048',
    target="90 %",
    lasts='submit_for = "3m"\nreview_for = "1h"',
    rule="[rule]\nsteps = 50\n",
)
# Noise at each mine costs accuracy, and few steps at a time keep one mine's from taking over the model.
DIGITS_WITH_PRIVACY = replace(
    DIGITS,
    told="ten classes, one against the rest; 3 steps at each mine, on sums released once under noise",
    target="75 %",
    rule="[rule]\nsteps = 3\n",
    privacy="differential",
)

WISHES = {
    "one_vs_rest": {"differential": DIGITS_WITH_PRIVACY, "none": DIGITS},
    "rlwe": {
        name: replace(
            wish,
            told=wish.told.replace("ten classes", "ten classes under ring-LWE"),
            algorithm='family = "one_vs_rest"\nscheme = "rlwe"',
        )
        for name, wish in {"differential": DIGITS_WITH_PRIVACY, "none": DIGITS}.items()
    },
    "mlp": {
        "none": Wish(
            told="a network 64-32-10 with all weights encrypted; one mini-batch of a mine at a time",
            algorithm='family = "mlp"\nparameters = { hidden = 32, bias = false }',
            target="85 %",
            lasts='submit_for = "10m"\nreview_for = "1h"',
            most_seconds=180,
        ),
    },
}
"""By kind of model, and by what the mines' owners choose. Networks are not trained under a budget."""


def write_plan(path: Path, *, capsule: str, wish: Wish) -> None:
    """Write the plan: ten digits, and 10 ETH for the target."""
    path.write_text(
        f"""title = "Handwritten digits"
description = "8 x 8 pixels of grey, 0 to 16; which digit is it?"
{wish.algorithm}
capsule = "{capsule}"

bounty = "10 ETH"
target = "{wish.target}"
min_gain = "0.5 %"
stake = "0.01 ETH"
fee = "0.001 ETH"
{wish.lasts}

{wish.rule}
[label]
name = "{LABEL}"
classes = {json.dumps(list(range(10)))}

[[fields]]
names = {json.dumps(PIXELS)}
kind = "number"
clip = [0, 16]
center = {CENTER}
scale = {SCALE}
""",
        encoding="utf-8",
    )
