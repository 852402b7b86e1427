"""Small wrong versions of a Vyper source: one change each.

Comparisons moved or turned, operators exchanged, a number raised by one, an assert or an assignment dropped,
the lock taken away.
Works on lines: whatever does not compile is not a mutant, and is thrown away later.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = [
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \+= ", " -= "),
    (r" -= ", " += "),
    (r" and ", " or "),
    (r" or ", " and "),
    (r" // ", " * "),
    (r" << ", " >> "),
    (r" >> ", " << "),
    (r" & ", " | "),
    (r"(?<= )\| ", "& "),
    (r"unsafe_add\(", "unsafe_sub("),
    (r"unsafe_sub\(", "unsafe_add("),
    (r"unsafe_mul\(", "unsafe_div("),
    (r"unsafe_div\(", "unsafe_mul("),
    (r"\bmin\(", "max("),
    (r"\bTrue\b", "False"),
    (r"\bFalse\b", "True"),
]
NUMBER = re.compile(r"\b\d[\d_]*\b")
STATEMENT = re.compile(r"^    +(assert |log |self\.|[a-z_.]+ (=|\+=|-=|&=) |[a-z]+\._|return$)")


@dataclass(frozen=True)
class Mutant:
    """One change: where, what was there, what is there now, and the whole source."""

    path: str
    line: int
    function: str
    before: str
    after: str
    source: str

    @property
    def change(self) -> str:
        """What is changed; reasons in survivors.json go by this, for lines move."""
        before, after = self.before.strip(), self.after.strip()
        return f"{self.path}: {self.function}: {before}  ->  {'' if after == 'pass' else after}".strip()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before.strip()}  ->  {self.after.strip()}"


def code_lines(source: str) -> Iterator[tuple[int, str]]:
    """Number (from 0) and text of the lines that are neither comment nor docstring nor an error's text."""
    inside = False
    for number, line in enumerate(source.splitlines()):
        quotes = line.count('"""')
        if inside or quotes:
            inside = inside != (quotes % 2 == 1)
            continue
        if line.strip() and not line.lstrip().startswith(("#", '"')):
            yield number, line


def statement_end(lines: list[str], start: int) -> int:
    """The line after the statement that begins at `start`: brackets closed."""
    depth = 0
    for number in range(start, len(lines)):
        text = lines[number].split("  #")[0]
        depth += sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))
        if depth <= 0:
            return number + 1
    return len(lines)


def mutants(path: str, source: str) -> Iterator[Mutant]:
    """All of them, in order of the source."""
    lines = source.splitlines()

    def changed(first: int, last: int, new: list[str]) -> Mutant:
        text = "\n".join([*lines[:first], *new, *lines[last:]]) + "\n"
        names = [line.split("(")[0].removeprefix("def ") for line in lines[:first] if line.startswith("def ")]
        before = " ".join(map(str.strip, lines[first:last]))
        return Mutant(path, first + 1, names[-1] if names else "", before, " ".join(new), text)

    for number, line in enumerate(lines):
        if line == "# pragma nonreentrancy on":
            yield changed(number, number + 1, ["# pragma nonreentrancy off"])
    for number, line in code_lines(source):
        if line.startswith(("event ", "struct ", "def ", "@", "from ", "import ")):
            continue
        code = line.split("  #")[0]
        text_from = code.find(', "') if ', "' in code else len(code)
        for pattern, new in SWAPS:
            for match in re.finditer(pattern, code[:text_from]):
                yield changed(number, number + 1, [code[: match.start()] + new + code[match.end() :]])
        for match in NUMBER.finditer(code[:text_from]):
            more = str(int(match[0]) + 1)
            yield changed(number, number + 1, [code[: match.start()] + more + code[match.end() :]])
        if STATEMENT.match(line):
            indent = line[: len(line) - len(line.lstrip())]
            yield changed(number, statement_end(lines, number), [f"{indent}pass"])
