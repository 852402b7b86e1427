"""What docs and docstrings put in backticks exists: names, paths, and commands with their options.

A name counts as existing if the code has the word anywhere, be it in another file: cheap, and it is what a
rename leaves behind that is looked for.
"""

from __future__ import annotations

import ast
import builtins
import functools
import keyword
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("openmined_syft", "pysonar", "openmined_oracle", "mine_agent", "sonar_web")
OTHER_PYTHON = ("scripts", "tests", "benchmarks")
# What happened is told in the words of its time.
PAGES = [page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if page.name != "CHANGELOG.md"]
QUOTED = re.compile(r"`([^`\n]+)`")
DOCSTRING = re.compile(r'^ *"""(?:[^"]|"(?!""))*"""', re.MULTILINE)
WORD = re.compile(r"[A-Za-z_]\w*")
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(.*\))?")
PATH = re.compile(r"\w[\w.*-]*(/[\w.*-]+)+/?")
COMMAND = re.compile(r"(sonar|capsule|mine-agent|sonar-web|make) ([a-z].*)")

ELSEWHERE = {
    "FrozenEstimator": "scikit-learn's",
    "ProtectSystem": "systemd's",
    "Enc": "of a formula",
    "pixel_ROW_COLUMN": "two of its words stand for numbers",
    "utf8_normalize": "pyarrow.compute's",
    "database_waits": "made of its parts",
    "sonar_web_block": "a metric, made of its parts",
    "sonar_web_head": "a metric, made of its parts",
    "sonar_web_silent_seconds": "a metric, made of its parts",
    "sonar_web_requests_total": "a metric, made of its parts",
}
OUTSIDE = ("openmined/", "data/")
"""Kinds of artifacts, and files in a mine's home or an archive: like paths, but of no checkout."""


@dataclass(frozen=True)
class Said:
    """One thing in backticks, and where."""

    place: str
    text: str


def _docstrings(node: ast.AST) -> Iterator[ast.Constant]:
    """Of a module, its classes and functions, and those below attributes."""
    for line in getattr(node, "body", ()):
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            yield line.value
        elif isinstance(line, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docstrings(line)


def _code(path: Path) -> str:
    """A file without what is said about it: docstrings and comments."""
    text = DOCSTRING.sub("", (ROOT / path).read_text(encoding="utf-8"))
    lines = text.splitlines()
    return "\n".join(line.split("  # ")[0] for line in lines if not line.lstrip().startswith("#"))


@functools.cache
def _tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(line) for line in listed.splitlines() if (ROOT / line).exists())


@functools.cache
def _python() -> dict[Path, ast.Module]:
    return {
        path: ast.parse((ROOT / path).read_text(encoding="utf-8"))
        for path in _tracked()
        if path.suffix == ".py" and path.parts[0] in PACKAGES
    }


@functools.cache
def known_words() -> frozenset[str]:
    """All words of the code, of whichever language."""
    known = {*ELSEWHERE, *keyword.kwlist, *dir(builtins)}
    for path in _tracked():
        known.update(word for part in path.parts for word in WORD.findall(part))
        if path.suffix == ".py" and path.parts[0] in (*PACKAGES, *OTHER_PYTHON):
            if path != Path(__file__).relative_to(ROOT):
                known.update(WORD.findall(_code(path)))
        elif path.suffix in {".vy", ".vyi", ".ts", ".tsx", ".toml"} or path.name == "Makefile":
            known.update(WORD.findall((ROOT / path).read_text(encoding="utf-8")))
    return frozenset(known)


@functools.cache
def known_paths() -> frozenset[str]:
    """Every path of the checkout, from whichever folder on; modules also without .py."""
    known: set[str] = set()
    for path in _tracked():
        for start in range(len(path.parts)):
            known.update("/".join(path.parts[start:end]) for end in range(start + 1, len(path.parts) + 1))
            known.add("/".join(path.with_suffix("").parts[start:]))
    return frozenset(known)


