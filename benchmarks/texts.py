"""How near a campaign comes to a ridge regression in the clear on film reviews, by the number of columns.

`python -m benchmarks.texts` writes texts.md, which RESULTS.md takes in. Three mines with 3,000 reviews each
and the scientist's 1,000, as in `make demo-text`; the campaign in plain numbers, which Capsule's are equal
to, with a target that cannot be reached: it ends when no mine gains any more.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from openmined_syft.judging.plain_campaign import climb
from openmined_syft.models import Rows
from pysonar.scientist.planning.plan_file import read_plan
from pysonar.scientist.planning.rehearsal import plain_campaign
from pysonar.tables import read_csv
from scripts._demo.plan import WISHES, write_plan
from scripts._demo.twin import ridge_ceiling, rows_of

COLUMNS, MOST_AWAY = (1024, 4096), 0.02
WRITTEN = Path(__file__).with_name("texts.md")


def line(columns: int) -> str:
    """A row of the table."""
    wish = WISHES["reviews"]["none"]
    schema = wish.subject.schema.replace("columns = 1024", f"columns = {columns}")
    wish = replace(wish, target="99 %", subject=replace(wish.subject, schema=schema))
    with tempfile.TemporaryDirectory() as folder:
        files = wish.subject.write(Path(folder) / "data", [False] * 3, 0)
        path = Path(folder) / "plan.toml"
        write_plan(path, capsule="0x" + "11" * 20, wish=wish)
        plan = read_plan(path)
        owned = rows_of(plan, files, ["mine 1", "mine 2", "mine 3"])
        tables = [read_csv(one, plan.schema) for one in (files.validation, files.test)]
        validation, test = (Rows(plan.schema.encode(one), plan.schema.encode_labels(one)) for one in tables)
        campaign = plain_campaign(plan, plan.algorithm, validation)
        mines = {name: own.rows for name, own in owned.items()}
        done = climb(campaign, mines, target=plan.target, min_gain=plan.min_gain)
        reached = float((campaign.family.predict(done.weights, test.X) == test.y).mean())
        ceiling = ridge_ceiling(plan, owned, files)
    verdict = "met" if reached >= ceiling - MOST_AWAY else "missed"
    return (
        f"| {columns:,} | {reached:.3f} | {ceiling:.3f} | {ceiling - reached:+.3f} | {MOST_AWAY}: {verdict} |"
        f" {done.evaluations}, {len(done.gains)} of them paid |"
    )


def main() -> None:
    """Both sizes."""
    lines = [
        "| columns | campaign | ridge in the clear | below it | target | gradients judged |",
        "| --- | --- | --- | --- | --- | --- |",
        *(line(columns) for columns in COLUMNS),
    ]
    WRITTEN.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
