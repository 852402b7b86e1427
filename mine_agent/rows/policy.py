"""The owner's rules, and what others would change for one campaign and data set."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.decisions.policy_changes import PolicyChange
from mine_agent.rules.policy_edit import digest_of, rule_rows


def change_row(change: PolicyChange) -> dict[str, Any]:
    """A campaign and data set as a JSON object."""
    return {
        "campaign": "0x" + change.campaign.hex(),
        "title": change.title,
        "data": change.data,
        "changes": change.changes,
        "joins_before": change.before.joins,
        "joins_after": change.after.joins,
        "why_before": "; ".join(reason.reason for reason in change.before.reasons) or "allowed",
        "why_after": "; ".join(reason.reason for reason in change.after.reasons) or "allowed",
        "rules_before": [reason.rule for reason in change.before.reasons],
        "rules_after": [reason.rule for reason in change.after.reasons],
    }


def policy_record(text: str) -> dict[str, Any]:
    """The rules of a policy file's text: the text, its digest, and each rule with what it may be."""
    return {"text": text, "digest": digest_of(text), "rules": rule_rows(text)}