@functools.cache
def known_commands() -> dict[str, str]:
    """What docs/cli.md says of each command (another test compares it with the code), and make's targets."""
    parts = re.split(r"^#+ `(.+)`$", (ROOT / "docs/cli.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)) | {f"make {name}": "" for name in targets}


def said_by_pages() -> list[Said]:
    """Everything in backticks in the pages."""
    return [
        Said(f"{page.relative_to(ROOT)}:{number}", text)
        for page in PAGES
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        for text in QUOTED.findall(line)
    ]


def said_by_docstrings() -> list[Said]:
    """Everything in backticks in the docstrings of the packages."""
    return [
        Said(f"{path}:{docstring.lineno}", text)
        for path, tree in _python().items()
        if path.parts[0] in PACKAGES
        for docstring in _docstrings(tree)
        if isinstance(docstring.value, str)
        for text in QUOTED.findall(docstring.value)
    ]


def said_by_code() -> list[Said]:
    """Everything in backticks on any line of the packages: in help, errors and reports, too."""
    return [
        Said(f"{path}:{number}", text)
        for path in _python()
        if path.parts[0] in PACKAGES
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        for text in QUOTED.findall(line)
    ]


def is_known_name(text: str) -> bool:
    """Whether the code has each word of a dotted name; of a call, the words before its arguments."""
    return not NAME.fullmatch(text) or set(WORD.findall(text.split("(")[0])) <= known_words()


def is_known_path(text: str) -> bool:
    """Whether the checkout has the path; build/ is made."""
    if not PATH.fullmatch(text) or text.startswith(("build/", *OUTSIDE)):
        return True
    plain = text.rstrip("/")
    return plain in known_paths() or ("*" in plain and any(fnmatch(path, plain) for path in known_paths()))


def is_known_command(text: str) -> bool:
    """Whether a program has the command, and that every option that is shown with it."""
    found = COMMAND.fullmatch(text)
    if not found:
        return True
    words = text.split()
    if words[0] == "make":
        targets = [word for word in words[1:] if re.fullmatch("[a-z][a-z-]*", word)]
        return all(f"make {word}" in known_commands() for word in targets)
    command, *rest = " ".join(words[:2]), *words[2:]
    while rest and f"{command} {rest[0]}" in known_commands():
        command += f" {rest.pop(0)}"
    is_group = any(known.startswith(f"{command} ") for known in known_commands())
    if is_group and rest and re.fullmatch("[a-z][a-z-]*", rest[0]):
        return False
    options = [word.split("=")[0] for word in rest if word.startswith("--")]
    return all(f"`{option}" in known_commands().get(command, "") for option in options) and (
        command in known_commands()
    )


Check = Callable[[str], bool]
CHECKS: list[Check] = [is_known_name, is_known_path, is_known_command]


@pytest.mark.parametrize("is_known", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("said", [said_by_pages, said_by_docstrings], ids=["pages", "docstrings"])
def test_what_is_in_backticks_exists(is_known: Check, said: Callable[[], list[Said]]) -> None:
    everything = said()
    assert len(everything) > 500
    assert [one for one in everything if not is_known(one.text)] == []


def test_the_commands_that_help_and_errors_name_exist() -> None:
    everything = said_by_code()
    assert sum(COMMAND.fullmatch(one.text) is not None for one in everything) > 50
    assert [one for one in everything if not is_known_command(one.text)] == []


@pytest.mark.parametrize(
    ("is_known", "good", "stale"),
    [
        (is_known_name, "Estimator.predict", "Estimator.foretell"),
        (is_known_name, "require_private(path)", "require_prvate(path)"),
        (is_known_path, "openmined_syft/models/family.py", "openmined_syft/neural/family.py"),
        (is_known_path, "judging/queue", "judging/reviewing"),
        (is_known_path, "tests/docs/pages/test_docs_*.py", "tests/docs/pages/test_dox_*.py"),
        (is_known_command, "mine-agent data add NAME FILE --replace", "mine-agent data add NAME --overwrite"),
        (is_known_command, "sonar campaign create", "sonar campaign open"),
        (is_known_command, "make demo SEEDS=10", "make party"),
    ],
)
def test_what_is_stale_is_noticed(is_known: Check, good: str, stale: str) -> None:
    assert is_known(good)
    assert not is_known(stale)
