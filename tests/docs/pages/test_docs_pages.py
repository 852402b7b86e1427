"""`make docs`: the command reference is the commands' own help, and no page calls out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOADED = re.compile(r'<(?:script|img|iframe)[^>]*\ssrc="(https?:)?//|<link[^>]*\shref="(https?:)?//')


def test_the_command_reference_is_the_help_of_today() -> None:
    printed = subprocess.run(
        [sys.executable, "ci/docs/cli_reference.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == printed, "run `make cli-docs`"


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning_and_asks_no_other_host(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    pages = list(tmp_path.rglob("*.html"))
    assert {"README.html", "docs/cli.html", "docs/api.html"} <= {
        str(page.relative_to(tmp_path)) for page in pages
    }
    assert [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []


def test_a_page_that_calls_out_is_noticed() -> None:
    assert LOADED.search('<script async src="https://example.org/x.js"></script>')
    assert not LOADED.search('<script src="_static/x.js"></script><a href="https://example.org">there</a>')


@pytest.mark.parametrize(("name", "page"), [("plan", "plan.md"), ("capsule", "capsule-toml.md")])
def test_the_references_of_files_are_what_the_code_reads_today(name: str, page: str) -> None:
    printed = subprocess.run(
        [sys.executable, "ci/docs/plan_reference.py", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == printed, "run `make plan-docs`"
