"""A campaign that is over in a minute: who is heavy?, from weight and height, under 2,048 bits."""

import csv
import random
from pathlib import Path

PLAN = """
title = "Who is heavy?"
family = "one_vs_rest"
key_bits = 2048
capsule = "{capsule}"
{money}
target = "85 %"
submit_for = "1h"
review_for = "1h"

[[fields]]
name = "weight"
clip = [30, 150]
center = 60
scale = 10

[[fields]]
name = "height"
clip = [1.0, 2.2]
center = 1.7
scale = 0.2

[label]
name = "ill"
classes = [0, 1]
"""


def write_plan(path: Path, capsule: str, **money: str) -> Path:
    """The plan file; `money` is what it says of asset, bounty, stake and fee."""
    lines = "\n".join(f'{name} = "{value}"' for name, value in money.items())
    path.write_text(PLAN.format(capsule=capsule, money=lines))
    return path


def write_people(path: Path, rows: int, seed: int) -> Path:
    """People of whom those above 60 kg have the label 1."""
    chosen = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["weight", "height", "ill"])
        for number in range(rows):
            ill = number % 2
            writer.writerow([round(chosen.uniform(62, 95) if ill else chosen.uniform(35, 58), 1),
                             round(chosen.uniform(1.5, 2.0), 2), ill])  # fmt: skip
    return path
