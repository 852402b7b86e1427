"""`make vectors`: write every file anew."""

from __future__ import annotations

from tests.vectors.files import FILES, FOLDER, as_text

for name, make in FILES.items():
    (FOLDER / name).write_text(as_text(make()), encoding="utf-8")
