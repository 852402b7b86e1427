"""What somebody without data can earn: `make bench-noise-mining` writes docs/noise-mining.md.

A campaign on handwritten digits: 360 validation rows, three honest mines with 359 rows each, Capsule's own
step search. It ends at its target, as a campaign does. Attackers submit a thousand gradients each, after one
honest mine has been paid (or before), and stop where stopping is best on average. The numbers are plain:
encryption changes none of them. All of it is vectorised over submissions and steps; a submission that is paid
changes the model, and those behind it are measured anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from openmined_syft.affine import AffineMap
from openmined_syft.models import Rows, build_family
from openmined_syft.models.family import LinearFamily
from openmined_syft.rules import GradientDescent
from pysonar.protocol.artifacts import DEFAULT_STEPS
from pysonar.protocol.artifacts.spec.least_gain import (
    DEVIATIONS,
    FEE_SHARE_PPM,
    SPLIT_DEVIATIONS,
    least_gain_ppm,
)
from pysonar.protocol.artifacts.validation_rows import guiding

PAGE = Path(__file__).parents[2] / "docs" / "noise-mining.md"
VALIDATION, MINES, MINE_ROWS, TARGET = 360, 3, 359, 0.9
SUBMISSIONS, BATCH, SEEDS = 1_000, 50, 6
STEPS = np.array(DEFAULT_STEPS)
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]  # (submissions, d, k)
Draw = Callable[[np.random.Generator, "Judge", Matrix], Stack]


@dataclass(frozen=True)
class Terms:
    """`min_gain` and `fee` as shares: of the validation rows, and of the bounty. `guiding`: how many rows
    guide the search and are not paid for. `steps`: of gradient descent, a visit. `target`: an accuracy.
    """

    name: str
    min_gain: float
    fee: float
    guiding: int = 0
    steps: int = 8
    target: float = TARGET


_SPLIT = (least_gain_ppm(VALIDATION // 2, SPLIT_DEVIATIONS) / 1e6, FEE_SHARE_PPM / 1e6, VALIDATION // 2)
_PLAIN = least_gain_ppm(VALIDATION) / 1e6
NO_GUARD = Terms("no guard: any record more is paid, no fee", 1 / VALIDATION, 0.0)
BEFORE = Terms("0.5 % of the rows, fee 0.1 %", 0.005, 0.001)
WHOLE = Terms(f"{DEVIATIONS:g} square roots of all rows, fee 0.3 %", _PLAIN, 0.003)
DEFAULTS = Terms("the defaults", *_SPLIT)
ALL_TERMS = (NO_GUARD, BEFORE, WHOLE, DEFAULTS)
OTHER_RULES = (
    (replace(NO_GUARD, steps=3), replace(DEFAULTS, name="the defaults, 3 steps a visit", steps=3)),
    (
        replace(NO_GUARD, steps=50, target=0.94),
        replace(DEFAULTS, name="the defaults, 50 steps a visit, target 94 %", steps=50, target=0.94),
    ),
)


class Judge:
    """Capsule without the encryption: the best step, and whether it is paid."""

    def __init__(
        self, X: Matrix, y: NDArray[np.int64], weights: Matrix, terms: Terms, salt: bytes = b""
    ) -> None:
        self.X, self.y, self.weights = np.hstack([X, np.ones((len(X), 1))]), y, weights
        self.least, self.target, everything = terms.min_gain, terms.target, np.ones(len(y), np.bool_)
        guides = guiding(salt, len(y), terms.guiding)
        self.guides, self.pays = (everything, everything) if guides is None else (guides, ~guides)
        self._measure()

    def _measure(self) -> None:
        right = np.argmax(self.X @ self.weights, 1) == self.y
        self.best, self.guide = float(right[self.pays].mean()), float(right[self.guides].mean())

    @property
    def is_over(self) -> bool:
        """Whether the target is reached, and nothing is judged any more."""
        return self.best >= self.target - 1e-12

    def judge(self, gradients: Stack) -> Matrix:
        """The gain that each of them is paid for, in order (m,)."""
        gains, first = np.zeros(len(gradients)), 0
        while first < len(gradients) and not self.is_over:
            guided, scores = self._scores(gradients[first:])
            steps = len(STEPS) - 1 - np.argmax(guided[:, ::-1], 1)  # of equal ones, the largest
            each = np.arange(len(steps))
            found = np.flatnonzero(
                (scores[each, steps] >= min(self.best + self.least, self.target) - 1e-12)
                & (guided[each, steps] >= min(self.guide + self.least, self.target) - 1e-12)
            )
            if not len(found):
                break
            place, step = first + int(found[0]), int(steps[found[0]])
            gains[place] = min(scores[found[0], step], self.target) - self.best
            self.weights = self.weights + STEPS[step] * gradients[place]
            self._measure()
            first = place + 1
        return gains

    def _scores(self, gradients: Stack) -> tuple[Matrix, Matrix]:
        """On the rows that guide and on those that pay, for each gradient and step."""
        base = self.X @ self.weights
        moved = np.einsum("nd,mdk->mnk", self.X, gradients, optimize=True)
        right = np.stack([np.argmax(base + s * moved, 2) == self.y for s in STEPS], 1)
        return right[:, :, self.guides].mean(2), right[:, :, self.pays].mean(2)


def _noise(random: np.random.Generator, length: float) -> Stack:
    drawn = random.standard_normal((BATCH, 65, 10))
    return drawn * (length / np.sqrt(650))


def guesses(scale: float) -> Draw:
    """Random directions, as long as `scale` times the model."""
    return lambda random, judge, _: _noise(random, scale * max(0.3, float(np.linalg.norm(judge.weights))))


def multiples(random: np.random.Generator, _judge: Judge, difference: Matrix) -> Stack:
    """The last published difference of two versions, times something: possible on ciphertexts."""
    return difference * (random.choice([-1, 1], BATCH) * random.uniform(0.02, 2, BATCH))[:, None, None]


def copies(scale: float) -> Draw:
    """That difference with noise added."""
    return lambda random, _, difference: (
        difference * random.uniform(0, 1, BATCH)[:, None, None]
        + _noise(random, scale * float(np.linalg.norm(difference)))
    )


ATTACKS: dict[str, Sequence[Draw]] = {
    "random guesses": [guesses(0.1), guesses(0.3)],
    "multiples of the last published difference": [multiples],
    "that difference with noise": [copies(0.3), copies(1.0)],
}


class World:
    """One drawing of who has which rows."""

    def __init__(self, seed: int, steps: int = DEFAULTS.steps) -> None:
        self.steps = steps
        X, y = load_digits(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(y))
        self.X, self.y = (X[order] - 5) / 6, y[order]
        family = build_family("one_vs_rest", 64, 10, {})
        assert isinstance(family, LinearFamily)
        self.family, self.seed = family, seed
        starts = [VALIDATION + k * MINE_ROWS for k in range(MINES)]
        self.visits = [self._visit(slice(start, start + MINE_ROWS)) for start in starts]
        self.labels = self._visit(slice(0, VALIDATION))  # who has them is the scientist

    def _visit(self, rows: slice) -> AffineMap:
        return self.family.compiled(Rows(self.X[rows], self.y[rows]), GradientDescent(self.steps))

    def judge(self, terms: Terms) -> Judge:
        return Judge(
            self.X[:VALIDATION], self.y[:VALIDATION], self.family.initial_weights(), terms, bytes([self.seed])
        )

    def unseen(self, weights: Matrix) -> float:
        """Accuracy on rows that nobody has."""
        rest = slice(VALIDATION + MINES * MINE_ROWS, None)
        return float((self.family.predict(weights, self.X[rest]) == self.y[rest]).mean())


def honest(world: World, judge: Judge, seed: int, *, most_paid: int = 100) -> tuple[float, int]:
    """Mines take turns until none gains; what was gained, and how many submissions that took."""
    random, gained, sent, paid = np.random.default_rng(seed), 0.0, 0, 0
    while True:
        before = gained
        for number in random.permutation(MINES):
            gain = float(judge.judge((world.visits[number](judge.weights) - judge.weights)[None])[0])
            gained, sent, paid = gained + gain, sent + 1, paid + (gain > 0)
            if paid >= most_paid or judge.is_over:
                return gained, sent
        if gained == before:
            return gained, sent


@dataclass(frozen=True)
class Outcome:
    """Shares of the bounty: all that a thousand submissions were paid, the best profit on average with the
    number of submissions that gives it, and the profit of all thousand; and what the model really gained.
    """

    paid: float
    best: float
    at: int
    whole: float
    real: float


def attacked(terms: Terms, draw: Draw, *, honest_first: int) -> Outcome:
    """An attack after so many paid honest submissions, on the mean of all drawings."""
    gains, real = [], []
    for seed in range(SEEDS):
        world, random = World(seed, terms.steps), np.random.default_rng(1000 + seed)
        judge = world.judge(terms)
        start = judge.weights
        if honest_first:
            honest(world, judge, seed, most_paid=honest_first)
        difference = judge.weights - start
        before = world.unseen(judge.weights)
        gains.append(
            np.concatenate(
                [judge.judge(draw(random, judge, difference)) for _ in range(SUBMISSIONS // BATCH)]
            )
        )
        real.append(world.unseen(judge.weights) - before)
    earned = np.mean(gains, 0).cumsum() / terms.target
    profit = earned - terms.fee * np.arange(1, SUBMISSIONS + 1)
    at = int(np.argmax(profit))
    return Outcome(float(earned[-1]), float(profit[at]), at + 1, float(profit[-1]), float(np.mean(real)))


def worst(terms: Terms, draws: Sequence[Draw], honest_first: int) -> Outcome:
    """What the best of the attack's variants comes to."""
    return max((attacked(terms, draw, honest_first=honest_first) for draw in draws), key=lambda one: one.best)


