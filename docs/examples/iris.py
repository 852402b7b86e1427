"""Write three files of Fisher's irises: the scientist's to validate and to test with, and a miner's own.

The miner's file is as people's files are: semicolons, decimal commas, Windows' encoding, other names, lengths
in millimetres, some values missing, a title above and a total below.

usage: python docs/examples/iris.py FOLDER
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
PARTS = {"validation.csv": slice(0, 40), "test.csv": slice(40, 70)}
MINE = slice(70, 150)
LENGTHS = ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth"]
TITLES = ["Nr.", *(f"{name} (mm)" for name in LENGTHS), "Species (Büchner)"]

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

lines = ["# measured in the garden", ";".join(TITLES)]
for number, row in enumerate(order[MINE], start=1):
    lengths = [f"{10 * length:.1f}".replace(".", ",") for length in flowers.data[row]]
    species = f"Iris {flowers.target_names[flowers.target[row]]}"
    lines.append(";".join([str(number), *lengths, species]))
lines.append("Total;80;;;;")
(folder / "flowers.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
