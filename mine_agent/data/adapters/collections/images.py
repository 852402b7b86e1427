"""A folder of images: each is a record of pixels, all of one size; the folder it lies in is its label.

A file that is not an image, or one that would unpack to a monstrous size, is a fault of that record and
never of the whole.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mine_agent.data.adapters.collections.folders import (
    begins_with,
    digest_of_folder,
    files_in,
    require_files,
)
from mine_agent.errors import DataError
from pysonar.tables.mixed import well_formed
from pysonar.tables.source import Batch, Fault, require_columns

MOST_PIXELS = 50_000_000  # of the file before it is scaled down
LARGEST_SIDE = 64
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
_ROWS = 512


class ImageFolder:
    """One folder."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._folder, self._width, self._height = folder, width, height
        self.name = folder.name

    def columns(self) -> list[str]:
        """`pixel_ROW_COLUMN`, grey values from 0 to 255, and `label`, the name of the folder."""
        pixels = [f"pixel_{row}_{column}" for row in range(self._height) for column in range(self._width)]
        return [*pixels, "label"]

    def remarks(self) -> list[str]:
        """Number of files, and the size they are brought to."""
        count = sum(1 for _ in self._files())
        return [f"{count} image files, each brought to {self._width} x {self._height} grey pixels"]

    def digest(self) -> bytes:
        """SHA-256 of names and bytes of all images."""
        return digest_of_folder(self._folder, self._files())

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The images, by name."""
        there = self.columns()
        require_columns(columns, there, self.name)
        places = [there.index(name) for name in columns]
        pixels: list[NDArray[np.int64]] = []
        labels: list[str] = []
        rows: list[int] = []
        faults: list[Fault] = []
        for row, path in enumerate(self._files(), start=1):
            image = self._read(path)
            if isinstance(image, str):
                faults.append(Fault(row, f"({well_formed(path.name)}) {image}"))
                continue
            pixels.append(image)
            labels.append(well_formed(path.parent.name))
            rows.append(row)
            if len(rows) >= _ROWS:
                yield _batch(columns, places, pixels, labels, rows, faults)
                pixels, labels, rows, faults = [], [], [], []
        yield _batch(columns, places, pixels, labels, rows, faults)

    def _files(self) -> Iterator[Path]:
        return files_in(self._folder, _ENDINGS)

    def _read(self, path: Path) -> NDArray[np.int64] | str:
        """The image's pixels, or what is wrong with it."""
        try:
            from PIL import Image
        except ImportError:
            raise DataError("images need the extra 'images': pip install openmined[images]") from None
        try:
            with warnings.catch_warnings(), Image.open(path) as image:
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                if image.width * image.height > MOST_PIXELS:
                    return f"has {image.width} x {image.height} pixels; at most {MOST_PIXELS} are unpacked"
                small = image.convert("L").resize((self._width, self._height), Image.Resampling.BOX)
                return np.asarray(small, dtype=np.int64).ravel()
        except Image.DecompressionBombError:
            return f"would unpack to more than {MOST_PIXELS} pixels"
        except Exception as error:  # noqa: BLE001 - decoders raise anything for a stranger's bytes
            return f"is not an image that can be read ({type(error).__name__})"


def _batch(
    columns: Sequence[str],
    places: Sequence[int],
    pixels: list[NDArray[np.int64]],
    labels: list[str],
    rows: list[int],
    faults: list[Fault],
) -> Batch:
    matrix = np.array(pixels) if pixels else np.empty((0, max(places, default=0) + 1), dtype=np.int64)
    arrays = [
        pa.array(labels, pa.string()) if name == "label" else pa.array(matrix[:, place])
        for name, place in zip(columns, places, strict=True)
    ]
    return Batch(pa.RecordBatch.from_arrays(arrays, names=list(columns)), rows, faults)


class ImagesAdapter:
    """A folder of images, in folders named by their label (extra "images")."""

    kind: ClassVar[str] = "images"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {
        "size": f"WIDTHxHEIGHT that every image is brought to, up to {LARGEST_SIDE}x{LARGEST_SIDE}; else 8x8"
    }

    def takes(self, location: str) -> bool:
        """A folder whose first file is an image."""
        return begins_with(location, _ENDINGS)

    def source(self, location: str, options: Mapping[str, str]) -> ImageFolder:
        """The folder at a path."""
        size = re.fullmatch(r"(\d{1,3})x(\d{1,3})", options.get("size", "8x8"))
        sides = (int(size[1]), int(size[2])) if size else (0, 0)
        if not all(1 <= side <= LARGEST_SIDE for side in sides):
            raise DataError(
                f"size is {options.get('size')!r}; expected like 8x8, each side 1 to {LARGEST_SIDE}"
            )
        require_files(Path(location), _ENDINGS, "images")
        return ImageFolder(Path(location), *sides)
