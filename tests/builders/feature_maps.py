"""An example of every feature map: a real Capsule and a real mine see rows through each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pysonar.protocol.artifacts import Algorithm


@dataclass(frozen=True)
class Example:
    """How the tests use a map.

    Attributes:
        parameters: for rows of three and of nine numbers; few features, so that the test is quick.
        learns_ppm: the least accuracy after one visit to the nine numbers of `WideWorld`, whatever the
            campaign's id; guessing reaches 333,333.
        drawn: whether its features depend on the campaign's id, so that weights fit no other campaign.
    """

    parameters: Mapping[str, object]
    learns_ppm: int
    drawn: bool


EXAMPLES: dict[str, Example] = {
    "fourier": Example({"count": 16, "gamma": 0.2}, learns_ppm=400_000, drawn=True),  # usually 700,000
}


def algorithm_on(name: str) -> Algorithm:
    """A classifier of three classes or more on the features of that map."""
    features = {"name": name, **EXAMPLES[name].parameters}
    return Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 50}, {"features": features})
