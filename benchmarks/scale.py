"""Rows a second of one core that takes exact sums over a row group, as a worker of a mine's cluster does.

`python -m benchmarks.scale` prints a line for each size; docs/scale.md works out a billion rows from them.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from mine_agent.scale.pieces import Piece, piece_sums
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.schema import class_label, input_schema, number_field, output_schema
from tests.builders.specs import spec_of

ROWS, TIMES = 100_000, 3


def main() -> None:
    """10, 30 and 64 numbers and one of two labels."""
    for inputs in (10, 30, 64):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.parquet"
            names = [f"x{place}" for place in range(inputs)]
            random = np.random.default_rng(0)
            numbers = {name: random.normal(size=ROWS) for name in names}
            table = pa.table({**numbers, "label": random.choice(["no", "yes"], ROWS)})
            pa.parquet.write_table(table, path, row_group_size=ROWS)
            piece = piece_of(path, names)
            seconds = []
            for _ in range(TIMES):
                began = time.process_time()
                assert piece_sums(piece)[2] == ROWS
                seconds.append(time.process_time() - began)
            rate = ROWS / statistics.median(seconds)
            size = path.stat().st_size / ROWS
            print(f"{inputs} inputs: {rate:,.0f} rows a second of a core, {size:.0f} bytes a row on disk")


def piece_of(path: Path, names: list[str]) -> Piece:
    """The whole file as one piece, for a logistic model."""
    spec = spec_of(
        input_schema=input_schema({name: number_field((-4.0, 4.0)) for name in names}),
        output_schema=output_schema("label", class_label(["no", "yes"])),
        algorithm=Algorithm("logistic", {"name": "gradient_descent", "steps": 50}),
    )
    return Piece(spec.to_bytes(), b"\x02" * 32, str(path), 0, None, None, ".")


if __name__ == "__main__":
    main()
