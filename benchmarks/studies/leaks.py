"""`python -m benchmarks.studies.leaks`: what a mine knows of the model it has trained, and how
many gradients show Capsule the map of a mine. Plain numbers, exact where decryption is. Prints the tables of
docs/encrypted-training.md.

The 8x8 digits, one-vs-rest, gradient descent as in the demo.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from openmined_syft.models import ModelFamily, build_family
from openmined_syft.rules import GradientDescent, Proximal, Rule

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]
MAP_BITS, GRADIENT_BITS = 22, 44


def _digits() -> tuple[Matrix, Labels, ModelFamily]:
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(3).permutation(len(labels))
    family = build_family("one_vs_rest", images.shape[1], 10, {})
    spread = np.where(images.std(0) > 0, images.std(0), 1.0)
    scaled = np.clip((images - images.mean(0)) / spread, -4, 4)
    return scaled[order], labels[order], family


def _rounded(values: Matrix, bits: int) -> Matrix:
    result: Matrix = np.ldexp(np.rint(np.ldexp(values, bits)), -bits)
    return result


def _known_to_the_mine(rule: Rule) -> tuple[float, float]:
    """Of the model W' = A W + c that a mine's own gradient made, when it knows A and c but not W: the length
    of the part A W that it does not know, over that of W'; and how often c alone predicts as W' does.
    """
    X, y, family = _digits()
    quarter = len(X) // 4
    weights = family.initial_weights()
    for other in (1, 2, 1):  # what other mines have made of it before
        rows = slice(other * quarter, (other + 1) * quarter)
        weights = family.visit(X[rows], y[rows], rule)(weights)
    own = family.visit(X[:quarter], y[:quarter], rule)
    model, guess = own(weights), own.c
    unknown = float(np.linalg.norm(own.A @ weights) / np.linalg.norm(model))
    unseen = X[3 * quarter :]
    return unknown, float((family.predict(guess, unseen) == family.predict(model, unseen)).mean())


def _shown_to_capsule(versions: Sequence[Matrix], A: Matrix, c: Matrix) -> float:
    """The share of the entries of A - I that follow exactly from decrypted gradients of these versions."""
    change = _rounded(A - np.eye(len(A)), MAP_BITS)
    offset = _rounded(c, GRADIENT_BITS)
    gradients = [change @ weights + offset for weights in versions]
    known = np.hstack([weights - versions[0] for weights in versions[1:]])
    answers = np.hstack([gradient - gradients[0] for gradient in gradients[1:]])
    solved = _rounded(answers @ np.linalg.pinv(known, rcond=1e-13), MAP_BITS)
    return float((solved == change).mean())


def _honest_versions(count: int) -> tuple[list[Matrix], Matrix, Matrix]:
    """A campaign's first versions with three mines that take turns, and the map of the first mine."""
    X, y, family = _digits()
    third = len(X) // 3
    rows = [slice(mine * third, (mine + 1) * third) for mine in range(3)]
    visits = [family.visit(X[own], y[own], GradientDescent(50)) for own in rows]
    versions = [family.initial_weights()]
    for turn in range(count - 1):
        before = versions[-1]
        versions.append(_rounded(before + 0.5 * (visits[(turn + 1) % 3](before) - before), MAP_BITS))
    return versions, visits[0].A, visits[0].c


def main() -> None:
    """Print both tables."""
    print(
        "| digits, a mine that trained by | unknown to it, of the length | its own part predicts the same |"
    )
    print("| --- | --- | --- |")
    rules = {
        "`gradient_descent`, 50 steps": GradientDescent(50),
        "`gradient_descent`, 1,000 steps": GradientDescent(1000),
        "`gradient_descent`, 10,000 steps": GradientDescent(10_000),
        "`proximal`, rho 0.01": Proximal(0.01),
        "`proximal`, rho 0.001, l2 0.001, the least": Proximal(1e-3, l2=1e-3),
    }
    for name, rule in rules.items():
        unknown, same = _known_to_the_mine(rule)
        print(f"| {name} | {unknown:.1%} | {same:.0%} |")
    print()
    print("| digits, gradients of one mine with the same A | entries of A - I that Capsule has exactly |")
    print("| --- | --- |")
    for count in (7, 8, 9, 12):
        versions, A, c = _honest_versions(count)
        print(f"| {count}, an honest campaign's versions | {_shown_to_capsule(versions, A, c):.1%} |")
    _, A, c = _honest_versions(2)
    random = np.random.default_rng(4)
    chosen = [_rounded(random.normal(size=c.shape) * 0.5, MAP_BITS) for _ in range(8)]
    print(f"| 8, versions that Capsule chose | {_shown_to_capsule(chosen, A, c):.1%} |")


if __name__ == "__main__":
    main()
