"""What is trained and journaled, but not sent: the owner's rules and word of the moment hold for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mine_agent.connection import Connection
from mine_agent.rules.offer import APPROVED, REFUSED
from mine_agent.rules.policy import Policy
from mine_agent.work.open_submissions import OpenSubmissions
from pysonar.chain.sending.outbox import Outbox
from tests.mine.test_mine_submissions import ANYTHING, Told, catch_up, journalled, submitted
from tests.mine.test_mine_submissions import campaign as campaign
from tests.mine.test_mine_submissions import own as own


def test_what_the_owner_forbids_meanwhile_is_not_sent(
    connection: Connection, campaign: bytes, own: OpenSubmissions, happenings: Told
) -> None:
    journalled(connection, campaign)
    own.follow_up(campaign, Policy())
    assert submitted(connection) == []
    assert "not allowed" in happenings[0]["reason"]


@pytest.mark.parametrize("asks_first", [False, True])
@pytest.mark.parametrize("word", [None, APPROVED, REFUSED])
def test_the_owner_s_word_holds_for_what_is_trained_and_not_sent(
    connection: Connection, campaign: bytes, own: OpenSubmissions, outbox: Outbox, happenings: Told,
    word: str | None, asks_first: bool,
) -> None:  # fmt: skip
    """Refused: no stake is put down. Approved: nothing is thrown away. No word: as the rules say."""
    journalled(connection, campaign)
    if word is not None:
        connection.decisions.say(campaign, word, now=1000)
    own.follow_up(campaign, replace(ANYTHING, ask_first=asks_first))
    catch_up(connection, outbox)
    sent = word == APPROVED or (word is None and not asks_first)
    assert len(submitted(connection)) == sent
    assert any(happening["event"] == "given_up" for happening in happenings) is not sent
