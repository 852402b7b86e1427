"""A decision that was written down, with its replay."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.decisions.explanations import Explanation


def decision_row(one: Explanation) -> dict[str, Any]:
    """A decision as a JSON object."""
    record = one.record
    reasons = [{"rule": part.rule, "reason": part.reason} for part in record.reasons]
    return {
        "number": record.number,
        "time": record.made_at,
        "campaign": "0x" + record.campaign.hex(),
        "data": record.data,
        "answer": record.answer.value,
        "why": "; ".join(part.reason for part in record.reasons) or "nothing spoke against it",
        "reasons": reasons,
        "replay": one.fault or ("the same" if one.agrees else "another one"),
        "rules": [
            {"rule": check.rule, "passed": check.passed, "wants": check.wants, "found": check.found}
            for check in (one.replayed.checks if one.replayed else ())
        ],
        "facts": record.facts,
        "policy": record.rules,
    }
