"""Attacks without data that the table of docs/noise-mining.md did not have, tried by somebody who had not
written the guards: `python -m benchmarks.studies.fresh_attacks`. Some minutes of one core.

Each has fewer directions to guess than 650 weights, or uses what is published in another way.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.studies import noise_mining
from benchmarks.studies.noise_mining import (
    BATCH,
    DEFAULTS,
    OTHER_RULES,
    WHOLE,
    Draw,
    Judge,
    Matrix,
    Stack,
    Terms,
)

TERMS = (WHOLE, DEFAULTS, *(guarded for _, guarded in OTHER_RULES))

SUBMISSIONS = 150
"""Of each: the best moment to stop is early."""


def _length(judge: Judge) -> float:
    return max(0.3, float(np.linalg.norm(judge.weights)))


def biases(scale: float) -> Draw:
    """The classes' biases alone: ten numbers in place of 650."""

    def draw(random: np.random.Generator, judge: Judge, _difference: Matrix) -> Stack:
        size = scale * (float(np.abs(judge.weights[-1]).mean()) or 0.3)
        drawn = np.zeros((BATCH, 65, 10))
        drawn[:, -1, :] = random.standard_normal((BATCH, 10)) * size
        return drawn

    return draw


def blocks(count: int, most: float) -> Draw:
    """The last published difference with a factor of its own for each ciphertext, a block of rows."""

    def draw(random: np.random.Generator, _judge: Judge, difference: Matrix) -> Stack:
        factors = random.choice([-1, 1], (BATCH, count)) * random.uniform(0, most, (BATCH, count))
        return factors[:, np.arange(65) * count // 65][:, :, None] * difference

    return draw


def rank_one(scale: float) -> Draw:
    """One direction of the inputs, and one number for each class."""

    def draw(random: np.random.Generator, judge: Judge, _difference: Matrix) -> Stack:
        drawn = random.standard_normal((BATCH, 65, 1)) * random.standard_normal((BATCH, 1, 10))
        return drawn * (scale * _length(judge) / np.sqrt(650))

    return draw


def smooth(scale: float) -> Draw:
    """Neighbouring pixels say the same: noise that is blurred over the image."""
    rows, columns = np.divmod(np.arange(64), 8)
    apart = (rows[:, None] - rows) ** 2 + (columns[:, None] - columns) ** 2
    blur = np.exp(-apart / 3.0)

    def draw(random: np.random.Generator, judge: Judge, _difference: Matrix) -> Stack:
        drawn = np.einsum("ab,mbk->mak", blur, random.standard_normal((BATCH, 64, 10)))
        drawn -= drawn.mean(2, keepdims=True)
        drawn *= scale * _length(judge) / np.linalg.norm(drawn, axis=(1, 2), keepdims=True)
        return np.concatenate([drawn, np.zeros((BATCH, 1, 10))], axis=1)

    return draw


def unlabelled(scale: float) -> Draw:
    """Noise in the directions in which inputs of the kind really differ: takes rows, and no label."""
    X = (load_digits(return_X_y=True)[0] - 5) / 6
    inputs = np.hstack([X, np.ones((len(X), 1))])[::5]

    def draw(random: np.random.Generator, judge: Judge, _difference: Matrix) -> Stack:
        drawn = np.einsum("nd,mnk->mdk", inputs, random.standard_normal((BATCH, len(inputs), 10)))
        return drawn * (scale * _length(judge) / np.linalg.norm(drawn, axis=(1, 2), keepdims=True))

    return draw


def pooled(judge: Judge, random: np.random.Generator, scale: float) -> list[float]:
    """Identities that share what verdicts said: what was paid is gone on with, what was not is turned round.
    What each submission is paid.
    """
    gains: list[float] = []
    paid, refused = np.zeros((65, 10)), None
    for _ in range(SUBMISSIONS):
        length = scale * _length(judge) / np.sqrt(650)
        turned = refused is not None
        guess = -refused if refused is not None else length * (random.standard_normal((65, 10)) + paid)
        before, refused = judge.weights, None
        gains.append(float(judge.judge(guess[None])[0]))
        if gains[-1]:
            direction = judge.weights - before
            paid = direction * (np.sqrt(650) / np.linalg.norm(direction))
        elif not turned:
            refused = guess
    return gains


def pooled_profit(terms: Terms, scale: float, honest_first: int) -> tuple[float, int]:
    """The best profit of `pooled`, with how many submissions."""
    gains = []
    for seed in range(noise_mining.SEEDS):
        world, random = noise_mining.World(seed, terms.steps), np.random.default_rng(1000 + seed)
        judge = world.judge(terms)
        if honest_first:
            noise_mining.honest(world, judge, seed, most_paid=honest_first)
        gains.append(pooled(judge, random, scale))
    count = np.arange(1, SUBMISSIONS + 1)
    profit = np.mean(gains, 0).cumsum() / terms.target - terms.fee * count
    at = int(np.argmax(profit))
    return float(profit[at]), at + 1


def combined_profit(terms: Terms, honest_first: int, nudge: float) -> tuple[float, int]:
    """The best profit of random combinations of all published differences (each version's to the one before),
    with noise in the biases of `nudge` times their size; with how many submissions.
    """
    gains = []
    for seed in range(noise_mining.SEEDS):
        world, random = noise_mining.World(seed, terms.steps), np.random.default_rng(1000 + seed)
        judge, differences = world.judge(terms), []
        for _ in range(honest_first):
            before = judge.weights
            noise_mining.honest(world, judge, seed, most_paid=1)
            differences.append(judge.weights - before)
        stack = np.stack(differences)
        found: list[float] = []
        while len(found) < SUBMISSIONS:
            factors = random.standard_normal((BATCH, len(stack))) * 0.7
            drawn = np.einsum("mi,idk->mdk", factors, stack)
            size = nudge * float(np.abs(judge.weights[-1]).mean())
            drawn[:, -1, :] += random.standard_normal((BATCH, 10)) * size
            found += judge.judge(drawn).tolist()
        gains.append(found[:SUBMISSIONS])
    profit = np.mean(gains, 0).cumsum() / terms.target - terms.fee * np.arange(1, SUBMISSIONS + 1)
    at = int(np.argmax(profit))
    return float(profit[at]), at + 1


ATTACKS = {
    "biases alone": [biases(0.5), biases(2)],
    "a factor for each of 13 blocks of rows of the last difference": [blocks(13, 0.5), blocks(13, 1.5)],
    "a factor for each row of it": [blocks(65, 0.5), blocks(65, 1.5)],
    "noise of rank one": [rank_one(0.1), rank_one(0.3)],
    "noise shaped by rows without labels": [unlabelled(0.1), unlabelled(0.3), unlabelled(0.6)],
    "noise that is smooth over the image": [smooth(0.1), smooth(0.3), smooth(0.6)],
}


def report() -> str:
    """The table, in Markdown: of each attack the best of its variants."""
    lines = [
        f"| attacker | after | {' | '.join(terms.name for terms in TERMS)} |",
        f"| --- | --- |{' --- |' * len(TERMS)}",
    ]

    def say(name: str, paid: int, found: list[tuple[float, int]]) -> None:
        told = " | ".join(f"{profit:+.1%}, {at}" for profit, at in found)
        when = ("no honest gain", "one honest gain", "two honest gains", "three honest gains")[paid]
        lines.append(f"| {name} | {when} | {told} |")
        print(lines[-1], flush=True)

    for name, draws in ATTACKS.items():
        for paid in (0, 1):
            if paid == 0 and name.startswith("a factor"):
                continue  # there is no published difference yet
            found = [noise_mining.worst(terms, draws, paid) for terms in TERMS]
            say(name, paid, [(one.best, one.at) for one in found])
    for paid in (0, 1):
        best = [max(pooled_profit(terms, scale, paid) for scale in (0.1, 0.3)) for terms in TERMS]
        say("identities that share what verdicts said", paid, best)
    for name, nudge in (
        ("combinations of all published differences", 0.0),
        ("the same with noise in the biases", 1.0),
    ):
        for paid in (1, 2, 3):
            say(name, paid, [combined_profit(terms, paid, nudge) for terms in TERMS])
    return "\n".join(lines)


def main() -> None:
    """Measure, and put the table into the page."""
    noise_mining.SUBMISSIONS = SUBMISSIONS
    noise_mining.put("fresh attacks", report())


if __name__ == "__main__":
    main()
