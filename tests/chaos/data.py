"""The campaign in chaos: Fisher's irises, plainly written, and a plan that takes three gains."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
PARTS = {"validation.csv": slice(0, 40), "test.csv": slice(40, 70), "flowers.csv": slice(70, 150)}
PLAN = """
title = "Irises"
description = "Which iris is it? Lengths and widths in centimetres."
family = "one_vs_rest"
bounty = "2 ETH"
target = "80 %"
min_gain = "1 %"
stake = "0.01 ETH"
fee = "0.001 ETH"
submit_for = "1d"
review_for = "1d"
key_bits = 2048

[rule]
steps = 2

[label]
name = "species"
classes = ["setosa", "versicolor", "virginica"]
"""
FIELDS = {
    "sepal_length": "clip = [3, 9]\ncenter = 5.8\nscale = 0.8",
    "sepal_width": "clip = [1, 6]\ncenter = 3.0\nscale = 0.4",
    "petal_length": "clip = [0, 8]\ncenter = 3.8\nscale = 1.8",
    "petal_width": "clip = [0, 4]\ncenter = 1.2\nscale = 0.8",
}


def write_files(folder: Path) -> None:
    """`plan.toml`, and the three parts of the irises as CSV."""
    folder.mkdir(parents=True)
    flowers = load_iris()
    order = np.random.default_rng(1).permutation(len(flowers.target))
    for name, part in PARTS.items():
        with (folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in order[part]:
                writer.writerow([*flowers.data[row], flowers.target_names[flowers.target[row]]])
    fields = "".join(f'\n[[fields]]\nname = "{name}"\n{terms}\n' for name, terms in FIELDS.items())
    (folder / "plan.toml").write_text(PLAN + fields)
