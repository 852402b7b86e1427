"""What a demo is about: its data, as their owners keep them, and the part of the plan that describes them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Where the data of one run lie.

    `mines`: each mine's data. `mappings`: for mines whose columns have other names than the campaign's
    fields, the mapping their owner wrote; by place in `mines`.
    """

    validation: Path
    test: Path
    mines: list[Path]
    mappings: dict[int, Path]


@dataclass(frozen=True)
class Subject:
    """What is learned.

    Attributes:
        name: of the campaign and of the mines' data sets.
        about: lines of the plan: title and description. schema: label and fields.
        write: writes the data below a folder: for each mine that is told whether it reads CSV files only; the
            last argument is the seed.
    """

    name: str
    about: str
    schema: str
    write: Callable[[Path, Sequence[bool], int], Files]


def schema_of_pixels(pixels: Sequence[str], label: str, *, most: int, center: float, scale: float) -> str:
    """The plan's lines for images of a digit: grey from 0 to `most`; `center`, `scale`: public."""
    return f"""[label]
name = "{label}"
classes = {json.dumps(list(range(10)))}

[[fields]]
names = {json.dumps(list(pixels))}
kind = "number"
clip = [0, {most}]
center = {center}
scale = {scale}
"""
