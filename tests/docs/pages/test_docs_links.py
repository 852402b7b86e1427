"""Every link and every path that the docs name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([\w./*-]+)`")
PACKAGES = ("openmined_syft/", "pysonar/", "openmined_oracle/", "mine_agent/")
ROOMS = (*PACKAGES, "contracts/", "scripts/", "tests/")


def missing_links(page: Path) -> list[str]:
    """Relative targets of links that do not exist."""
    targets = [target.split("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    return [target for target in local if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert missing_links(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](nowhere.md#part) [away](https://example.org/x)")
    assert missing_links(page) == ["nowhere.md"]


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md", "docs/protocol.md"])
def test_every_room_that_a_page_names_exists(name: str) -> None:
    quoted = QUOTED.findall((ROOT / name).read_text(encoding="utf-8"))
    rooms = [path for path in quoted if path.startswith(ROOMS)]
    assert [path for path in rooms if not list(ROOT.glob(path.rstrip("/")))] == []
