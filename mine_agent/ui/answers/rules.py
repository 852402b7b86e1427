"""The owner's rules: see them one by one, try others on all open campaigns, save them."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.decisions.policy_changes import changes_under
from mine_agent.rows.policy import change_row, policy_record
from mine_agent.rules.policy_edit import digest_of, edited
from mine_agent.ui.asking import Asked
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import ChangedMeanwhileError


def show_policy(desk: Desk, _: Asked) -> dict[str, Any]:
    """As `mine-agent policy show`."""
    return policy_record(desk.home.policy().text)


def try_policy(desk: Desk, asked: Asked) -> list[dict[str, Any]]:
    """As `mine-agent policy diff --all`. Nothing is saved."""
    text = _new_text(desk, asked)
    return desk.connected(lambda connection: [change_row(one) for one in changes_under(connection, text)])


def save_policy(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As `mine-agent policy save`."""
    with desk.saving:
        return policy_record(desk.home.save_policy(_new_text(desk, asked)).text)


def _new_text(desk: Desk, asked: Asked) -> str:
    """The rules with the changes asked for; ChangedMeanwhileError if the page showed other rules."""
    text = desk.home.policy().text
    if asked.text("digest") != digest_of(text):
        raise ChangedMeanwhileError("policy.toml")
    return edited(text, asked.table("changes"))
