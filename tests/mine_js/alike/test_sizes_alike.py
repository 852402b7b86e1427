"""Models that a scheme does not carry are refused by both mines in the same words."""

from __future__ import annotations

import pytest

from openmined_syft.errors import SyftError
from openmined_syft.models import build_family
from openmined_syft.schemes import scheme_named
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
SHAPES = [(4096, 2), (4096, 60), (4097, 2), (2000, 300), (784, 10), (5791, 2), (1000, 2000), (30, 4_000)]


def said(scheme: str, inputs: int, classes: int, bits: int, bound: float) -> tuple[str, str]:
    try:
        family = build_family("one_vs_rest", inputs, classes, {})
        scheme_named(scheme).check_size(family, bits, bound)
    except SyftError as error:
        return type(error).__name__, str(error)
    return "", ""


def test_what_is_too_large_is_said_alike() -> None:
    refused = 0
    with asking("size.mjs") as ask:
        for scheme, sizes in (("paillier", (2048, 3072, 4096)), ("rlwe", (8192,))):
            for inputs, classes in SHAPES:
                for bits in sizes:
                    told = ask(
                        {
                            "scheme": scheme,
                            "rows": inputs + 1,
                            "columns": classes,
                            "bits": bits,
                            "bound": 64.0,
                        }
                    )
                    assert isinstance(told, dict)
                    ours = said(scheme, inputs, classes, bits, 64.0)
                    assert (told["error"], told["says"]) == ours
                    refused += "is too large for" in ours[1]
    assert refused > 8
