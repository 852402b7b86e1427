"""The README keeps its word: its walkthroughs run line by line as a reader would type them, its links and
make targets exist.
"""

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mine_agent.cli import app as mine
from pysonar.scientist.cli import app as sonar

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def walkthroughs() -> str:
    """Everything in the section of that name that a reader would type, as one shell script."""
    section = README.split("\n## Walkthroughs\n")[1].split("\n## ")[0]
    script = []
    for language, block in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL):
        if language == "sh":
            script.append(block)
        elif language == "python":
            script.append(f"python - <<'SNIPPET'\n{block}SNIPPET\n")
        else:
            raise AssertionError(f"a block of the walkthroughs is neither sh nor python but {language}")
    return "\n".join(script)


def run_as_typed(script: str, checkout: Path) -> str:
    """What the script prints, run with a chain at a port of its own; the agents' logs if it fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    script = script.replace("8545", port)
    assert script.count("anvil ") == 1, "the reader starts one chain"
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OPENMINED_", "APE_", "PYTEST_", "VIRTUAL_ENV"))
    }

    done = subprocess.run(
        # Whatever the reader left running ends with the script.
        ["bash", "-c", f"set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{script}"],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip

    logs = "".join(f"--- {log.name}\n{log.read_text()}" for log in (checkout / "build/iris").glob("*.log"))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{logs}"
    return done.stdout


@pytest.mark.slow
def test_every_line_of_the_walkthroughs_runs(checkout: Path) -> None:
    shown = run_as_typed(walkthroughs(), checkout)
    assert (checkout / "build/iris/model.safetensors").exists()
    assert "IMPROVED" in shown


def own_tables() -> str:
    """Everything in the section on tables of one's own that a reader would type."""
    section = README.split("\n## With tables of your own\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```console\n(.*?)```", section, re.DOTALL))


def write_own_tables(folder: Path) -> None:
    """The reader's files: loans of three banks that name and count things in their own way."""
    draw = np.random.default_rng(19)

    def loans(rows: int) -> list[tuple[float, float, float, str]]:
        income, debt, years = draw.uniform(15, 90, rows), draw.uniform(0, 60, rows), draw.uniform(0, 25, rows)
        ill = 2 * debt / income - years / 12 + draw.normal(0, 0.3, rows)
        found = zip(income, debt, years, ill > np.median(ill), strict=True)
        return [(i, d, y, "default" if bad else "repaid") for i, d, y, bad in found]

    for name, rows in (("validation.csv", 260), ("test.csv", 80)):
        lines = [f"{i * 1000:.2f},{d * 1000:.2f},{y:.1f},{end}" for i, d, y, end in loans(rows)]
        (folder / name).write_text("\n".join(["income,debt,years_employed,outcome", *lines]) + "\n")
    lines = [f"{i * 1000:.2f},{d * 1000:.2f},{y:.1f}" for i, d, y, _ in loans(9)]
    (folder / "new.csv").write_text("\n".join(["income,debt,years_employed", *lines]) + "\n")

    german = {"default": "Ausfall", "repaid": "zurückgezahlt"}
    lines = [f"{n};{i:.3f};{d:.3f};{y:.1f};{german[end]}" for n, (i, d, y, end) in enumerate(loans(300))]
    lines = [line.replace(".", ",") for line in [*lines, "Summe;15750.5;9000.1;3750.2;"]]
    head = ";Einkommen (TEUR);Schulden (TEUR);Berufsjahre;Ergebnis"
    (folder / "bank_a.csv").write_bytes("\r\n".join([head, *lines, ""]).encode("cp1252"))
    lines = [f'"{i * 1000:,.2f}","{d * 1000:,.2f}",{y * 12:.0f},{end}' for i, d, y, end in loans(300)]
    lines[7] = lines[7].replace(lines[7].split('"')[1], "?")
    head = "Income,Debt,months_employed,outcome"
    (folder / "bank_b.csv").write_text("\n".join([head, *lines]) + "\n")
    lines = [
        f"{n}\t{end}\t{y:.1f}\t{d * 1000:.0f}\t{i * 1000:.0f}" for n, (i, d, y, end) in enumerate(loans(300))
    ]
    lines[3] = lines[3].rsplit("\t", 1)[0] + "\tNA"
    head = "nr\tresult\tyears employed\tdebts\tsalary"
    (folder / "bank_c.tsv").write_text("\n".join(["# export", head, *lines]) + "\n")


@pytest.mark.slow
def test_the_commands_for_own_tables_run_as_they_stand_until_three_messy_files_have_taught_a_model(
    checkout: Path,
) -> None:
    write_own_tables(checkout)
    before = walkthroughs().split("\nsonar campaign draft ")[0]
    typed = own_tables().replace("--submit-for 15m", "--submit-for 3m")  # so that the test takes minutes

    shown = run_as_typed(f"{before}\n{typed}", checkout)

    fits = re.findall(r"^0x\w+ .* (yes|no) +", shown, re.MULTILINE)
    assert fits == ["no", "yes"] * 3, shown  # as it was added, and by the mapping, for each of the three
    assert re.search(r"^\d+ +0x\w+…\w+ +IMPROVED", shown, re.MULTILINE), shown
    sent = set(re.findall(r"^submission \d+ by (0x\w+…\w+)", shown, re.MULTILINE))
    # Once the target is reached, nobody else is judged, or has a reason to send anything.
    assert len(sent) == 3 or re.search(r"^Target reached +yes", shown, re.MULTILINE), shown
    assert (checkout / "model.safetensors").exists()
    answers = (checkout / "labels.csv").read_text().splitlines()
    assert answers[0] == "outcome"
    assert len(answers) == 10
    assert set(answers[1:]) <= {"default", "repaid"}


def test_the_commands_for_own_tables_are_ones_that_the_programs_take() -> None:
    """At once; that they run is seen above, in minutes."""
    commands = [
        shlex.split(line.split(" | ")[0].split(" > ")[0].removeprefix("CAMPAIGN=$("))
        for line in map(str.strip, own_tables().splitlines())
        if line.startswith(("sonar ", "mine-agent ", "CAMPAIGN=$(sonar "))
    ]
    assert len(commands) == 14
    for name, *words in commands:
        # An option that is not there is refused before the help is shown.
        shown = CliRunner().invoke({"sonar": sonar, "mine-agent": mine}[name], [*words, "--help"])
        assert shown.exit_code == 0, f"{name} {words}: {shown.output}"


def test_the_two_commands_are_targets_of_make() -> None:
    block = re.search(r"```sh\n(make .*?)```", README, re.DOTALL)

    assert block is not None
    assert block[1].split("\n")[:2] == ["make demo", "make test"]
    named = [*re.findall(r"`(make [^`\n]*)`", README), block[1]]
    for target in re.findall(r"make ([a-z-]+)", "\n".join(named)):
        shown = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert shown.returncode == 0, f"make {target}: {shown.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"
