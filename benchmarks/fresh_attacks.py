"""Attacks without data that the table of docs/noise-mining.md did not have, tried by somebody who had not
written the guards: `python -m benchmarks.fresh_attacks`. Some minutes of one core.

Each has fewer directions to guess than 650 weights, or uses what is published in another way.
"""

from __future__ import annotations

import numpy as np

from benchmarks import noise_mining
from benchmarks.noise_mining import (
    BATCH,
    DEFAULTS,
    STRICT,
    Draw,
    Judge,
    Matrix,
    Stack,
)

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


ATTACKS = {
    "biases alone": [biases(0.5), biases(2)],
    "a factor for each of 13 blocks of rows of the last difference": [blocks(13, 0.5), blocks(13, 1.5)],
    "a factor for each row of it": [blocks(65, 0.5), blocks(65, 1.5)],
    "noise of rank one": [rank_one(0.1), rank_one(0.3)],
    "noise that is smooth over the image": [smooth(0.1), smooth(0.3), smooth(0.6)],
}


def main() -> None:
    """Print the table."""
    noise_mining.SUBMISSIONS = SUBMISSIONS
    print("| attacker | after honest gains | best profit, with how many: the defaults | the stricter terms |")
    print("| --- | --- | --- | --- |")
    for name, draws in ATTACKS.items():
        for paid in (0, 1):
            if paid == 0 and "of" in name.split() and "rank" not in name:
                continue  # there is no published difference yet
            found = [noise_mining.worst(terms, draws, paid) for terms in (DEFAULTS, STRICT)]
            told = " | ".join(f"{one.best:+.1%}, {one.at}" for one in found)
            print(f"| {name} | {paid} | {told} |", flush=True)


if __name__ == "__main__":
    main()
