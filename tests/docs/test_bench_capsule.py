"""`make bench-capsule` runs, small; and its page is what the figures say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.capsule.__main__ import FIGURES, PAGE, main
from benchmarks.capsule.page import page


@pytest.mark.slow
def test_a_small_run_measures_every_part_and_writes_its_page(tmp_path: Path) -> None:
    figures, written = tmp_path / "capsule.json", tmp_path / "CAPSULE.md"
    sizes = "--bits 2048 --inputs 4 --open 1 3 --submissions 20 --growth 200 --repeats 1"
    main([*sizes.split(), "--figures", str(figures), "--page", str(written)])
    found = json.loads(figures.read_text())
    for name in ("judging 5x10 2048 1", "judging 5x10 2048 3"):
        (one,) = found[name]
        assert one["no_gains"]["judged"] >= 20
        assert one["versions"] > 1
        assert one["gains"]["cpu"] > 0
    assert sum(part["judged"] for part in found["growth"]["parts"]) == 200
    assert found["growth"]["caught_up"]["wall"] > 0
    assert written.read_text() == page(found)
    assert "| 5x10 | 2048 | 3 |" in written.read_text()


def test_the_page_is_what_the_figures_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(json.loads(FIGURES.read_text(encoding="utf-8")))