def honest_profit(terms: Terms) -> tuple[float, float]:
    """What honest mines earn of the bounty, their fees taken off, and their number of submissions."""
    worlds = [World(seed, terms.steps) for seed in range(20)]
    gained, sent = np.mean([honest(world, world.judge(terms), world.seed) for world in worlds], 0)
    return float(gained / terms.target - terms.fee * sent), float(sent)


def own_labels(terms: Terms) -> tuple[float, float]:
    """A scientist's own mine, first in the queue: what it takes of the bounty, and what is left."""
    taken, left = [], []
    for seed in range(SEEDS):
        world = World(seed)
        judge = world.judge(terms)
        for _ in range(20):
            taken_now = judge.judge((world.labels(judge.weights) - judge.weights)[None])[0]
            taken.append(float(taken_now))
            if not taken_now:
                break
        left.append(honest(world, judge, seed)[0])
    return sum(taken) / SEEDS / TARGET, float(np.mean(left)) / TARGET


def report() -> str:
    """The tables, in Markdown."""
    pairs = [*((NO_GUARD, terms) for terms in ALL_TERMS), *OTHER_RULES]
    lines = [
        "| terms | honest mines earn | submissions | less than with no guard |",
        "| --- | --- | --- | --- |",
    ]
    for base, terms in pairs:
        profit, sent = honest_profit(terms)
        lines.append(
            f"| {terms.name} | {profit:.1%} | {sent:.1f} | {1 - profit / honest_profit(base)[0]:.1%} |"
        )
    lines += [
        "",
        "| attacker | when | terms | 1,000 submissions are paid | and profit | best profit, with how many"
        " | accuracy really gained |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, draws in ATTACKS.items():
        for when, paid in (("before any honest mine", 0), ("after one honest mine", 1)):
            if paid == 0 and name != "random guesses":
                continue  # there is no published difference yet
            for terms in (BEFORE, WHOLE, DEFAULTS, *(guarded for _, guarded in OTHER_RULES)):
                one = worst(terms, draws, paid)
                lines.append(
                    f"| {name} | {when} | {terms.name} | {one.paid:.1%} | {one.whole:+.0%}"
                    f" | {one.best:+.1%}, {one.at} | {one.real:+.1%} |"
                )
    taken, left = own_labels(DEFAULTS)
    lines += [
        "",
        f"A scientist's own mine that knows the validation labels, first in the queue: takes {taken:.0%} of"
        f" the bounty, and leaves {left:.0%} for honest mines.",
    ]
    return "\n".join(lines)


def put(name: str, tables: str) -> None:
    """Put tables into the page, between the marks of that name."""
    first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = PAGE.read_text(encoding="utf-8").partition(first)
    if not found:
        raise SystemExit(f"{PAGE} has no {first}")
    after = rest.partition(last)[2]
    PAGE.write_text(f"{before}{first}\n{tables}\n{last}{after}", encoding="utf-8")


def main() -> None:
    """Measure, and put the tables into the page."""
    began = time.process_time()
    tables = report()
    put("measured", tables)
    print(tables)
    print(f"{time.process_time() - began:.0f} s of processor time")


if __name__ == "__main__":
    main()
