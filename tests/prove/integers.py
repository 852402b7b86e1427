"""What the proofs on the bytecode leave to whole numbers, proved for all of them by z3.

With P(x) = bounty * (x - start) // denominator and start <= x <= target, `Payout` proves on the bytecode that
a report pays P(new) - P(old). Here: P stays between 0 and the bounty and never falls. So no series of reports
pays more than the bounty. Run by prove.py with halmos' own interpreter, which has z3.
"""

from __future__ import annotations

import sys

import z3

SECONDS = 60


def proved(claim: z3.BoolRef, *assumed: z3.BoolRef) -> bool:
    """Whether no whole numbers satisfy the assumptions and deny the claim."""
    solver = z3.Solver()
    solver.set("timeout", SECONDS * 1000)
    solver.add(*assumed, z3.Not(claim))
    return bool(solver.check() == z3.unsat)


def quotient(name: str, n: z3.ArithRef, d: z3.ArithRef) -> tuple[z3.ArithRef, z3.BoolRef]:
    """q = n // d for n >= 0 and d > 0, by its definition."""
    q = z3.Int(name)
    return q, z3.And(q >= 0, q * d <= n, n < q * d + d)


def main() -> int:
    """Print each statement with its outcome; 0 if all are proved and the false ones are not."""
    bounty, old, new, denominator = z3.Ints(
        "bounty old new denominator"
    )  # old, new: distances from the start
    p_old, is_p_old = quotient("p_old", bounty * old, denominator)
    p_new, is_p_new = quotient("p_new", bounty * new, denominator)
    known = (bounty >= 0, denominator > 0, old >= 0, new >= old, new <= denominator, is_p_old, is_p_new)
    # 2**96 * 10**6 < 2**256: the words of the machine do not wrap, so they are these whole numbers.
    fits = 2**96 * 10**6 < 2**256
    statements = {
        "P(x) <= bounty": proved(p_new <= bounty, *known),
        "P never falls": proved(p_new >= p_old, *known),
        "P(new) - P(old) <= bounty - P(old)": proved(p_new - p_old <= bounty - p_old, *known),
        "P(start) = 0": proved(z3.Implies(old == 0, p_old == 0), *known),
        "P(start + denominator) = bounty": proved(z3.Implies(new == denominator, p_new == bounty), *known),
        "the machine's words do not wrap": fits,
    }
    # One that is false must not come out as proved.
    sane = not proved(p_new < bounty, *known)
    for statement, holds in statements.items():
        print(f"{'proved' if holds else 'NOT PROVED':12} {statement}")
    print(f"{'refuted' if sane else 'NOT REFUTED':12} P(x) < bounty")
    return 0 if sane and all(statements.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
