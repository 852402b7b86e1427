"""Does a test fail for every small mistake in the contract? Prints the mistakes that none notices.

Each mutant of `contracts/` is compiled and run against the tests of `tests/contracts` on titanoboa, and what
survives them against a run of the state machine. A survivor is an error unless `survivors.json` gives the
reason why it is not a mistake; so is a reason that no survivor needs. All of it, or a part:

    python -m tests.mutation.mutate_sonar [--jobs N] [--every N] [--offset K] [--only contracts/Sonar.vy]
                                          [--lines A-B] [--format json]
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from tests.json_types import JsonObject

os.environ["SONAR_STAGE"] = "titanoboa"
os.environ["SONAR_STEPS"] = "2000"

from tests.mutation.forked_tests import KILLED, NO_CODE, ROOT, SURVIVED, Fate, ForkedTests, collect
from tests.mutation.mutants import Mutant, mutants

SOURCES = [
    "contracts/Sonar.vy",
    *(f"contracts/modules/{m}.vy" for m in ("limits", "rules", "slots", "tokens")),
]
REASONS = Path(__file__).parent / "survivors.json"
PAGES = [
    *("open", "submit", "report", "payout", "reclaim", "end", "claim"),
    *("create", "ring", "silence", "for_others", "burn", "permit"),
    *("tokens", "attacks", "calls", "slots", "matrix"),
]
# Which tests most likely notice a mistake in a function: they run first.
NEAREST = {
    **dict.fromkeys(["register_capsule", "_create", "_check", "_id", "campaign"], "create"),
    **dict.fromkeys(["cancel", "decline", "open_campaign", "_call_off"], "open"),
    **dict.fromkeys(["_submit"], "submit"),
    **dict.fromkeys(["queued", "_ring"], "ring"),
    **dict.fromkeys(["_review_until", "_is_silent", "_with_turn"], "silence"),
    **dict.fromkeys(["_burn", "burn"], "burn"),
    **dict.fromkeys(["_permit", "create_campaign_with_permit", "submit_with_permit"], "permit"),
    "_check_calldata": "calls",
    **dict.fromkeys(["deliver", "settle", "_finished", "_paid"], "end"),
    **dict.fromkeys(["claim", "claimable", "owed", "_due"], "claim"),
    **dict.fromkeys(["_take", "_give"], "tokens"),
    "report": "report",
    "reclaim": "reclaim",
}
EXCUSED = "survived with a reason"
SECONDS_BETWEEN_LINES = 30


def nearest(mutant: Mutant) -> str:
    return NEAREST.get(mutant.function, "report")


class Trial:
    """The mutants that were chosen, their fates, and how far it is."""

    def __init__(self, chosen: list[Mutant], reasons: dict[str, str]) -> None:
        self.chosen, self.reasons = chosen, reasons
        self.fates: list[Fate] = []
        self.counts: Counter[str] = Counter()
        self.began = self.told = time.monotonic()

    def run(self, tests: ForkedTests) -> None:
        """Try the contract as it is, then every mutant."""
        unchanged = tests.unchanged()
        if unchanged.outcome != SURVIVED:
            raise RuntimeError(f"the contract as it is: {unchanged.outcome} by {unchanged.test}")
        self.say(f"{len(self.chosen)} mutants; all tests take {unchanged.seconds:.0f} s")
        self.began = time.monotonic()
        for fate in tests.fates(self.chosen):
            self.fates.append(fate)
            outcome = self.outcome(fate)
            self.counts[outcome] += 1
            if outcome == SURVIVED:
                self.say(f"SURVIVED: {fate.mutant}")
            self.show_progress()

    def outcome(self, fate: Fate) -> str:
        return EXCUSED if fate.outcome == SURVIVED and fate.mutant.change in self.reasons else fate.outcome

    def needless(self) -> list[str]:
        """Reasons for changes that were tried and did not survive, or are not mutants any more."""
        survived = {fate.mutant.change for fate in self.fates if fate.outcome == SURVIVED}
        return sorted(set(self.reasons) - survived)

    def show_progress(self) -> None:
        done, seconds = len(self.fates), time.monotonic() - self.began
        if sys.stderr.isatty() or time.monotonic() - self.told > SECONDS_BETWEEN_LINES:
            left = seconds / done * (len(self.chosen) - done)
            tally = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.most_common())
            self.say(f"{done} of {len(self.chosen)}: {tally}; {left / 60:.0f} min left", passing=True)
            self.told = time.monotonic()

    def say(self, text: str, *, passing: bool = False) -> None:
        over = "\r\033[K" if sys.stderr.isatty() else ""
        print(f"{over}{text}", end="" if over and passing else "\n", file=sys.stderr, flush=True)

    def report(self, seconds: float) -> JsonObject:
        """Everything, for machines."""
        told = [
            {
                "path": fate.mutant.path,
                "line": fate.mutant.line,
                "change": fate.mutant.change,
                "outcome": self.outcome(fate),
                "test": fate.test,
                "seconds": round(fate.seconds, 2),
                "reason": self.reasons.get(fate.mutant.change),
            }
            for fate in self.fates
        ]
        return {
            "mutants": len(self.chosen),
            "seconds": round(seconds),
            "counts": dict(self.counts),
            "each": told,
        }


def choose(chosen: argparse.Namespace) -> list[Mutant]:
    """The mutants that the arguments ask for."""
    first, last = map(int, chosen.lines.split("-"))
    paths = [chosen.only] if chosen.only else SOURCES
    every = [m for path in paths for m in mutants(path, (ROOT / path).read_text(encoding="utf-8"))]
    return [m for m in every if first <= m.line <= last][chosen.offset :: chosen.every]


def main() -> int:
    """Exit code 0 if every mutant is noticed or excused, 1 if not, 2 if the tests cannot be run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1, help="mutants tried at a time")
    parser.add_argument("--every", type=int, default=1, help="try each N-th mutant only")
    parser.add_argument("--offset", type=int, default=0, help="begin with the K-th of them")
    parser.add_argument("--only", choices=SOURCES, help="mutate one file")
    parser.add_argument("--lines", default="1-100000", help="mutate these lines, such as 200-300")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    trial = Trial(choose(arguments), json.loads(REASONS.read_text(encoding="utf-8")))
    pages = [next(ROOT.glob(f"tests/contracts/**/test_sonar_{page}.py")) for page in PAGES]
    pages.append(ROOT / "tests/stateful/test_sonar_machine.py")
    if collect(pages, ForkedTests(arguments.jobs, nearest, trial.run)):
        return 2
    whole = not (arguments.only or arguments.every > 1 or arguments.offset or arguments.lines != "1-100000")
    needless = trial.needless() if whole else []
    report = trial.report(time.monotonic() - trial.began) | {"needless_reasons": needless}
    if arguments.format == "json":
        print(json.dumps(report, indent=2))
    else:
        for fate in trial.fates:
            if fate.outcome == SURVIVED:
                print(f"{trial.outcome(fate)}: {fate.mutant}")
        for change in needless:
            print(f"needless reason: {change}")
        tried = len(trial.chosen) - trial.counts[NO_CODE]
        noticed = sum(count for outcome, count in trial.counts.items() if outcome.startswith(KILLED))
        print(
            f"{len(trial.chosen)} mutants in {report['seconds']} s, {noticed} of {tried} that compile noticed"
        )
        print(", ".join(f"{count} {outcome}" for outcome, count in trial.counts.most_common()))
    return 1 if trial.counts[SURVIVED] or needless else 0


if __name__ == "__main__":
    sys.exit(main())
