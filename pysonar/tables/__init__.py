"""Tables of records as people have them: read in batches, understood, and turned into a campaign's types.

One way for everybody: the scientist's validation records and a mine's data pass through the same reader, so a
file that one of them can use the other can use, too, and both understand it alike. A `Source` gives columns
and batches; `understand` looks at the values; `record_batches` turns them into the types of a schema and
counts every conversion and every record that is left out.

Not here: what the numbers mean (see `pysonar.protocol.schema`), and where a mine's data come from (see
`mine_agent.data.adapters`).
"""

from pysonar.tables.csv_file import CsvFile
from pysonar.tables.reading import UNUSABLE, Reading, read_csv, read_records, record_batches
from pysonar.tables.source import Batch, Source, TableSource

__all__ = [
    "UNUSABLE",
    "Batch",
    "CsvFile",
    "Reading",
    "Source",
    "TableSource",
    "read_csv",
    "read_records",
    "record_batches",
]
