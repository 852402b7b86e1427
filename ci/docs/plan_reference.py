"""Prints docs/plan.md (`plan`) or docs/capsule-toml.md (`capsule`) from the code that reads them."""

import dataclasses
import sys
import typing

from openmined_oracle.home import CapsuleSettings
from pysonar.files.flat_toml import Rule, shown_value
from pysonar.scientist.planning.reference import page

HEAD = """# capsule.toml

What a Capsule works for and how: a file in its home, with these comments in it from `capsule init` on. Keys
that have a default may be left out; a running Capsule reads the file when it starts. Written from the code
by `make plan-docs`; a test compares the two.

| key | type | allowed | default | meaning |
| --- | --- | --- | --- | --- |
"""


def capsule_page() -> str:
    """The whole of docs/capsule-toml.md."""
    hints = typing.get_type_hints(CapsuleSettings)
    lines = []
    for field in dataclasses.fields(CapsuleSettings):
        rule: Rule = field.metadata["rule"]
        missing = field.default is dataclasses.MISSING
        default = "**required**" if missing else f"`{shown_value(field.default)}`"
        kind = getattr(hints[field.name], "__name__", str(hints[field.name]))
        lines.append(f"| `{field.name}` | {kind} | {rule.expected} | {default} | {rule.comment} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    sys.stdout.write({"plan": page, "capsule": capsule_page}[sys.argv[1]]())
