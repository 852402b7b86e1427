"""`make bench-statistics`: it fills what it says, every question has an answer, and the page shows both."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.statistics import page, queries
from benchmarks.statistics.chain import events_of
from benchmarks.statistics.events import Run, as_json
from tests.web.recount import rows

CAMPAIGNS, ROUNDS = queries.CAPSULES, 9


def test_the_lives_that_are_asked_about_are_whole(tmp_path: Path) -> None:
    database = str(tmp_path / "lives.sqlite")
    assert len(list(queries.lives(CAMPAIGNS, ROUNDS))) == events_of(CAMPAIGNS, ROUNDS)
    assert queries.fill(database, CAMPAIGNS, ROUNDS, 60)
    assert queries.fill(database, CAMPAIGNS, ROUNDS, 60), "called again, it adds nothing"
    told = rows(database, "campaign")
    assert [(one["state"], one["submitted"], one["evaluated"], one["version"]) for one in told] == [
        ("settled", ROUNDS, ROUNDS, 3)
    ] * CAMPAIGNS
    timings = queries.ask(database, CAMPAIGNS, 1)
    assert [one.question for one in timings] == list(queries.questions(CAMPAIGNS))
    assert all(0 < one.median <= one.p99 and one.processor > 0 for one in timings)


def test_the_page_says_which_aims_are_missed(tmp_path: Path) -> None:
    def page_of(ours: float, slowest: float) -> str:
        runs = [
            Run("sonar-web, SQLite", 60_000, 1.0, 60_000 / ours),
            Run("sonar-web, PostgreSQL", 60_000, 1.0, 2.0),
            Run(page.PEER, 60_000, 1.0, 60_000 / 3_000),
        ]
        (tmp_path / "events.json").write_text(as_json(runs))
        asked = [vars(queries.Timing("miners", 1.0, slowest, 1.0))]
        kept = {"SQLite": asked, "PostgreSQL": asked, "events": 1, "campaigns": 1, "times": 1, "load": 1.0}
        (tmp_path / "queries.json").write_text(json.dumps(kept))
        page.write_page(tmp_path, tmp_path / "page.md")
        return " ".join((tmp_path / "page.md").read_text().split())

    assert "50,000 events a second and 20 times: met." in page_of(61_000, 99.0)
    assert "of 2 questions on either database: 0 on the clock, 0 in" in page_of(61_000, 99.0)
    assert "50,000 events a second and 20 times: missed." in page_of(59_000, 99.0)
    assert "of 2 questions on either database: 2 on the clock, 0 in" in page_of(59_000, 101.0)
