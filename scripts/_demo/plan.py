"""What the demo's Data Scientist wants, as the plan file that `sonar campaign create` reads."""

from dataclasses import dataclass, replace
from pathlib import Path

from scripts._demo.subjects.digits import DIGITS as OF_DIGITS
from scripts._demo.subjects.images import IMAGES
from scripts._demo.subjects.posts import POSTS
from scripts._demo.subjects.reviews import REVIEWS
from scripts._demo.subjects.subject import Subject


@dataclass(frozen=True)
class Wish:
    """A kind of model and what it should reach.

    `algorithm` and `lasts` are lines of the plan; `most_seconds` is how long a party may wait for another;
    `privacy` is what the mines' owners choose at `mine-agent init`; with `ceiling` the model is held against
    a ridge regression in the clear on all mines' rows together, too.
    """

    told: str
    algorithm: str
    target: str
    lasts: str
    rule: str = ""
    most_seconds: int = 60
    privacy: str = "none"
    subject: Subject = OF_DIGITS
    min_gain: str = "0.5 %"
    ceiling: bool = False


DIGITS = Wish(
    told="ten classes, one against the rest; 50 steps at each mine",
    algorithm='family = "one_vs_rest"\nkey_bits = 2048',
    target="90 %",
    lasts='submit_for = "3m"\nreview_for = "1h"',
    rule="[rule]\nsteps = 50\n",
)
# Noise at each mine costs accuracy, and few steps at a time keep one mine's from taking over the model.
DIGITS_WITH_PRIVACY = replace(
    DIGITS,
    told="ten classes, one against the rest; 3 steps at each mine, on sums released once under noise",
    target="75 %",
    rule="[rule]\nsteps = 3\n",
    privacy="differential",
)

WISHES = {
    "one_vs_rest": {"differential": DIGITS_WITH_PRIVACY, "none": DIGITS},
    "rlwe": {
        name: replace(
            wish,
            told=wish.told.replace("ten classes", "ten classes under ring-LWE"),
            algorithm='family = "one_vs_rest"\nscheme = "rlwe"',
        )
        for name, wish in {"differential": DIGITS_WITH_PRIVACY, "none": DIGITS}.items()
    },
    "reviews": {
        "none": Wish(
            told="two classes of texts in 1,024 columns, under ring-LWE; each mine goes to its own best fit",
            algorithm='family = "logistic"\nscheme = "rlwe"',
            target="75 %",
            lasts='submit_for = "3m"\nreview_for = "1h"',
            rule='[rule]\nname = "proximal"\nrho = 0.001\nl2 = 0.0001\n',
            subject=REVIEWS,
            min_gain="0.2 %",
            ceiling=True,
        ),
    },
    "hashtags": {
        "none": Wish(
            told="eight hashtags and texts in 1,024 columns, under ring-LWE",
            algorithm='family = "one_vs_rest"\nscheme = "rlwe"',
            target="86 %",
            lasts='submit_for = "3m"\nreview_for = "1h"',
            rule='[rule]\nname = "proximal"\nrho = 0.001\nl2 = 0.0001\n',
            subject=POSTS,
            min_gain="0.2 %",
            ceiling=True,
        ),
    },
    "mnist": {
        "none": Wish(
            told="ten digits of 784 pixels under ring-LWE; 50 steps at each mine",
            algorithm='family = "one_vs_rest"\nscheme = "rlwe"',
            target="82 %",
            lasts='submit_for = "3m"\nreview_for = "1h"',
            rule="[rule]\nsteps = 50\n",
            subject=IMAGES,
        ),
    },
    "mlp": {
        "none": Wish(
            told="a network 64-32-10 with all weights encrypted; one mini-batch of a mine at a time",
            algorithm='family = "mlp"\nparameters = { hidden = 32, bias = false }',
            target="85 %",
            lasts='submit_for = "10m"\nreview_for = "1h"',
            most_seconds=180,
        ),
    },
}
"""By kind of model, and by what the mines' owners choose. Networks are not trained under a budget."""


def write_plan(path: Path, *, capsule: str, wish: Wish) -> None:
    """Write the plan: 10 ETH for the target."""
    path.write_text(
        f"""{wish.subject.about}
{wish.algorithm}
capsule = "{capsule}"

bounty = "10 ETH"
target = "{wish.target}"
min_gain = "{wish.min_gain}"
stake = "0.01 ETH"
fee = "0.001 ETH"
{wish.lasts}

{wish.rule}
{wish.subject.schema}""",
        encoding="utf-8",
    )
