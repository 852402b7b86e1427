"""What the demo's Data Scientist wants, as the plan file that `sonar campaign create` reads."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts._demo.data import CENTER, LABEL, PIXELS, SCALE

NAME = "digits"


@dataclass(frozen=True)
class Wish:
    """A kind of model and what it should reach.

    `algorithm` and `lasts` are lines of the plan; `most_seconds` is how long a party may wait for another.
    """

    told: str
    algorithm: str
    target: str
    lasts: str
    rule: str = ""
    most_seconds: int = 60


WISHES = {
    "one_vs_rest": Wish(
        told="ten classes, one against the rest; 50 steps at each mine",
        algorithm='family = "one_vs_rest"\nkey_bits = 2048',
        target="90 %",
        lasts='submit_for = "3m"\nreview_for = "2m"',
        rule="[rule]\nsteps = 50\n",
    ),
    "rlwe": Wish(
        told="the same ten classes, encrypted under ring-LWE",
        algorithm='family = "one_vs_rest"\nscheme = "rlwe"',
        target="90 %",
        lasts='submit_for = "3m"\nreview_for = "2m"',
        rule="[rule]\nsteps = 50\n",
    ),
    "mlp": Wish(
        told="a network 64-32-10 with all weights encrypted; one mini-batch of a mine at a time",
        algorithm='family = "mlp"\nparameters = { hidden = 32 }',
        target="85 %",
        lasts='submit_for = "10m"\nreview_for = "5m"',
        most_seconds=180,
    ),
}


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
