"""What became of many columns alike is said once, not thirty times."""

from __future__ import annotations

from pathlib import Path

from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.tables import CsvFile, read_records


def sentences(path: Path, columns: int) -> list[str]:
    """What is said of so many columns of decimal commas, each with a gap that the campaign fills in."""
    names = [f"x{n}" for n in range(columns)]
    fields = {name: number_field((0, 9)) for name in names}
    for field in fields.values():
        field["openmined"]["missing"] = {"value": 1}
    rows = [
        ";".join([*("NA" if n == 0 else f"{n % 9},5" for _ in names), "no" if n % 2 else "yes"])
        for n in range(20)
    ]
    path.write_text("\n".join([";".join([*names, "ill"]), *rows]))
    schema = Schema(input_schema(fields), output_schema("ill", class_label(["no", "yes"])))
    return read_records(CsvFile(path), schema)[1].sentences()


def test_three_columns_are_named_each(tmp_path: Path) -> None:
    said = sentences(tmp_path / "three.csv", 3)
    assert "column 'x1': 1 x filled in by the campaign's rule" in said
    assert "column 'x2': 19 x decimal comma" in said


def test_four_columns_share_a_sentence_with_their_total(tmp_path: Path) -> None:
    said = sentences(tmp_path / "four.csv", 4)
    assert "4 x filled in by the campaign's rule, in 4 columns ('x0', 'x1', 'x2', ...)" in said
    assert "76 x decimal comma, in 4 columns ('x0', 'x1', 'x2', ...)" in said
