"""Submissions of somebody who has no record: corrections that take no guess, and guesses of many shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.without_data.campaigns import Played
from openmined_syft.applying import clipped
from openmined_syft.judging.judged_rows import is_paid

Weights = NDArray[np.float64]


class State:
    """The campaign as everybody sees it: the model's weights (d, k), and its last published change."""

    def __init__(self, played: Played) -> None:
        self.played, campaign = played, played.campaign
        self.weights, self.change = campaign.first, np.zeros_like(campaign.first)
        self.best = campaign.start

    @property
    def is_over(self) -> bool:
        """Whether the target is reached."""
        return self.best >= self.played.target

    def submit(self, gradient: Weights) -> int:
        """What it is paid for, in ppm of the metric."""
        played = self.played
        if self.is_over:
            return 0
        found = played.campaign.best_step(self.weights, clipped(gradient, played.campaign.difference_norm))
        if found is None or not is_paid(
            found, accuracy=self.best, target=played.target, min_gain=played.min_gain
        ):
            return 0
        before, self.best = self.best, min(found.score, played.target)
        self.change, self.weights = found.weights - self.weights, found.weights
        return self.best - before

    def honest(self, turns: int = 12) -> bool:
        """Let mines take turns until one is paid; whether one was."""
        names = list(self.played.mines)
        for turn in range(turns):
            mine = names[turn % len(names)]
            visit = self.played.campaign.visit(self.played.mines[mine], salt=mine.encode())
            if self.submit(self.played.campaign.gradient(self.weights, visit)):
                return True
        return False


Draw = Callable[[State, np.random.Generator, int], Weights]
"""The gradient of a submission, by its number from 0."""


def _length(state: State) -> float:
    return max(0.3, float(np.linalg.norm(state.weights)))


def _scaled(drawn: Weights, length: float) -> Weights:
    size = float(np.linalg.norm(drawn))
    return drawn * (length / size) if size else drawn


def guess(scale: float) -> Draw:
    """A random direction, as long as `scale` times the model."""
    return lambda state, random, _: _scaled(
        random.standard_normal(state.weights.shape), scale * _length(state)
    )


def one_input(scale: float) -> Draw:
    """One direction of the inputs, and a number for each class."""

    def draw(state: State, random: np.random.Generator, _: int) -> Weights:
        rows, columns = state.weights.shape
        drawn = random.standard_normal((rows, 1)) * random.standard_normal((1, columns))
        return _scaled(drawn, scale * _length(state))

    return draw


def unlabelled(state: State, random: np.random.Generator, _: int) -> Weights:
    """Noise as inputs of the kind differ: takes rows, and no label."""
    rows = np.vstack([mine.X[:40] for mine in state.played.mines.values()])
    inputs = np.hstack([rows, np.ones((len(rows), 1))])
    drawn = inputs.T @ random.standard_normal((len(inputs), state.weights.shape[1]))
    return _scaled(drawn, 0.3 * _length(state))


def copy(scale: float) -> Draw:
    """The last published change times something, with noise; before there is one, a guess."""

    def draw(state: State, random: np.random.Generator, number: int) -> Weights:
        if not state.change.any():
            return guess(0.3)(state, random, number)
        noise = random.standard_normal(state.weights.shape)
        return state.change * random.uniform(0, 1) + _scaled(
            noise, scale * float(np.linalg.norm(state.change))
        )

    return draw


def multiple(state: State, random: np.random.Generator, _: int) -> Weights:
    """The last published change times something: possible on ciphertexts."""
    return state.change * (random.choice([-1, 1]) * random.uniform(0.02, 2))


def by_row(state: State, random: np.random.Generator, _: int) -> Weights:
    """That change with a factor of its own for each input."""
    return state.change * random.normal(0, 0.7, (len(state.change), 1))


def _bias(state: State) -> float:
    return float(np.abs(state.weights[-1]).mean()) or 0.3


def biases(scale: float) -> Draw:
    """Noise in the biases alone."""

    def draw(state: State, random: np.random.Generator, _: int) -> Weights:
        drawn = np.zeros_like(state.weights)
        drawn[-1] = random.standard_normal(drawn.shape[1]) * scale * _bias(state)
        return drawn

    return draw


def shift(size: float) -> Draw:
    """One class after the other is named more often, then less often."""

    def draw(state: State, _: np.random.Generator, number: int) -> Weights:
        drawn, columns = np.zeros_like(state.weights), state.weights.shape[1]
        drawn[-1, number // 2 % columns] = size * _bias(state) * (1 if number % 2 == 0 else -1)
        return drawn

    return draw


def factor(state: State, _: np.random.Generator, number: int) -> Weights:
    """The model times a number."""
    return state.weights * (4.0, -0.5, 1.0)[number % 3]


ATTACKS: dict[str, Draw] = {
    "a shift of a bias": shift(1.0),
    "a smaller shift of a bias": shift(0.3),
    "the model times a number": factor,
    "short guesses": guess(0.1),
    "guesses": guess(0.3),
    "guesses of one direction": one_input(0.3),
    "guesses shaped by rows without labels": unlabelled,
    "the last change with little noise": copy(0.3),
    "the last change with noise": copy(1.0),
    "multiples of the last change": multiple,
    "a factor for each row of the last change": by_row,
    "short guesses in the biases": biases(0.5),
    "guesses in the biases": biases(2.0),
}


def profits(draw: Draw, states: list[State], most: int, seed: int) -> NDArray[Any]:
    """What is left after 1, 2, ..., `most` submissions: (drawings, most), shares of the bounty."""
    return np.array([list(_running(draw, state, most, seed + place)) for place, state in enumerate(states)])


def _running(draw: Draw, state: State, most: int, seed: int) -> Iterator[float]:
    random, left = np.random.default_rng(seed), 0.0
    for number in count():
        if number == most:
            return
        if not state.is_over:  # nobody can submit any more, and nobody pays for it
            left += state.submit(draw(state, random, number)) / state.played.divisor - state.played.fee
        yield left
