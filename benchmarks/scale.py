"""What one core does for a mine whose data are summed on a cluster; docs/scale.md works out a billion rows.

`python -m benchmarks.scale` prints a line for each size: rows a second of one core that takes exact sums over
a row group, bytes of a row on disk and of a row group's sums, and how fast a file's digest is taken.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from mine_agent.data.adapters.tables.parquet import ParquetFile
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
            piece, seconds, digests = piece_of(path, names), [], []
            for _ in range(TIMES):
                began = time.process_time()
                products, pulls, rows = piece_sums(piece)
                seconds.append(time.process_time() - began)
                assert rows == ROWS
                began = time.process_time()
                ParquetFile(path).digest()
                digests.append(time.process_time() - began)
            rate, size = ROWS / statistics.median(seconds), path.stat().st_size
            print(
                f"{inputs} inputs: {rate:,.0f} rows a second of a core; {size / ROWS:.0f} bytes a row on"
                " disk;"
                f" sums of {products.nbytes + pulls.nbytes:,} bytes a row group;"
                f" digest {size / statistics.median(digests) / 1e6:,.0f} MB a second",
                flush=True,
            )


def piece_of(path: Path, names: list[str]) -> Piece:
    """The whole file as one piece, for a logistic model."""
    spec = spec_of(
        input_schema=input_schema({name: number_field((-4.0, 4.0)) for name in names}),
        output_schema=output_schema("label", class_label(["no", "yes"])),
        algorithm=Algorithm("logistic", {"name": "gradient_descent", "steps": 50}),
    )
    footer = ParquetFile(path).footer_digest()
    return Piece(spec.to_bytes(), b"\x02" * 32, str(path), footer, 0, None, None, ".")


if __name__ == "__main__":
    main()
