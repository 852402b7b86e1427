"""Write three CSV files of Fisher's irises: the scientist's to validate and to test with, and a miner's own.

usage: python docs/examples/iris.py FOLDER
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
PARTS = {"validation.csv": slice(0, 40), "test.csv": slice(40, 70), "flowers.csv": slice(70, 150)}

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
flowers = load_iris()
order = np.random.default_rng(1).permutation(len(flowers.target))
for name, part in PARTS.items():
    with (folder / name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in order[part]:
            writer.writerow([*flowers.data[row], flowers.target_names[flowers.target[row]]])
