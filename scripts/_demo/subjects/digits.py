"""The demo's data: scikit-learn's handwritten digits, shared out to owners who keep them in different ways.

One mine has a CSV file, one a Parquet file and one an SQLite database; nobody else sees any of them.

Each digit has a home among the mines: 80 % of its training rows lie there, the rest is spread over the other
mines. The Data Scientist keeps 360 rows to validate with and 360 more to test with; no mine has any of those.
"""

import csv
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from scripts._demo.subjects.subject import Files, Subject, schema_of_pixels

ROWS_TO_VALIDATE = 360
ROWS_TO_TEST = 360
HOME_SHARE = 0.8
PIXELS = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
LABEL = "digit"
# Public scaling, the same for everybody: the mean and the spread of a pixel over all digits, rounded.
CENTER, SCALE = 5.0, 6.0


def write_digits(folder: Path, csv_only: Sequence[bool], seed: int) -> Files:
    """Share the 1,797 digits out and write each owner's data: CSV for the scientist, all kinds for mines.

    Args:
        folder: is made if need be.
        csv_only: for each of the mines that share the training rows, whether it reads CSV files only.
        seed: decides which rows go where, and which digit is at home at which mine.
    """
    from sklearn.datasets import load_digits

    mines = len(csv_only)
    images, digits = load_digits(return_X_y=True)
    random = np.random.default_rng(seed)
    order = random.permutation(len(digits))
    validation, test, training = np.split(order, [ROWS_TO_VALIDATE, ROWS_TO_VALIDATE + ROWS_TO_TEST])
    home_of = random.permutation(10) % mines
    owner = home_of[digits[training]]
    strays = random.random(len(training)) >= HOME_SHARE
    owner[strays] = (owner[strays] + random.integers(1, mines, strays.sum())) % mines

    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, rows: np.ndarray) -> Path:
        path = folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*PIXELS, LABEL])
            writer.writerows([*map(int, images[row]), int(digits[row])] for row in rows)
        return path

    def write_mine(mine: int) -> Path:
        rows = training[owner == mine]
        if mine % 3 == 0 or csv_only[mine]:
            return write(f"mine-{mine + 1}.csv", rows)
        values = np.column_stack([images[rows], digits[rows]]).astype(np.int64)
        path = folder / f"mine-{mine + 1}.{'parquet' if mine % 3 == 1 else 'sqlite'}"
        if mine % 3 == 1:
            columns = dict(zip([*PIXELS, LABEL], values.T, strict=True))
            pyarrow.parquet.write_table(pa.table(columns), path)
            return path
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as database:
            names = [*PIXELS, LABEL]
            database.execute(f"create table digits ({', '.join(names)})")
            places = ", ".join("?" * len(names))
            database.executemany(f"insert into digits values ({places})", values.tolist())  # noqa: S608
            database.commit()
        return path

    return Files(
        write("validation.csv", validation),
        write("test.csv", test),
        [write_mine(mine) for mine in range(mines)],
        {},
    )


DIGITS = Subject(
    name="digits",
    about='title = "Handwritten digits"\ndescription = "8 x 8 pixels of grey, 0 to 16; which digit is it?"',
    schema=schema_of_pixels(PIXELS, LABEL, most=16, center=CENTER, scale=SCALE),
    write=write_digits,
)
